"""``triage undo``, ``redo`` and ``log``: what was decided, and taking it back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.app import Exit
from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.cli.decide import as_record, told

if TYPE_CHECKING:
    from triage.desk.decisions import Step


@click.command("undo")
@with_settings
@with_json
def undo_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> int:
    """Take the last decision back, whoever made it; again for the one before. Ends with 1 when there is none."""
    with open_session(config, state, output) as session:
        step = session.undo()
    return _tell(step, "undone", as_json=as_json)


@click.command("redo")
@with_settings
@with_json
def redo_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> int:
    """Make the decision again that was undone last. Ends with 1 when there is none."""
    with open_session(config, state, output) as session:
        step = session.redo()
    return _tell(step, "done again", as_json=as_json)


def _tell(step: "Step | None", what: str, *, as_json: bool) -> int:
    if as_json:
        print_json(as_record(step) if step else None)
    else:
        console().print(safe(f"{what}: {told(step)}" if step else f"nothing to be {what}", 600))
    return Exit.DONE if step else Exit.FAILED


@click.command("log")
@with_settings
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1), help="Show so many, the newest.")
@with_json
def log_command(config: Path | None, state: Path | None, output: Path | None, limit: int, as_json: bool) -> None:
    """Show what was decided, oldest first, with what was undone."""
    with open_session(config, state, output) as session:
        steps = session.log(limit)
    if as_json:
        print_json([as_record(step) for step in steps])
        return
    screen = console()
    for step in steps:
        mark = " (undone for good)" if step.dropped else " (undone)" if step.undone else ""
        head = f"{step.number:>5} {step.at:%Y-%m-%d %H:%M:%S} {step.author}: {told(step)}{mark}"
        screen.print(safe(head, 600, "dim" if step.undone else ""))
        if step.decision.text:
            screen.print(safe(f"      {step.decision.text}", 2000, "italic"))
    if not steps:
        screen.print("nothing was decided yet")
