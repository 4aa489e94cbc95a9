"""A question to the language model about one incident, and its answer with every sentence checked."""

from collections.abc import Callable

from textual import on

from triage.models import Narrative
from triage_tui.look import Look
from triage_tui.messages import Cite, Opened
from triage_tui.screens.paper import Paper, in_background
from triage_tui.sheets.base import Line, ListSheet
from triage_tui.sheets.narrative import answer_sheet


class AnswerPaper(Paper):
    """Waits for the answer, then shows it; a citation leads back to its evidence."""

    def __init__(self, question: str, ask: Callable[[], Narrative], look: Look, follow: Callable[[Cite], None]) -> None:
        """``ask`` may take as long as the model does; it runs in a thread. ``follow`` goes where a citation points."""
        super().__init__("Asked the language model", "", look)
        self._question = question
        self._ask = ask
        self._follow = follow
        self.answer: Narrative | None = None
        self._failed = ""

    def begin(self) -> None:
        """Ask in the background."""
        in_background(self, "question", self._ask, self._take, self._no_answer)

    def _take(self, answer: Narrative) -> None:
        self.answer = answer
        if self.is_mounted:
            self.draw()

    def _no_answer(self, error: Exception) -> None:
        self._failed = str(error)
        if self.is_mounted:
            self.draw()

    def sheet(self, width: int) -> ListSheet:
        """Return question and answer."""
        if self.answer is None:
            waiting = self._failed or "waiting for the model; esc goes back, its answer is dropped then"
            return ListSheet([Line(self.look.text(waiting, 400, self.look.styles.muted))])
        return answer_sheet(self._question, self.answer, self.look, width)

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        if isinstance(event.target, Cite):
            self.dismiss(None)
            self.call_later(self._follow, event.target)
