"""One step of a response plan: what it is, whom it hits, what it would do, and what became of requests for it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from triage.models import ResponseStep
from triage_tui.look import Look
from triage_tui.sheets.base import Builder, ListSheet

if TYPE_CHECKING:
    from triage.responding.models import Action, Preview, Request

STATE_STYLES = {"waiting": "warn", "approved": "warn", "done": "good", "failed": "bad", "unknown": "bad"}


class Standing(NamedTuple):
    """What is known of the requests of one incident."""

    requests: "Sequence[Request]"
    """Oldest first."""
    takers: frozenset[str]
    """Measures that some connector takes."""
    problem: str = ""
    """Why nothing is known, or nothing can be carried out."""

    def of(self, step_id: str) -> "Sequence[Request]":
        """Return the requests for one step, oldest first."""
        return [one for one in self.requests if one.action.step_id == step_id]


class Tried(NamedTuple):
    """A dry run, or why there is none."""

    action: "Action | None" = None
    preview: "Preview | None" = None
    problem: str = ""


def word(request: "Request") -> str:
    """Return the state of a request as it is shown."""
    return "cut off" if request.interrupted else request.state


def state_text(request: "Request", look: Look) -> Text:
    """Return the state of a request, with its meaning as a style."""
    return look.text(word(request), 20, getattr(look.styles, STATE_STYLES.get(request.state, "muted")))


def step_sheet(
    step: ResponseStep, tried: Tried | None, requests: "Sequence[Request]", look: Look, width: int
) -> ListSheet:
    """Return the step; ``tried`` is None while its dry run goes on."""
    page = Builder(width, look)
    page.heading(step.phase.capitalize())
    page.item(look.text(f"{step.action}  {look.glyphs.arrow} {step.target}", 600, look.styles.strong), hang=2)
    cited = "".join(f" [{name}]" for name in step.evidence)
    _told(page, "why", f"{step.reason}{cited}")
    _told(page, "hits", step.blast_radius or "not known", look.styles.warn)
    _told(page, "undo", step.reversal or "cannot be taken back", "" if step.reversal else look.styles.bad)
    _told(page, "needs", step.role)
    page.heading("What it would do")
    for text, style in _tried(tried, look):
        page.item(look.text(text, 1000, style), hang=2)
    page.heading(f"Requests ({len(requests)})")
    for request in reversed(requests):
        head = look.text(f"{request.request_id}  ", 60, look.styles.accent)
        page.item(Text.assemble(head, state_text(request, look), end=""))
        for line in _history(request):
            page.item(look.text(f"  {line}", 1000), hang=4)
    if not requests:
        page.item(Text("nobody asked for it yet", style=look.styles.muted, end=""))
    return page.sheet()


def _told(page: Builder, name: str, text: str, style: str = "") -> None:
    label = Text(f"{name:<6}", style=page.look.styles.muted, end="")
    page.item(Text.assemble(label, page.look.text(text, 1000, style), end=""), hang=6)


def _tried(tried: Tried | None, look: Look) -> Iterator[tuple[str, str]]:
    if tried is None:
        yield "trying it without doing it", look.styles.muted
        return
    if tried.problem:
        yield tried.problem, look.styles.warn
    if tried.action:
        yield f"through {tried.action.connector}, on {tried.action.kind} {tried.action.target}", ""
    if tried.preview:
        yield from ((line, "") for line in tried.preview.would)
        if tried.preview.refused:
            yield f"cannot be done: {tried.preview.refused}", look.styles.bad


def _history(request: "Request") -> Iterator[str]:
    yield f"proposed by {request.author} {request.at:%Y-%m-%d %H:%M} UTC"
    if request.decided_at:
        act = "rejected" if request.state == "rejected" else "approved"
        why = f": {request.why}" if request.why else ""
        yield f"{act} by {request.decided_by} {request.decided_at:%Y-%m-%d %H:%M} UTC{why}"
    elif request.open:
        yield f"rejected by itself at {request.expires:%Y-%m-%d %H:%M} UTC unless somebody approves it"
    if request.outcome:
        yield f"{request.state}: {request.outcome.detail}"
