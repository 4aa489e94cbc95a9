"""A sheet is what a list of rows shows: lines by number, built for one width. No widget, no event loop."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from rich.cells import cell_len
from rich.text import Text

from triage_tui.look import Look
from triage_tui.messages import Target


class Line(NamedTuple):
    """One line. Lines with the same ``item`` belong together and are under the cursor together; -1 is never."""

    text: Text
    item: int = -1
    target: Target | None = None


class Sheet(Protocol):
    """Lines by number, so that a list of a million rows costs only those in view."""

    def __len__(self) -> int:
        """Return the number of lines."""
        ...

    def line(self, y: int) -> Line:
        """Return one line; 0 <= y < len."""
        ...


class ListSheet:
    """A sheet whose lines are all there."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, y: int) -> Line:
        """Return one line."""
        return self._lines[y]

    def find(self, target: Target) -> int | None:
        """Return the first line that points at a target."""
        kind = type(target)  # two kinds of target with the same words are equal as tuples
        return next(
            (y for y, line in enumerate(self._lines) if line.target == target and isinstance(line.target, kind)), None
        )


FIND_LINES = 50_000
"""Lines looked through for words; a table of a million alerts is better filtered."""


def find(sheet: Sheet, words: str, after: int) -> int | None:
    """Return the next line after one that has the words, whatever their case; from the top again at the end."""
    total, wanted = len(sheet), words.lower()
    for step in range(1, min(total, FIND_LINES) + 1):
        line = sheet.line((after + step) % total)
        if line.item >= 0 and wanted in line.text.plain.lower():
            return (after + step) % total
    return None


class Builder:
    """Collects lines for one width, wrapping what is longer."""

    def __init__(self, width: int, look: Look) -> None:
        self.width = max(width, 10)
        self.look = look
        self._lines: list[Line] = []
        self._items = 0

    def heading(self, words: str) -> None:
        """Add a heading with a blank line above it."""
        if self._lines:
            self._lines.append(Line(Text(end="")))
        heading = Text(words, style=self.look.styles.heading, end="")
        self._lines += [Line(part) for part in wrap(heading, self.width, 0)]

    def item(self, text: Text, target: Target | None = None, *, hang: int = 0) -> None:
        """Add something the cursor can stand on; continued lines are indented by ``hang`` cells."""
        self._lines += [Line(part, self._items, target) for part in wrap(text, self.width, hang)]
        self._items += 1

    def more(self, text: Text) -> None:
        """Add a line that belongs to the item before it."""
        before = self._lines[-1]
        self._lines.append(Line(text, before.item, before.target))

    def under(self, text: Text, indent: int) -> None:
        """Add lines that belong to the item before them, indented by some cells."""
        for part in wrap(text, self.width - indent):
            self.more(Text.assemble(" " * indent, part, end=""))

    def plain(self, text: Text, *, hang: int = 0) -> None:
        """Add lines the cursor passes over."""
        self._lines += [Line(part) for part in wrap(text, self.width, hang)]

    def items(self, texts: Iterable[Text], *, hang: int = 0) -> None:
        """Add several items."""
        for text in texts:
            self.item(text, hang=hang)

    def sheet(self) -> ListSheet:
        """Return what was collected."""
        return ListSheet(self._lines)


def wrap(text: Text, width: int, hang: int = 0) -> list[Text]:
    """Return the text in lines of at most ``width`` cells, broken between words where that is possible."""
    if text.cell_len <= width:
        return [text]
    lines: list[Text] = []
    rest, room = text, width
    while rest.cell_len > room:
        cut = _break(rest.plain, room)
        head, rest = rest.divide([cut])
        head.rstrip()
        lines.append(head)
        rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :] if rest.plain.startswith(" ") else rest
        room = width - hang
    if rest.plain:
        lines.append(rest)
    padding = " " * hang
    return lines[:1] + [Text.assemble(padding, line, end="") for line in lines[1:]]


def _break(plain: str, room: int) -> int:
    """Return the number of characters that go on a line of ``room`` cells: at least one."""
    cells, end = 0, 0
    for end, character in enumerate(plain):  # noqa: B007 - the index is what is wanted
        cells += cell_len(character)
        if cells > room:
            break
    space = plain.rfind(" ", 1, end + 1)
    return space if space > room // 3 else max(end, 1)
