"""``triage suppress``: a rule exception for a harmless incident, as a draft with what it would hide."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from triage.desk.suppression import Draft

SHOWN = 12
LONGEST_DAYS = 366
_FILE = click.Path(dir_okay=False, path_type=Path)


class _File(NamedTuple):
    path: Path
    content: str


@click.command("suppress")
@click.argument("incident")
@click.option("--for", "lasts", default="30d", show_default=True, help="How long it holds; it always ends.")
@click.option("--sigma", type=_FILE, help="Write Sigma filters there.")
@click.option("--elastic", type=_FILE, help="Write exception items of Elastic Security there.")
@with_settings
@with_json
def suppress_command(
    incident: str, lasts: str, sigma: Path | None, elastic: Path | None, as_json: bool, **where: Path | None
) -> int:
    """Draft a rule exception for an incident that was harmless, and show exactly what it would hide.

    INCIDENT is its id, the beginning of it, or its rank. Nothing is ever applied: hand the file to the rule's owner.
    """
    from triage.cli.queue import find
    from triage.desk.suppression_files import as_elastic, as_sigma

    span = _span(lasts)
    with open_session(**where) as session:
        draft = session.suppression_draft(find(session, incident).incident_id, span)
    wanted = [(sigma, as_sigma), (elastic, as_elastic)]
    files = [_File(path, of(draft)) for path, of in wanted if path and not draft.refused]
    for file in files:
        _write(file)
    if as_json:
        print_json(draft.model_dump(mode="json") | {"files": [str(file.path) for file in files]})
    else:
        screen = console()
        for line in _told(draft, files):
            screen.print(safe(line, 1000))
    return int(bool(draft.refused))


def _span(text: str) -> "timedelta":
    from datetime import timedelta

    from triage.config import parse_duration

    try:
        span = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--for {text!r} {error}") from error
    if not timedelta() < span <= timedelta(days=LONGEST_DAYS):
        raise UsageError(f"--for should be longer than nothing and at most {LONGEST_DAYS} days")
    return span


def _write(file: _File) -> None:
    from triage.atomic import replacing

    with replacing(file.path, mode=0o600) as out:
        out.write(file.content.encode())


def _told(draft: "Draft", files: Sequence[_File]) -> Iterator[str]:
    yield f"Exception drafted for {draft.incident_id}: {draft.title}"
    for why in draft.refused:
        yield f"  REFUSED: {why}"
    for condition in draft.conditions[:SHOWN]:
        fields = " and ".join(f"{one.field} is {one.value}" for one in condition.entities)
        yield f"  hides {condition.rule} ({condition.detector}) where {fields}"
    if len(draft.conditions) > SHOWN:
        yield f"  and {len(draft.conditions) - SHOWN} more conditions (--json has them all)"
    yield from (f"  does not cover {text}" for text in draft.left_out[:SHOWN])
    yield from _preview(draft)
    if not draft.refused:
        yield f"expires {draft.expires:%Y-%m-%d %H:%M} UTC; nothing was applied"
        yield from (f"written to {file.path}" for file in files)
        if not files:
            yield "written nowhere: give --sigma FILE or --elastic FILE"


def _preview(draft: "Draft") -> Iterator[str]:
    hidden = draft.hidden
    counted = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in hidden.outcomes.items())
    yield f"over all that is kept it would have hidden {hidden.alerts:,} alerts{f' ({counted})' if counted else ''}"
    for one in hidden.incidents[:SHOWN]:
        yield f"  {one.hidden:,} of {one.incident_id} ({one.disposition}) {one.title}"
    if len(hidden.incidents) > SHOWN:
        yield f"  and {len(hidden.incidents) - SHOWN} more incidents"
    if hidden.samples:
        yield f"  such as {', '.join(hidden.samples[:4])}"
