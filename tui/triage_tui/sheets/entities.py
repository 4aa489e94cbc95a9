"""The entities of an incident: how much of it each carries, and with whom it was seen."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from rich.text import Text

from triage.desk.pivots import History
from triage.models import Entity, Incident
from triage_tui.look import Look, count
from triage_tui.messages import EntityTarget
from triage_tui.sheets.base import Builder, ListSheet
from triage_tui.sheets.pivot import sparkline
from triage_tui.sheets.timeline import HIDDEN
from triage_tui.view_state import number

KNOWN = 200
"""Entities whose history is read."""
BRANCHES = 4
"""Neighbours drawn of one entity."""
ROOM = 16
"""Cells below which neighbours are left out."""


def named(incident: Incident) -> list[tuple[str, str]]:
    """Return kind and value of the entities a person knows by name, those with most alerts first."""
    ranked = sorted(incident.entities, key=lambda entity: -entity.alert_count)
    return [(entity.kind.value, entity.value) for entity in ranked if entity.kind not in {"lineage", "logon"}][:KNOWN]


def entities_sheet(
    incident: Incident, histories: Mapping[tuple[str, str], History] | None, look: Look, width: int, roots: int = 3
) -> ListSheet:
    """Return the neighbourhood of the main entities, then one item per entity; opening one filters the queue by it."""
    page = Builder(width, look)
    near = _neighbours(incident)
    _neighbourhood(page, incident, near, roots)
    reading = "; their history is being read" if histories is None else ""
    page.heading(f"Entities ({len(incident.entities)}); Enter filters the queue, w asks when it was seen{reading}")
    most = max((entity.alert_count for entity in incident.entities), default=1) or 1
    for entity in incident.entities:
        if entity.kind not in {"lineage", "logon"}:
            text = _entity(entity, near, most, page)
            known = (histories or {}).get((entity.kind.value, entity.value))
            page.item(text, EntityTarget(entity.kind, entity.value), hang=17)
            if known:
                page.more(_seen(known, page))
    return page.sheet()


def _seen(known: History, page: Builder) -> Text:
    """Return how common an entity is: alerts, hosts and days in all that is stored, and its days as a line."""
    look = page.look
    words = (
        f"{'':17}{number(known.alerts, 'alert')} on {number(known.hosts, 'host')}, {number(len(known.days), 'day')}  "
    )
    text = Text.assemble((words, look.styles.muted), end="")
    return Text.assemble(text, sparkline(known.days, look, max(page.width - text.cell_len, 31)), end="")


def _neighbourhood(page: Builder, incident: Incident, near: dict[str, Counter[str]], roots: int) -> None:
    """Draw the entities with most alerts, and below each those it was seen with most."""
    look, styles = page.look, page.look.styles
    page.heading("Neighbourhood: seen together with")
    for kind, value in named(incident)[:roots]:
        others = sorted(near.get(f"{kind}:{value}", Counter()).items(), key=lambda found: (-found[1], found[0]))
        page.plain(Text.assemble((f"{kind}:", styles.muted), look.text(value, 200, styles.strong), end=""))
        shown = others[:BRANCHES]
        for at, (name, alerts) in enumerate(shown):
            last = at == len(shown) - 1
            more = f"  and {len(others) - BRANCHES} more" if last and len(others) > BRANCHES else ""
            tie = (look.glyphs.last_branch if last else look.glyphs.branch) + look.glyphs.rule
            of, _, told = name.partition(":")
            line = Text.assemble(
                (f"  {tie} ", styles.muted),
                look.cell(count(alerts), 5, right=True),
                (f"  {of}:", styles.muted),
                look.text(told, 200),
                (more, styles.muted),
                end="",
            )
            page.plain(line, hang=12)


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
