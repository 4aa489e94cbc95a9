"""Documents that could not be read, each with its reason."""

from collections.abc import Sequence

from rich.text import Text

from triage.models import DeadLetter
from triage_tui.look import Look
from triage_tui.sheets.base import Builder, ListSheet


def dead_sheet(letters: Sequence[DeadLetter], look: Look, width: int) -> ListSheet:
    """Return one item per document: reason, where it came from, how it begins."""
    page = Builder(width, look)
    for letter in letters:
        page.item(
            Text.assemble(
                look.text(letter.reason, 200, look.styles.warn),
                "  ",
                look.text(letter.origin, 200, look.styles.muted),
                "  ",
                look.text(letter.excerpt, 300),
                end="",
            ),
            hang=2,
        )
    return page.sheet()


def letter_sheet(letter: DeadLetter, look: Look, width: int) -> ListSheet:
    """Return one document that could not be read: why, where it came from, and what was kept of it."""
    page = Builder(width, look)
    for name, text in (
        ("reason", letter.reason),
        ("origin", letter.origin),
        ("id", letter.alert_id),
        ("index", letter.index),
        ("begins", letter.excerpt),
    ):
        page.item(Text.assemble(look.cell(name, 8, look.styles.muted), look.text(text, 2000), end=""), hang=8)
    return page.sheet()
