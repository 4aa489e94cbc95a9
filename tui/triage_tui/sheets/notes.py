"""Notes of people on an incident, its status, and every decision about it."""

from collections.abc import Sequence

from rich.text import Text

from triage.desk.decisions import Step
from triage_tui.look import Look
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import Row, describe_step, status_word


def notes_sheet(row: Row, steps: Sequence[Step], look: Look, width: int) -> ListSheet:
    """Return notes, oldest first, then the decisions, newest first."""
    page, status, styles = Builder(width, look), row.status, look.styles
    page.heading("Status")
    who = f", assigned to {status.assignee}" if status.assignee else ""
    until = f", until {status.snoozed_until:%Y-%m-%d %H:%M} UTC" if status.snoozed_until else ""
    page.item(look.text(f"{status.state} ({status_word(row)}){who}{until}", 200))
    page.heading(f"Notes ({len(status.notes)})")
    for note in status.notes:
        head = look.text(f"{note.at:%Y-%m-%d %H:%M} {note.author}: ", 80, styles.muted)
        page.item(Text.assemble(head, look.text(note.text, 10_000), end=""), hang=2)
    if not status.notes:
        page.item(Text("none yet; n writes one", style=styles.muted, end=""))
    page.heading("Decisions, newest first")
    for step in reversed(steps):
        head = look.text(f"{step.at:%Y-%m-%d %H:%M:%S} {step.author}  ", 80, styles.muted)
        page.item(
            Text.assemble(head, look.text(describe_step(step), 300, styles.muted if step.undone else ""), end=""),
            hang=2,
        )
    return page.sheet()
