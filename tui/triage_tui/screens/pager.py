"""Something to read: a sheet over the whole screen, closed with esc."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from triage_tui.look import Look
from triage_tui.sheets.guide import TOUR, tour_sheet
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Make, Rows


class Pager(ModalScreen[None]):
    """Shows a sheet until it is closed."""

    DEFAULT_CSS = """
    Pager { layout: vertical; background: $background; }
    Pager #title { background: $panel; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,at", "close_it", "close", show=False)]

    def __init__(self, title: str, make: Make, look: Look) -> None:
        super().__init__()
        self._title = title
        self._make = make
        self._look = look

    def compose(self) -> ComposeResult:
        """Show title, sheet and how to leave."""
        yield TextLine(id="title")
        yield Rows(self._look, id="page")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Fill in the texts."""
        self.query_one("#title", TextLine).tell(Text(f" {self._title}"))
        self.query_one("#footer", TextLine).tell(Text(" esc back   j k move", style=self._look.styles.muted))
        self.query_one(Rows).show(self._make)
        self.query_one(Rows).focus()

    def action_close_it(self) -> None:
        """Go back."""
        self.dismiss(None)


class Tour(ModalScreen[None]):
    """The six pages somebody sees who starts the program for the first time."""

    DEFAULT_CSS = """
    Tour { layout: vertical; background: $background; padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "skip", show=False),
        Binding("enter,space,j,right,l,down", "turn(1)", "next", show=False, priority=True),
        Binding("k,left,h,up,backspace", "turn(-1)", "back", show=False, priority=True),
    ]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._page = 0

    def compose(self) -> ComposeResult:
        """Show one page and how to go on."""
        yield Rows(self._look, id="page")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Show the first page."""
        self.query_one("#footer", TextLine).tell(
            Text(" Enter next   esc skip the tour", style=self._look.styles.accent)
        )
        self._show()

    def _show(self) -> None:
        self.query_one(Rows).show(lambda width: tour_sheet(self._page, self._look, width))

    def action_turn(self, pages: int) -> None:
        """Turn the page; after the last one the tour ends."""
        if self._page + pages >= len(TOUR):
            self.dismiss(None)
            return
        self._page = max(self._page + pages, 0)
        self._show()

    def action_leave(self) -> None:
        """Skip the rest."""
        self.dismiss(None)
