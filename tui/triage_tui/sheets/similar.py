"""Incidents that resemble one, what they share, and what was decided about them."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from triage.desk.similar import Similar
from triage_tui.look import Look
from triage_tui.messages import IncidentTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.entities import short
from triage_tui.view_state import Row, status_word


def similar_sheet(found: Sequence[Similar], rows: Mapping[str, Row], unread: int, look: Look, width: int) -> ListSheet:
    """Return one item per incident, the most similar first; opening one leads to it."""
    page, styles = Builder(width, look), look.styles
    waiting = f"; {unread:,} are still being read" if unread else ""
    page.heading(f"Similar incidents ({len(found)}{waiting}); shared rules, techniques and names, the rarest first")
    for one in found:
        row = rows.get(one.incident_id)
        if row is None:
            continue
        told = row.incident
        noted = f"  note: {row.status.notes[-1].text}" if row.status.notes else ""
        page.item(
            Text.assemble(
                (f"{one.score:4.0%} ", styles.strong),
                (f"#{told.rank:<4} ", styles.muted),
                look.cell(told.disposition, 11, styles.of(told.disposition)),
                look.cell(status_word(row), 8, styles.accent),
                look.text(told.title, 200),
                look.text(f"  shares {', '.join(map(_short, one.shared))}", 300, styles.muted),
                look.text(noted, 200, styles.good),
                end="",
            ),
            IncidentTarget(one.incident_id),
            hang=5,
        )
    if not found:
        page.item(Text("nothing in this state resembles it", style=styles.muted, end=""))
    return page.sheet()


def _short(trait: str) -> str:
    kind, _, _ = trait.partition(":")
    return trait.partition(":")[2] if kind in {"rule", "technique"} else short(trait)
