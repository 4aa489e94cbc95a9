"""A rule exception drafted for an incident that was harmless, and written to files for the rule's owner."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from triage.desk.suppression import Draft
from triage_tui.look import Look
from triage_tui.screens.paper import Paper, in_background
from triage_tui.sheets.base import Line, ListSheet
from triage_tui.sheets.draft import draft_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence


class DraftPaper(Paper):
    """Shows the draft and what it would hide; ``w`` writes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w", "write", "write", show=False)]

    def __init__(self, make: Callable[[], Draft], folder: Path, look: Look) -> None:
        """``make`` drafts it, which counts over all that is stored; ``folder`` is where files go."""
        super().__init__("Draft of a rule exception", "w write it as Sigma filter and Elastic exception", look)
        self._make = make
        self._folder = folder
        self.draft: Draft | None = None

    def begin(self) -> None:
        """Count in the background."""
        in_background(self, "draft", self._make, self._take, self.tell_error)

    def _take(self, draft: Draft) -> None:
        self.draft = draft
        if self.is_mounted:
            self.draw()

    def sheet(self, width: int) -> ListSheet:
        """Return the draft, once it is there."""
        if self.draft is None:
            return ListSheet([Line(Text("counting what it would hide", style=self.look.styles.muted, end=""))])
        return draft_sheet(self.draft, self.look, width)

    def action_write(self) -> None:
        """Write both files."""
        if self.draft is None or self.draft.refused:
            self.tell("there is no draft to be written", self.look.styles.warn)
            return
        try:
            written = write_draft(self.draft, self._folder)
        except OSError as error:
            self.tell(f"could not write: {error}", self.look.styles.bad)
            return
        self.tell(f"written, not applied: {', '.join(map(str, written))}", self.look.styles.good)


def write_draft(draft: Draft, folder: Path) -> "Sequence[Path]":
    """Write a draft as a Sigma filter and as Elastic exception items, and return the files. Raises OSError."""
    from triage.atomic import replacing
    from triage.desk.suppression_files import as_elastic, as_sigma

    files = {
        folder / f"exception-{draft.draft_id}.yml": as_sigma(draft),
        folder / f"exception-{draft.draft_id}.json": as_elastic(draft),
    }
    for path, text in files.items():
        with replacing(path, mode=0o600) as out:
            out.write(text.encode())
    return list(files)
