"""Answering blind samples: was this an attack? Each answer is on disk before it is told."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from triage.errors import TriageError
from triage.judgement.quality import Sample
from triage.judgement.teaching import Verdict
from triage_tui.look import Look
from triage_tui.messages import SampleTarget
from triage_tui.screens.paper import Paper
from triage_tui.sheets.base import ListSheet
from triage_tui.sheets.samples import bound, samples_sheet


class SamplesPaper(Paper):
    """Shows the samples and takes answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "answer('benign')", "benign", show=False),
        Binding("t", "answer('attack')", "attack", show=False),
    ]

    def __init__(self, look: Look) -> None:
        super().__init__("Blind samples of what was judged benign", "b benign   t attack", look)

    def sheet(self, width: int) -> ListSheet:
        """Return the samples as they stand now."""
        log = self.triage.desk.port.quality
        return samples_sheet(self._samples(), log.quality(), self.look, width)

    def _samples(self) -> Sequence[Sample]:
        return self.triage.desk.port.quality.samples()

    def action_answer(self, word: Verdict) -> None:
        """Answer the sample under the cursor; the next one takes its line."""
        desk, rows = self.triage.desk, self.rows
        target = rows.sheet.line(rows.cursor).target if len(rows.sheet) else None
        if desk.readonly:
            self.tell("read-only: no answer is kept (started with --readonly)", self.look.styles.bad)
        elif not isinstance(target, SampleTarget):
            self.tell("put the cursor on a sample", self.look.styles.warn)
        else:
            self._keep(target.sample, word)

    def _keep(self, sample: int, word: Verdict) -> None:
        desk = self.triage.desk
        try:
            desk.port.quality.answer(sample, word, desk.queue.me)
            found = desk.port.quality.quality()
        except TriageError as error:
            self.tell_error(error)
            return
        self.draw()
        self.tell(f"sample {sample} is answered: {word}. {bound(found)}", self.look.styles.good)
