"""``triage split``, ``merge``, ``move``, ``exclude`` and ``whatif``: what belongs together, first shown, then kept.

Without ``--yes`` nothing changes: the command prints what would come of it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from rich.console import Console

    from triage.desk.decisions import Decision
    from triage.regroup.outlook import Outlook, Piece
    from triage.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])
KEYS_SHOWN = 3


def with_keeping(command: Command) -> Command:
    """Add the options of every command that regroups."""
    yes = click.option("--yes", is_flag=True, help="Keep it; without this, only show what would come of it.")
    note = click.option("--note", default="", help="Why; kept with the decision, and as a note on the incidents.")
    return with_settings(with_json(yes(note(command))))


@click.command("split")
@click.argument("incident")
@with_keeping
@click.option("--activity", "activities", multiple=True, metavar="KEY", help="This activity leaves; or its beginning.")
@click.option("--alert", "alerts", multiple=True, metavar="ID", help="The activity of this alert leaves.")
def split_command(
    incident: str,
    activities: tuple[str, ...],
    alerts: tuple[str, ...],
    note: str,
    **options: Any,  # noqa: ANN401
) -> None:
    """Make activities of an INCIDENT one of their own."""
    _regroup(lambda session: session.regrouping().split(_id(session, incident), activities, alerts, note), **options)


@click.command("merge")
@click.argument("incidents", metavar="INCIDENT INCIDENT...", nargs=-1, required=True)
@with_keeping
def merge_command(incidents: tuple[str, ...], note: str, **options: Any) -> None:  # noqa: ANN401
    """Make several incidents one; it keeps the id of the largest, and the notes of all."""
    _regroup(lambda session: session.regrouping().merge([_id(session, name) for name in incidents], note), **options)


@click.command("move")
@click.argument("what", metavar="ALERT|ACTIVITY")
@click.option("--to", "target", required=True, metavar="INCIDENT", help="Where it belongs.")
@with_keeping
def move_command(what: str, target: str, note: str, **options: Any) -> None:  # noqa: ANN401
    """Move an activity, or the activity of an alert, to another incident."""
    _regroup(lambda session: session.regrouping().move(what, _id(session, target), note), **options)


@click.command("exclude")
@click.argument("incident")
@click.argument("entity")
@with_keeping
def exclude_command(incident: str, entity: str, note: str, **options: Any) -> None:  # noqa: ANN401
    """Take what names an ENTITY (kind:value) out of an INCIDENT, now and in later runs."""
    _regroup(lambda session: session.regrouping().exclude(_id(session, incident), entity, note), **options)


@click.command("whatif")
@click.argument("incident")
@click.option(
    "--without",
    "text",
    required=True,
    metavar="ALERT|ACTIVITY|ENTITY|JOIN",
    help="An id, a key, kind:value, join:N (1 is the weakest) or KEY..KEY.",
)
@with_settings
@with_json
def whatif_command(
    incident: str, text: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> None:
    """Show whether an INCIDENT holds, splits or ranks otherwise without something. Nothing is changed."""
    with open_session(config, state, output) as session:
        found = session.regrouping().whatif(_id(session, incident), text)
    _show(found, as_json=as_json)


def _id(session: "Session", name: str) -> str:
    from triage.cli.queue import find

    return find(session, name).incident_id


def _regroup(
    wish: "Callable[[Session], Decision]",
    *,
    config: Path | None,
    state: Path | None,
    output: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Show what would come of a wish, or keep it."""
    with open_session(config, state, output) as session:
        decision = wish(session)
        found = session.regrouping().preview(decision)
        kept = session.regrouping().decide(decision) if yes else None
    if as_json:
        done = {"step": kept.step.number, "run_id": kept.run_id, "why_later": kept.why_later} if kept else None
        print_json({"outlook": found.model_dump(mode="json"), "kept": done})
        return
    print_outlook(console(), found)
    if kept is None:
        said = "nothing is changed yet; the same command with --yes keeps it"
    elif kept.run_id:
        said = f"kept as decision {kept.step.number}; the queue shows it ({kept.run_id}); 'triage undo' takes it back"
    else:
        said = f"kept as decision {kept.step.number}; it counts from the next run on: {kept.why_later}"
    console().print(safe(said, 600))


def _show(found: "Outlook", *, as_json: bool) -> None:
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_outlook(console(), found)


def print_outlook(screen: "Console", found: "Outlook") -> None:
    """Print what is and what would be."""
    screen.print(safe(f"{found.summary}{f' ({found.note})' if found.note else ''}", 1000, "bold"))
    for title, pieces in (("now", found.before), ("then", found.after)):
        for piece in pieces:
            _print_piece(screen, title, piece)


def _print_piece(screen: "Console", title: str, piece: "Piece") -> None:
    keys = ", ".join(piece.activities[:KEYS_SHOWN]) + (", ..." if len(piece.activities) > KEYS_SHOWN else "")
    head = f"  {title:4} #{piece.rank} {piece.incident_id} {piece.disposition} {piece.urgency:.1f}: "
    size = f"{piece.alerts:,} alerts in {len(piece.activities):,} activities ({keys})"
    screen.print(safe(head + size, 600))
    screen.print(safe(f"       {'; '.join(piece.rules)}", 600, "dim"))
    parts = " + ".join(f"{part.points:.1f} {part.name}" for part in piece.urgency_parts)
    held = f"held least by: {piece.weakest_join}" if piece.weakest_join else ""
    screen.print(safe(f"       {'; '.join(filter(None, (parts, held)))}", 600, "dim"))
