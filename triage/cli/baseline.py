"""``triage baseline``: what counts as normal here, how it came about version by version, and going back to one."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from rich.console import Console

    from triage.adapters.baseline import Version
    from triage.judgement.normality import Difference, Habit
    from triage.judgement.peers import Group

_LIMIT = click.option("--limit", default=40, show_default=True, type=click.IntRange(1), help="Show so many at most.")


_MEMBERS_SHOWN = 12


@click.group("baseline")
def baseline_command() -> None:
    """Show what was learned as normal, compare its versions, and go back to one. All of them take --json."""


@baseline_command.command("list")
@with_settings
@with_json
def list_versions(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """List the versions: each run that publishes makes one; those in force are what the next run remembers."""
    with open_session(config, state, output) as session:
        versions = session.memory.versions()
    if as_json:
        print_json([one._asdict() for one in versions])
    else:
        _print_versions(console(), versions)


@baseline_command.command("show")
@click.argument("about", metavar="[ENTITY|SIGNATURE]", default="")
@with_settings
@_LIMIT
@with_json
def show_habits(
    about: str, config: Path | None, state: Path | None, output: Path | None, limit: int, as_json: bool
) -> None:
    """Show what is normal: for an entity such as host:dc01, a signature's id, part of a rule's name, or at all."""
    with open_session(config, state, output) as session:
        found = session.habits(about)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _print_habits(console(), found, limit)


@baseline_command.command("peers")
@click.argument("about", metavar="[ENTITY]", default="")
@with_settings
@_LIMIT
@with_json
def show_peers(
    about: str, config: Path | None, state: Path | None, output: Path | None, limit: int, as_json: bool
) -> None:
    """Show which entities behave alike, found without labels: the group of an entity such as host:dc01, or all."""
    with open_session(config, state, output) as session:
        found = session.peers(about)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _print_groups(console(), found, limit)


@baseline_command.command("diff")
@click.argument("before", type=click.IntRange(0), metavar="A")
@click.argument("after", type=click.IntRange(0), metavar="B")
@with_settings
@_LIMIT
@with_json
def diff_versions(
    before: int, after: int, config: Path | None, state: Path | None, output: Path | None, limit: int, as_json: bool
) -> None:
    """Show what version B remembers otherwise than version A; 0 remembers nothing. Today's verdicts hold for both."""
    with open_session(config, state, output) as session:
        found = session.learned_between(before, after)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _print_differences(console(), found, limit)


@baseline_command.command("rollback")
@click.argument("version", type=click.IntRange(0))
@with_settings
@with_json
def rollback_to(version: int, config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """Put VERSION in force from the next run on. Nothing is deleted: going back to the former one undoes it."""
    from triage.session import user

    with open_session(config, state, output) as session:
        before = session.memory.rollback(version, user())
    if as_json:
        print_json({"in_force": version, "before": before})
    else:
        console().print(f"version {version} is in force; 'triage baseline rollback {before}' takes this back")


def _print_versions(screen: "Console", versions: Sequence["Version"]) -> None:
    from rich.table import Table

    table = Table("version", "built on", "run", "made (UTC)", "added", "", box=None, pad_edge=False)
    for one in versions:
        mark = "in force" if one.in_force else "" if one.remembered else "not remembered"
        row = (str(one.version), str(one.parent or "nothing"), one.run_id, _moment(one.made), f"{one.added:,}", mark)
        table.add_row(*row, style="" if one.remembered else "dim")
    screen.print(table if versions else "nothing was learned yet")
    if versions and not any(one.in_force for one in versions):
        screen.print("version 0 is in force: the next run remembers nothing")


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _print_habits(screen: "Console", found: Sequence["Habit"], limit: int) -> None:
    for one in found[:limit]:
        screen.print(safe(f"{one.rule} on {one.principal or 'no entity'}", 300, "bold"))
        screen.print(safe(f"  {one.detector}, signature {one.signature}: {one.message}", 300, "dim"))
        for line in _told(one):
            screen.print(safe(f"  {line}", 400))
    _print_rest(screen, len(found), limit, "nothing that fits counts as normal")


def _print_groups(screen: "Console", found: Sequence["Group"], limit: int) -> None:
    for one in found[:limit]:
        members = ", ".join(f"{name} ({likeness:.2f})" for name, likeness in one.members[:_MEMBERS_SHOWN])
        more = len(one.members) - _MEMBERS_SHOWN
        screen.print(safe(f"{len(one.members):,} behave like {one.leader}", 300, "bold"))
        screen.print(safe(f"  {members}{f' and {more:,} more' if more > 0 else ''}", 2000))
    _print_rest(screen, len(found), limit, "no group is known: too few habits, or nobody behaves alike")


def _told(one: "Habit") -> Sequence[str]:
    rate = f"{one.usual:,.1f} alerts on such a day, at most {one.most:,}"
    shared = f"{', '.join(one.others)}{', ...' if one.other_count > len(one.others) else ''}"
    return [
        f"since {one.since}, last on {one.last}; on {one.days:,} days ({one.weekdays}), hours {one.hours} UTC; {rate}",
        f"normal for {one.other_count:,} others too: {shared}" if one.other_count else "normal for nobody else",
        *([f"{one.held_back:,} more alerts do not count as normal"] if one.held_back else []),
    ]


def _print_differences(screen: "Console", found: Sequence["Difference"], limit: int) -> None:
    from rich.table import Table

    table = Table("", "rule", "about", "days", "alerts", box=None, pad_edge=False)
    for one in found[:limit]:
        days, alerts = f"{one.days_before:,} -> {one.days_after:,}", f"{one.alerts_before:,} -> {one.alerts_after:,}"
        table.add_row(one.change, safe(one.rule, 100), safe(one.principal, 100), days, alerts)
    if found:
        screen.print(table)
    _print_rest(screen, len(found), limit, "both versions remember the same")


def _print_rest(screen: "Console", count: int, limit: int, nothing: str) -> None:
    if not count:
        screen.print(nothing)
    elif count > limit:
        screen.print(f"and {count - limit:,} more (--limit shows more, --json all)")
