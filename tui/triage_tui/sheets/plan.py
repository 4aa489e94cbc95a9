"""The response plan: proposals, with the reason, the role that may do them, and how to take them back."""

from rich.text import Text

from triage.models import Incident
from triage_tui.look import Look
from triage_tui.messages import Cite
from triage_tui.sheets.base import Builder, ListSheet


def plan_sheet(incident: Incident, look: Look, width: int) -> ListSheet:
    """Return one item per step, under its phase; a step points at its first evidence."""
    page = Builder(width, look)
    page.plain(Text("Proposals; nothing here is done by itself.", style=look.styles.muted, end=""))
    phase = ""
    for number, step in enumerate(incident.response_plan, start=1):
        if step.phase != phase:
            phase = step.phase
            page.heading(phase.capitalize())
        target = f" {look.glyphs.arrow} {step.target}" if step.target else ""
        undo = f"  undo: {step.reversal}" if step.reversal else ""
        text = Text.assemble(
            f"{number:2}. ",
            look.text(step.action, 300, look.styles.strong),
            look.text(target, 200, look.styles.accent),
            "  ",
            look.text(step.reason, 400),
            look.text("".join(f" [{name}]" for name in step.evidence), 80, look.styles.accent),
            look.text(f"  needs: {step.role}{undo}", 300, look.styles.muted),
            end="",
        )
        page.item(text, Cite(step.evidence[0]) if step.evidence else None, hang=4)
    if not incident.response_plan:
        page.plain(Text("no step is proposed", end=""))
    return page.sheet()
