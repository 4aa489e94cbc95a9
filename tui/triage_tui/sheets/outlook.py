"""What would come of another grouping: the incidents as they are, and as they would be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from triage_tui.look import Look, count
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.view_state import number

if TYPE_CHECKING:  # it draws in the whole of correlation, which is not wanted at the start
    from triage.regroup.outlook import Outlook, Piece

PIECES_SHOWN = 40
"""Incidents listed on either side; how many there are is said."""


def outlook_sheet(found: "Outlook", look: Look, width: int) -> ListSheet:
    """Return what is and what would be, one item per incident; a changed number is marked."""
    page = Builder(width, look)
    page.heading("What would come of it")
    page.item(look.text(found.summary, 600, look.styles.strong))
    if found.note:
        page.item(look.text(found.note, 600, look.styles.warn))
    known = {piece.incident_id: piece for piece in found.before}
    _pieces(page, "Now", found.before, known)
    _pieces(page, "Then", found.after, known)
    page.plain(Text(end=""))
    page.plain(Text("Rated by code alone: what an investigation would add is not in it.", look.styles.muted, end=""))
    return page.sheet()


def _pieces(page: Builder, title: str, pieces: "Sequence[Piece]", known: "dict[str, Piece]") -> None:
    page.heading(f"{title}: {number(len(pieces))}")
    for piece in pieces[:PIECES_SHOWN]:
        page.item(_head(piece, known.get(piece.incident_id), page.look), hang=4)
        for text, style in _tail(piece, page.look):
            page.more(page.look.cell(f"      {text}", page.width, style))
    if len(pieces) > PIECES_SHOWN:
        page.plain(Text(f"      and {len(pieces) - PIECES_SHOWN:,} more", style=page.look.styles.muted, end=""))


def _head(piece: "Piece", before: "Piece | None", look: Look) -> Text:
    word = "everyday" if piece.everyday else piece.disposition
    size = f"{count(piece.alerts)} alert{'s' * (piece.alerts != 1)} from {number(len(piece.activities), 'activity')}"
    return Text.assemble(
        f"#{piece.rank:<4}",
        look.bar(piece.urgency, 8),
        " ",
        look.cell(word, 10, look.styles.of(piece.disposition)),
        " ",
        look.text(piece.incident_id, 60, look.styles.accent),
        f"  {size}",
        ("  new" if before is None else "", look.styles.warn),
        end="",
    )


def _tail(piece: "Piece", look: Look) -> list[tuple[str, str]]:
    found = [("; ".join(piece.rules), ""), (piece.reason, look.styles.muted)]
    if piece.weakest_join:
        found.append((f"held least by: {piece.weakest_join}", look.styles.muted))
    return [one for one in found if one[0]]
