"""A drafted rule exception: what it says, what it would have hidden, or why it is refused."""

from rich.text import Text

from triage.desk.suppression import Draft
from triage_tui.look import Look
from triage_tui.messages import IncidentTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import number


def draft_sheet(draft: Draft, look: Look, width: int) -> ListSheet:
    """Return the draft; nothing of it is applied, here or elsewhere."""
    page = Builder(width, look)
    page.heading("A draft for the owner of the rule; nothing is applied here")
    page.item(look.text(f"{draft.title}: {draft.reason}", 600, look.styles.strong), hang=2)
    page.item(Text(f"ends {draft.expires:%Y-%m-%d %H:%M} UTC", style=look.styles.muted, end=""))
    if draft.refused:
        page.heading("Refused")
        for why in draft.refused:
            page.item(look.text(why, 600, look.styles.bad), hang=2)
    page.heading(f"Conditions ({len(draft.conditions)})")
    for one in draft.conditions:
        fields = " and ".join(f"{field.field} = {field.value}" for field in one.entities)
        page.item(
            Text.assemble(look.text(f"{one.rule}: ", 250, look.styles.strong), look.text(fields, 600), end=""), hang=2
        )
    for left in draft.left_out:
        page.item(look.text(f"not covered: {left}", 600, look.styles.muted), hang=2)
    _hidden(page, draft)
    return page.sheet()


def _hidden(page: Builder, draft: Draft) -> None:
    look, hidden = page.look, draft.hidden
    counted = ", ".join(f"{count:,} {outcome}" for outcome, count in hidden.outcomes.items())
    page.heading(f"What it would have hidden: {number(hidden.alerts, 'alert')}{f' ({counted})' if counted else ''}")
    for one in hidden.incidents:
        style = look.styles.of(one.disposition)
        head = look.text(f"{one.hidden:>7,} of {one.incident_id} ", 80, style)
        page.item(Text.assemble(head, look.text(one.title, 300), end=""), IncidentTarget(one.incident_id), hang=8)
    for sample in hidden.samples:
        page.item(look.text(sample, 300, look.styles.muted), hang=2)
