"""``triage constrain``: what joins nothing, and everything that was said about what belongs together."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.desk.decisions import Decision
    from triage.judgement.constraints import InForce
    from triage.regrouping import Kept
    from triage.session import Session


@click.command("constrain", epilog="WHAT is an entity such as user:svc-backup, or signature:KEY.")
@click.argument("what", nargs=-1)
@click.option("--within", metavar="INCIDENT", help="Only among the activities of this incident.")
@click.option("--until", metavar="TIME", help="Expires after so long as 30d, or at such a moment.")
@click.option("--note", default="", help="Why.")
@with_settings
@with_json
def constrain_command(
    what: tuple[str, ...],
    config: Path | None,
    state: Path | None,
    output: Path | None,
    as_json: bool,
    **limits: Any,  # noqa: ANN401 - within, until and note
) -> None:
    """Let WHAT join nothing (a hub, a noisy kind of alert), at once and in later runs; without WHAT, list what stands.

    'triage undo' takes it back.
    """
    with open_session(config, state, output) as session:
        if what:
            _tell(session.regrouping().decide(_wish(session, what, **limits)), as_json=as_json)
        else:
            regrouping = session.regrouping()
            _list(regrouping.in_force(), as_json=as_json)
            if regrouping.pending() and not as_json:
                console().print("the queue shows this from the next run on")


def _tell(kept: "Kept", *, as_json: bool) -> None:
    from triage.cli.decide import as_record

    if as_json:
        print_json({**as_record(kept.step), "run_id": kept.run_id, "why_later": kept.why_later})
        return
    when = "the queue shows it" if kept.run_id else f"it counts from the next run on: {kept.why_later}"
    console().print(safe(f"kept as decision {kept.step.number}; {when}; 'triage undo' takes it back", 600))


def _wish(session: "Session", what: tuple[str, ...], within: str | None, until: str | None, note: str) -> "Decision":
    from triage.cli.decide import until as moment
    from triage.desk.decisions import decision

    now = datetime.now(UTC)
    ends = moment(until, now) if until else None
    if ends and ends <= now:
        raise UsageError("a constraint can only expire at a time to come")
    incident, scope = _scope(session, within) if within else ((), ())
    said = {"kind": "never_group", "left": what, "scope": scope, "until": ends}
    return decision("regroup", incident, constraints=(said,), text=note)


def _scope(session: "Session", name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return an incident's id and the selectors of its activities."""
    from triage.cli.queue import find
    from triage.judgement.constraints import activities

    incident_id = find(session, name).incident_id
    return (incident_id,), activities(session.activities(incident_id)["activity"].to_list())


def _list(found: "Sequence[InForce]", *, as_json: bool) -> None:
    from triage.judgement.constraints import in_words

    if as_json:
        print_json([_record(one) for one in found])
        return
    for one in found:
        said = f"{one.number:>5} {one.at:%Y-%m-%d %H:%M} {one.author}: {in_words(one.constraint)}"
        console().print(safe(f"{said}{f' ({one.reason})' if one.reason else ''}", 600))
    if not found:
        console().print("nothing was said about what belongs together")


def _record(one: "InForce") -> dict[str, Any]:
    return {**one._asdict(), "at": one.at.isoformat(), "constraint": one.constraint.model_dump(mode="json")}
