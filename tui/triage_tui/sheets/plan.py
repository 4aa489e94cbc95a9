"""The response plan: proposals, with the reason, whom they hit, the role that may do them, and what became of them."""

from rich.text import Text

from triage.models import Incident, ResponseStep
from triage_tui.look import Look
from triage_tui.messages import StepTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.step import Standing, state_text


def plan_sheet(incident: Incident, standing: Standing | None, look: Look, width: int) -> ListSheet:
    """Return one item per step, under its phase; Enter opens the step. ``standing`` is None while it is being read."""
    page = Builder(width, look)
    page.plain(
        Text("Proposals; nothing is done by itself. Enter tries a step without doing it.", look.styles.muted, end="")
    )
    if standing and standing.problem:
        page.plain(look.text(standing.problem, 400, look.styles.warn))
    phase = ""
    for number, step in enumerate(incident.response_plan, start=1):
        if step.phase != phase:
            phase = step.phase
            page.heading(phase.capitalize())
        _step(page, number, step, standing)
    if not incident.response_plan:
        page.plain(Text("no step is proposed", end=""))
    return page.sheet()


def _step(page: Builder, number: int, step: ResponseStep, standing: Standing | None) -> None:
    look = page.look
    target = f" {look.glyphs.arrow} {step.target}" if step.target else ""
    head = Text.assemble(
        f"{number:2}. ",
        _state(step, standing, look),
        look.text(step.action, 300, look.styles.strong),
        look.text(target, 200, look.styles.accent),
        end="",
    )
    cited = look.text("".join(f" [{name}]" for name in step.evidence), 80, look.styles.accent)
    page.item(head, StepTarget(number), hang=4)
    page.under(Text.assemble(look.text(step.reason, 400), cited, end=""), 4)
    hits = f"hits: {step.blast_radius}  " if step.blast_radius else ""
    undo = f"  undo: {step.reversal}" if step.reversal else ""
    page.under(look.text(f"{hits}needs: {step.role}{undo}", 500, look.styles.muted), 4)


def _state(step: ResponseStep, standing: Standing | None, look: Look) -> Text:
    """Return where the newest request for a step stands, else whether a connector could take it."""
    requests = standing.of(step.step_id) if standing else ()
    if requests:
        return Text.assemble("[", state_text(requests[-1], look), "] ", end="")
    can = standing is not None and step.measure in standing.takers
    return Text("[can be proposed] ", style=look.styles.accent, end="") if can else Text(end="")
