"""``triage explain`` and ``triage ledger``: where one alert went, and that all of them went somewhere."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.app import Exit
from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import TriageError

if TYPE_CHECKING:
    from rich.console import Console

    from triage.models import Incompleteness, RunCounts


@click.command("explain")
@click.argument("alert_id")
@with_settings
@with_json
def explain_command(alert_id: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """Tell where one alert went and why. ALERT_ID is the _id of its document."""
    with open_session(config, state, output) as session:
        places = session.explain(alert_id)
    if not places:
        raise TriageError(f"no run has judged an alert with the id {alert_id}")
    if as_json:
        print_json([{**place._asdict(), "ref": place.ref._asdict()} for place in places])
        return
    screen = console()
    for place in places:
        screen.print(safe(f"{place.ref.index or '(no index)'}/{place.ref.id}: {place.outcome}", 400, "bold"))
        for name, value in (
            ("why", place.reason),
            ("incident", place.incident_id),
            ("activity", place.activity),
            ("run", place.run_id),
        ):
            if value:
                screen.print(safe(f"  {name:<9} {value}", 1000))


@click.command("ledger")
@with_settings
@with_json
def ledger_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> int:
    """Show the sums of the last run: every alert read has exactly one outcome. Says why when there is no incident."""
    with open_session(config, state, output) as session:
        counts, summary = session.ledger_counts(), session.summary()
    why = list(reasons(counts, summary)) if not counts.incident else []
    if as_json:
        print_json({**counts.model_dump(), "accounted": counts.accounted, "why_no_incident": why})
    else:
        screen = console()
        print_sums(screen, counts)
        for sentence in why:
            screen.print(safe(f"no incident: {sentence}", 600))
    return Exit.DONE if counts.accounted else Exit.FAILED


def print_sums(screen: "Console", counts: "RunCounts") -> None:
    """Print the conservation sums of a run."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_row(f"{counts.read:,}", "documents and lines read")
    for sign, number, name in (
        ("-", counts.already_judged, "judged in an earlier run"),
        ("-", counts.repeated, "given more than once"),
        ("=", counts.read - counts.already_judged - counts.repeated, "alerts, of which"),
        (" ", counts.incident, "in incidents"),
        (" ", counts.benign, "in benign groups"),
        (" ", counts.duplicate, "duplicates of other alerts"),
        (" ", counts.dead_letter, "dead letters"),
    ):
        table.add_row(f"{sign} {number:,}", name)
    screen.print(table)
    if counts.accounted:
        screen.print("every document has exactly one outcome")
    else:
        screen.print(safe("THE SUMS DO NOT ADD UP: please report this", style="bold red"))


def print_incomplete(screen: "Console", problems: Sequence["Incompleteness"]) -> None:
    """Say loudly what was not read."""
    if problems:
        screen.print(safe("INCOMPLETE: not everything could be read", style="bold red"))
    for problem in problems:
        screen.print(
            safe(f"  {problem.source}: {problem.reason}" + (f" -> {problem.advice}" if problem.advice else ""))
        )


def reasons(counts: "RunCounts", summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a run has no incident; never nothing."""
    new = counts.read - counts.already_judged - counts.repeated
    if not counts.read:
        yield "nothing was read; check source, index and window with 'triage doctor'"
    elif not new:
        yield "all that was read had been judged before"
    elif counts.dead_letter == new:
        yield "nothing that was read could be parsed; the dead letters are in summary.json"
    else:
        yield f"{counts.benign:,} alerts were judged benign; 'triage list --all' shows the groups and their reasons"
    for problem in summary.get("incomplete", ()):
        yield f"not everything was read: {problem}"
