"""``triage close`` and its kin: every decision an analyst can make, on one incident or many.

A command says what was decided only after it is on disk.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.desk.decisions import DONE, REASONS, SHORT_REASONS, Kind, decision
from triage.errors import UsageError
from triage.judgement.constraints import in_words

if TYPE_CHECKING:
    from triage.desk.decisions import Step

Command = TypeVar("Command", bound=Callable[..., Any])

INCIDENTS = "Each INCIDENT is an id, the beginning of one, or a rank of the queue."


def with_incidents(command: Command) -> Command:
    """Add the arguments and options that all decisions share."""
    note = click.option("--note", "text", default="", help="Write this note on them, too.")
    return click.argument("incidents", metavar="INCIDENT...", nargs=-1, required=True)(
        with_settings(with_json(note(command)))
    )


@click.command("close", epilog=INCIDENTS)
@with_incidents
@click.option(
    "--reason",
    required=True,
    type=click.Choice([*SHORT_REASONS, *REASONS], case_sensitive=False),
    metavar="tp|btp|fp|dup",
    help="True positive, benign true positive, false positive or duplicate.",
)
def close_command(incidents: tuple[str, ...], reason: str, **options: Any) -> None:  # noqa: ANN401 - with_incidents'
    """Close incidents with a reason. One that grows afterwards is open again."""
    _decide("close", incidents, reason=SHORT_REASONS.get(reason, reason), **options)


@click.command("reopen", epilog=INCIDENTS)
@with_incidents
def reopen_command(incidents: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Open incidents again that were closed, snoozed or judged benign."""
    _decide("reopen", incidents, **options)


@click.command("ack", epilog=INCIDENTS)
@with_incidents
def ack_command(incidents: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Acknowledge incidents: somebody has seen them."""
    _decide("acknowledge", incidents, **options)


@click.command("escalate", epilog=INCIDENTS)
@with_incidents
def escalate_command(incidents: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Escalate incidents."""
    _decide("escalate", incidents, **options)


@click.command("assign", epilog=INCIDENTS)
@with_incidents
@click.argument("name")
def assign_command(incidents: tuple[str, ...], name: str, **options: Any) -> None:  # noqa: ANN401
    """Give incidents to NAME; an empty name gives them back."""
    _decide("assign", incidents, assignee=name, **options)


@click.command("snooze", epilog=INCIDENTS)
@with_incidents
@click.argument("time")
def snooze_command(incidents: tuple[str, ...], time: str, **options: Any) -> None:  # noqa: ANN401
    """Put incidents off for a TIME such as 4h or 2d, or until one such as 2026-01-31T08:00Z."""
    _decide("snooze", incidents, until=until(time, datetime.now(UTC)), **options)


@click.command("note", epilog=INCIDENTS)
@with_incidents
@click.argument("note")
def note_command(incidents: tuple[str, ...], note: str, **options: Any) -> None:  # noqa: ANN401
    """Write a NOTE on incidents."""
    text = "\n".join(part for part in (note, options.pop("text")) if part)
    _decide("note", incidents, text=text, **options)


def until(text: str, now: datetime) -> datetime:
    """Return the end of a snooze: so long after ``now``, or a moment. Raises UsageError."""
    from triage.config import parse_duration, parse_moment

    with contextlib.suppress(ValueError, OverflowError):
        return now + parse_duration(text)
    with contextlib.suppress(ValueError):
        if moment := parse_moment(text, now):
            return moment
    raise UsageError(f"TIME {text!r} should be so long as 4h or 2d, or a moment such as 2026-01-31T08:00Z")


def _decide(
    kind: Kind,
    names: Sequence[str],
    *,
    config: Path | None,
    state: Path | None,
    output: Path | None,
    as_json: bool,
    **values: object,
) -> None:
    from triage.cli.queue import find_all

    with open_session(config, state, output) as session:
        ids = [incident.incident_id for incident in find_all(session, names)]
        step = session.decide(decision(kind, ids, **values))
    if as_json:
        print_json(as_record(step))
    else:
        console().print(safe(f"{told(step)}; 'triage undo' takes it back", 600))


def told(step: "Step") -> str:
    """Return a decision as a sentence without an end."""
    made = step.decision
    ids = made.incident_ids
    if made.kind == "regroup":
        return f"regrouped: {'; '.join(in_words(one) for one in made.constraints)}"
    named = ids[0] if len(ids) == 1 else f"{len(ids):,} incidents ({', '.join(ids[:3])}{', ...' if ids[3:] else ''})"
    how = {
        "close": f" as {made.reason.replace('_', ' ')}",
        "assign": f" to {made.assignee}" if made.assignee else " to nobody",
        "snooze": f" until {made.until:%Y-%m-%d %H:%M} UTC" if made.until else "",
    }
    return f"{DONE[made.kind]} {named}{how.get(made.kind, '')}"


def as_record(step: "Step") -> dict[str, Any]:
    """Return a step as JSON values."""
    return {**step._asdict(), "at": step.at.isoformat(), "decision": step.decision.model_dump(mode="json")}
