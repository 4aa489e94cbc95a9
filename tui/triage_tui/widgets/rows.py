"""A list of lines with a cursor: draws only the lines in view, whatever the number of rows."""

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from triage_tui.keys import bindings
from triage_tui.look import Look
from triage_tui.messages import Moved, Opened
from triage_tui.sheets.base import Line, ListSheet, Sheet

Make = Callable[[int], Sheet]
"""Builds a sheet for a width in cells."""


KEPT = 2000
"""Lines kept drawn; a key that moves the cursor then draws two lines, not a screen."""


class Drawn(NamedTuple):
    """A line of the sheet as it is drawn where the cursor is not."""

    line: Line
    strip: Strip


class Rows(ScrollView, can_focus=True):
    """Shows a sheet. Posts Moved when the cursor moves and Opened when a line is opened."""

    DEFAULT_CSS = """
    Rows { height: 1fr; background: $background; color: $foreground; scrollbar-size-vertical: 1;
           overflow-x: hidden; overflow-y: scroll; scrollbar-background: $background; scrollbar-color: $panel;
           scrollbar-background-hover: $background; scrollbar-background-active: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("r")]

    def __init__(self, look: Look, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._look = look
        self._make: Make = lambda _: ListSheet(())
        self._sheet: Sheet = ListSheet(())
        self._lines: dict[int, Drawn] = {}
        self.cursor = 0

    def show(self, make: Make, cursor: int = 0) -> None:
        """Show a sheet made for this width, with the cursor on a line."""
        self._make = make
        self._remake(cursor)

    @property
    def sheet(self) -> Sheet:
        """Return the sheet as it is laid out now."""
        return self._sheet

    def set_look(self, look: Look) -> None:
        """Draw with other styles and glyphs."""
        self._look = look

    @property
    def room(self) -> int:
        """Return the cells of a line beside the cursor's mark and the scroll bar."""
        return max(self.scrollable_content_region.width - 1, 1)

    def _remake(self, cursor: int) -> None:
        if not self.size.width:
            self.cursor = cursor
            return
        self._sheet = self._make(self.room)
        self._lines.clear()
        self.virtual_size = Size(self.room, len(self._sheet))
        self.cursor = self._nearest(cursor, 1)
        self._reveal()
        self.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """Lay the sheet out anew."""
        self._remake(self.cursor)

    def on_focus(self) -> None:
        """Draw the cursor as the one that keys move."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor as a mark only."""
        self.refresh()

    # --- cursor -----------------------------------------------------------------------------------------------------

    def _item(self, y: int) -> int:
        return self._drawn(y).line.item

    def _drawn(self, y: int) -> Drawn:
        """Return a line, drawn anew only when it is not kept."""
        found = self._lines.get(y)
        if found is None:
            if len(self._lines) >= KEPT:
                self._lines.clear()
            line = self._sheet.line(y)
            found = self._lines[y] = Drawn(line, _strip(line.text, self.room + 1))
        return found

    def _nearest(self, y: int, direction: int) -> int:
        """Return the first line at or after y (then before it) on which the cursor may stand."""
        total = len(self._sheet)
        if not total:
            return 0
        y = min(max(y, 0), total - 1)
        for step in (direction, -direction):
            at = y
            while 0 <= at < total:
                if self._item(at) >= 0:
                    return at
                at += step
        return y

    def _beside(self, direction: int) -> int:
        """Return the first line of the item beside the cursor's."""
        total, here = len(self._sheet), self._item(self.cursor) if len(self._sheet) else -1
        at = self.cursor
        while 0 <= at + direction < total:
            at += direction
            item = self._item(at)
            if item >= 0 and item != here:
                return self._first_of(at)
        return self.cursor

    def _first_of(self, y: int) -> int:
        while y and self._item(y - 1) == self._item(y):
            y -= 1
        return y

    def move(self, y: int) -> None:
        """Put the cursor on a line and bring it into view."""
        target = self._nearest(y, 1)
        if target == self.cursor:
            self._reveal()
            return
        before, self.cursor = self.cursor, target
        self._refresh_item(before)
        self._refresh_item(target)
        self._reveal()
        self.post_message(Moved(self.cursor))

    def _refresh_item(self, y: int) -> None:
        """Draw the lines of an item in view anew."""
        item, total, height = self._item(y), len(self._sheet), max(self.size.height, 1)
        top, end = y, y
        while top and y - top < height and self._item(top - 1) == item:
            top -= 1
        while end + 1 < total and end - y < height and self._item(end + 1) == item:
            end += 1
        self.refresh_lines(top, end - top + 1)

    def _reveal(self) -> None:
        """Scroll so that the cursor's item is in view, with the headings above the first one."""
        total, height = len(self._sheet), max(self.size.height, 1)
        if not total:
            return
        top = self.cursor
        while top and self._item(top - 1) < 0:
            top -= 1
        end = self.cursor
        while end + 1 < total and self._item(end + 1) == self._item(self.cursor) >= 0 and end - self.cursor < height:
            end += 1
        offset = round(self.scroll_y)
        if top < offset or end >= offset + height:
            wanted = top if top < offset else min(end - height + 1, self.cursor)
            self.scroll_to(y=max(wanted, 0), animate=False, force=True)

    def action_down(self) -> None:
        """Go to the next item; at the end of a long text, scroll on."""
        self._step(1)

    def action_up(self) -> None:
        """Go to the item before."""
        self._step(-1)

    def _step(self, direction: int) -> None:
        target = self._beside(direction)
        if target == self.cursor:
            self.scroll_to(y=self.scroll_y + direction, animate=False)
        else:
            self.move(target)

    def action_first(self) -> None:
        """Go to the first line."""
        self.move(0)
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        """Go to the last line."""
        target = self._nearest(len(self._sheet) - 1, -1)
        self.move(self._first_of(target) if len(self._sheet) else 0)

    def action_page(self, pages: int) -> None:
        """Go a page further."""
        self.move(self.cursor + pages * max(self.size.height - 1, 1))

    def action_open(self) -> None:
        """Open the cursor's line."""
        if len(self._sheet):
            self.post_message(Opened(self.cursor, self._sheet.line(self.cursor).target))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse points; open at a double click."""
        y = event.y + round(self.scroll_y)
        if y < len(self._sheet):
            self.move(y)
            if event.chain == 2:
                self.action_open()

    # --- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the viewport."""
        base = self.rich_style
        at = y + round(self.scroll_y)
        if at >= len(self._sheet):
            return Strip.blank(self.size.width, base)
        line, strip = self._drawn(at)
        here = line.item >= 0 and line.item == self._item(self.cursor)
        if here:
            style = Style.parse(self._look.styles.cursor) if self.has_focus else Style.null()
            strip = _with_cursor(strip, style, self._look.glyphs.cursor)
        return strip.apply_style(base)


def _strip(text: Text, width: int) -> Strip:
    """Return the text as a strip of exactly ``width`` cells, one space before it for the cursor's mark."""
    segments = [Segment(" ")]
    end = 0
    styles = sorted({0, len(text.plain), *(at for span in text.spans for at in (span.start, span.end))})
    for start, end in pairwise(styles):
        style = Style.combine(
            [_style(text.style), *(_style(span.style) for span in text.spans if span.start <= start < span.end)]
        )
        segments.append(Segment(text.plain[start:end], style))
    return Strip(segments).adjust_cell_length(width)


def _style(style: str | Style) -> Style:
    return style if isinstance(style, Style) else Style.parse(style) if style else Style.null()


def _with_cursor(strip: Strip, style: Style, mark: str) -> Strip:
    """Mark a line as the cursor's by a background and, for those who see no colours, by a character."""
    return Strip([Segment(mark), *strip.crop(1)]).apply_style(style)
