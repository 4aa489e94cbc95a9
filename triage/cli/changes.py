"""``triage diff``: what changed between two runs, and why."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from triage.desk.changes import IncidentChange, RunDiff, Stand


@click.command("diff")
@click.argument("before", metavar="[RUN_A]", required=False)
@click.argument("after", metavar="[RUN_B]", required=False)
@with_settings
@with_json
def diff_command(
    before: str | None, after: str | None, config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> None:
    """Show which incidents are new, grown, shrunk, merged, split, re-ranked or gone from RUN_A to RUN_B, and why.

    Without names: the last two runs that published something. With one: that run and the one before it.
    """
    first, last = (before, after) if after else (None, before)
    with open_session(config, state, output) as session:
        found = session.diff(first, last)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)


def _print(found: "RunDiff") -> None:
    screen = console()
    screen.print(safe(f"{found.before} to {found.after}: {len(found.incidents)} changed, {found.unchanged} as before"))
    for one in found.incidents:
        _print_change(one)


def _print_change(one: "IncidentChange") -> None:
    screen = console()
    stands = " -> ".join(filter(None, (_said(one.before), _said(one.after))))
    screen.print(safe(f"{', '.join(one.kinds):18} {one.incident_id}  {stands}  {one.title}", 600))
    for cause in one.causes:
        screen.print(safe(f"    because: {cause}", 600, "dim"))


def _said(stand: "Stand | None") -> str:
    return f"#{stand.rank} {stand.urgency:.1f} {stand.disposition}, {stand.alerts:,} alerts" if stand else ""
