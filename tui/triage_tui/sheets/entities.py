"""The entities of an incident: how much of it each carries, and with whom it was seen."""

from collections import Counter, defaultdict

from rich.text import Text

from triage.models import Entity, Incident
from triage_tui.look import Look, count
from triage_tui.messages import EntityTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.timeline import HIDDEN

ROOM = 16
"""Cells below which neighbours are left out."""


def entities_sheet(incident: Incident, look: Look, width: int) -> ListSheet:
    """Return one item per entity with its neighbours; opening one filters the queue by it."""
    page = Builder(width, look)
    page.heading(f"Entities ({len(incident.entities)}); Enter shows every incident that names one")
    near = _neighbours(incident)
    most = max((entity.alert_count for entity in incident.entities), default=1) or 1
    for entity in incident.entities:
        if entity.kind not in {"lineage", "logon"}:
            page.item(_entity(entity, near, most, page), EntityTarget(entity.kind, entity.value), hang=17)
    return page.sheet()


def _entity(entity: Entity, near: dict[str, Counter[str]], most: int, page: Builder) -> Text:
    look, styles = page.look, page.look.styles
    size = max(round(entity.alert_count / most * 10), 1)
    roles = f" ({', '.join(entity.roles)})" if entity.roles else ""
    critical = f"  criticality {entity.criticality}" if entity.criticality else ""
    text = Text.assemble(
        look.cell(entity.kind, 9, styles.muted),
        look.cell(count(entity.alert_count), 5, right=True),
        "  ",
        (look.glyphs.full * size + look.glyphs.empty * (10 - size), styles.accent),
        "  ",
        look.text(entity.value, 300, styles.strong),
        look.text(roles, 80, styles.muted),
        (critical, styles.warn),
        end="",
    )
    others = near.get(f"{entity.kind}:{entity.value}")
    room = page.width - text.cell_len - 4
    if others and room >= ROOM:
        ranked = sorted(others.items(), key=lambda found: (-found[1], found[0]))
        names = ", ".join(short(name) for name, _ in ranked)
        text.append_text(look.text(f"  {look.glyphs.arrow} ", style=styles.muted))
        text.append_text(look.cell(names, room, styles.muted))
    return text


def _neighbours(incident: Incident) -> dict[str, Counter[str]]:
    """Return entity -> other entities of its activities, by alerts."""
    near: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in incident.timeline:
        names = [name for name in entry.entities if not name.startswith(HIDDEN)][:50]
        for name in names:
            near[name].update({other: entry.alert_count for other in names if other != name})
    return near


def short(name: str) -> str:
    """Return an entity text in few characters: a path by its last part, a hash by its beginning."""
    kind, _, value = name.partition(":")
    if kind == "hash":
        return value[:10]
    return value.replace("\\", "/").rstrip("/").rpartition("/")[2] or value if kind in {"file", "url"} else value
