"""``triage doctor``: what works, what does not, and what to do about it."""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.app import Exit
from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from rich.console import Console

    from triage.events import Check


@click.command("doctor")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@with_settings
@with_json
def doctor_command(
    sources: tuple[str, ...], config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> int:
    """Check sources, state, model and disk, and say what to do about each failure.

    Says how a sample of each index and file is understood: the family that reads it, how many of its documents have a
    time, rule, severity, entities and techniques, and which fields are worth a [[mapping]] in triage.toml. A SOURCE is
    what 'triage run' takes; without one, the configuration says.
    """
    failed = 0
    found: list[Check] = []
    screen = console()
    with open_session(config, state, output) as session:
        for check in chain(session.checks(), session.understanding(sources)):
            failed += not check.ok
            found.append(check)
            if not as_json:
                _print(screen, check)
    if as_json:
        print_json([check._asdict() for check in found])
    elif failed:
        click.echo(f"\n{failed} of {len(found)} checks failed")
    return Exit.FAILED if failed else Exit.DONE


def _print(screen: "Console", check: "Check") -> None:
    from rich.text import Text

    mark = Text("ok    ", style="green") if check.ok else Text("FAIL  ", style="bold red")
    screen.print(Text.assemble(mark, safe(check.name, 80, "bold"), "  ", safe(check.detail, 1000)))
    if check.advice and not check.ok:
        screen.print(Text.assemble("        -> ", safe(check.advice)))
