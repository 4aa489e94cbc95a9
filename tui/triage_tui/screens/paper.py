"""A sheet over the whole screen on which something can be done: a title, lines, a message, and the keys that work."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from triage.errors import TriageError
from triage_tui.look import Look
from triage_tui.sheets.base import ListSheet
from triage_tui.sheets.preview import cut
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Rows

if TYPE_CHECKING:
    from triage_tui.app import TriageApp

T = TypeVar("T")


def in_background(
    screen: Screen[Any], group: str, act: Callable[[], T], then: Callable[[T], None], failed: Callable[..., None]
) -> None:
    """Do what takes a while in a thread, then hand its result, or its TriageError, to the screen's own thread."""
    app = screen.app

    def run() -> None:
        try:
            found = act()
        except TriageError as error:
            app.call_from_thread(failed, error)
            return
        app.call_from_thread(then, found)

    screen.run_worker(run, thread=True, exclusive=True, exit_on_error=False, group=group)


class Paper(ModalScreen[None]):
    """Shows what ``sheet`` makes until it is closed."""

    DEFAULT_CSS = """
    Paper { layout: vertical; background: $background; }
    Paper #title { background: $panel; text-style: bold; }
    Paper #message { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close_it", "close", show=False)]

    def __init__(self, title: str, hint: str, look: Look) -> None:
        """``hint``: the keys that work here besides moving and closing."""
        super().__init__()
        self.look = look
        self._title = title
        self._hint = hint

    @property
    def triage(self) -> "TriageApp":
        """Return the app with its own type."""
        return cast("TriageApp", self.app)

    @property
    def rows(self) -> Rows:
        """Return the list."""
        return self.query_one(Rows)

    def compose(self) -> ComposeResult:
        """Lay out title, list, message and keys."""
        yield TextLine(id="title")
        yield Rows(self.look, id="rows")
        yield TextLine(id="message")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Fill in the texts."""
        self.rows.focus()
        self.begin()

    def begin(self) -> None:
        """Start to read what is shown."""

    def on_resize(self, _: events.Resize) -> None:
        """Lay everything out anew."""
        self.call_after_refresh(self.draw)

    def sheet(self, width: int) -> ListSheet:
        """Return what is shown."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw everything anew; the cursor stays on its line."""
        width = max(self.size.width, 10)
        title = self.look.text(f" {self._title}", 400, self.look.styles.strong)
        self.query_one("#title", TextLine).tell(cut(title, width, self.look))
        keys = Text(f" {self._hint}   " if self._hint else " ", style=self.look.styles.accent, end="")
        keys.append("esc back", self.look.styles.muted)
        self.query_one("#footer", TextLine).tell(cut(keys, width, self.look))
        self.rows.show(self.sheet, self.rows.cursor)

    def tell(self, sentence: str, style: str = "") -> None:
        """Show a sentence on the message line."""
        self.query_one("#message", TextLine).tell(Text.assemble(" ", self.look.text(sentence, 400, style)))

    def tell_error(self, error: Exception) -> None:
        """Show what went wrong; the paper stays."""
        if self.is_mounted:
            self.tell(str(error), self.look.styles.bad)

    def action_close_it(self) -> None:
        """Go back."""
        self.dismiss(None)
