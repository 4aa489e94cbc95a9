"""The timeline: a lane per entity with its bursts as bars, then every activity with its time."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from rich.text import Text

from triage.models import Incident, TimelineEntry
from triage_tui.look import Look, ago, count
from triage_tui.messages import ActivityTarget
from triage_tui.sheets.base import Builder, ListSheet

HIDDEN = ("lineage:", "logon:")
"""Entities that join alerts but name nothing a person knows."""


class Zoom(NamedTuple):
    """Which part of an incident's time is shown, as shares of it."""

    start: float = 0.0
    end: float = 1.0

    def zoomed(self, factor: int) -> "Zoom":
        """Return half of it (2) or twice as much (-2), around the middle."""
        half = (self.end - self.start) / 2
        reach = max(half / 2 if factor > 0 else half * 2, LEAST_SHARE / 2)
        middle = (self.start + self.end) / 2
        return Zoom(max(middle - reach, 0.0), min(middle + reach, 1.0))

    def panned(self, steps: int) -> "Zoom":
        """Return half a width earlier or later, within the incident."""
        width = self.end - self.start
        start = min(max(self.start + steps * width / 2, 0.0), 1.0 - width)
        return Zoom(start, start + width)


LEAST_SHARE = 1 / 4096
"""Of the time of an incident, the least that is shown."""
WHOLE = Zoom()


def zoomed(incident: Incident, zoom: Zoom) -> Incident:
    """Return an incident with the time and the activities that a zoom shows."""
    if zoom == WHOLE:
        return incident
    length = incident.last_seen - incident.first_seen
    first, last = incident.first_seen + length * zoom.start, incident.first_seen + length * zoom.end
    inside = tuple(entry for entry in incident.timeline if entry.last_seen >= first and entry.first_seen <= last)
    return incident.model_copy(update={"first_seen": first, "last_seen": last, "timeline": inside})


def timeline_sheet(
    whole: Incident, look: Look, width: int, lanes: int = 10, zoom: Zoom = WHOLE, marked: Collection[str] = ()
) -> ListSheet:
    """Return lanes of the entities named most, and below them the activities; those open their alerts."""
    page, incident = Builder(width, look), zoomed(whole, zoom)
    shown, total = len(incident.timeline), incident.activity_count
    some = "" if shown >= total else f", {shown} of {total:,} activities"
    page.heading(
        f"{incident.first_seen:%Y-%m-%d %H:%M:%S} to {incident.last_seen:%Y-%m-%d %H:%M:%S} UTC,"
        f" {ago(incident.last_seen - incident.first_seen)}{some}{_hint(zoom)}"
    )
    _lanes(page, incident, lanes)
    page.heading("Activities")
    for before, entry in zip([None, *incident.timeline], incident.timeline, strict=False):
        page.item(
            _activity(entry, before, look, page.width, marked=entry.activity in marked),
            ActivityTarget(entry.activity, entry.rule),
        )
    return page.sheet()


def _hint(zoom: Zoom) -> str:
    return "; + - zoom, h l move" if zoom == WHOLE else f"; {zoom.end - zoom.start:.1%} of its time, - for more"


def _lanes(page: Builder, incident: Incident, most: int) -> None:
    named = Counter(name for entry in incident.timeline for name in entry.entities if not name.startswith(HIDDEN))
    label = min(32, page.width // 3)
    cells = page.width - label - 1
    for name, _ in sorted(named.items(), key=lambda found: (-found[1], found[0]))[:most]:
        entries = [entry for entry in incident.timeline if name in entry.entities]
        bar = _lane(entries, incident.first_seen, incident.last_seen, cells, page.look)
        page.plain(Text.assemble(page.look.cell(name, label, page.look.styles.muted), " ", bar, end=""))
    if named:
        clock = "%H:%M" if (incident.last_seen - incident.first_seen).total_seconds() >= 600 else "%H:%M:%S"
        start, end = f"{incident.first_seen:{clock}}", f"{incident.last_seen:{clock}}"
        gap = max(cells - len(start) - len(end), 1)
        page.plain(Text(" " * (label + 1) + start + " " * gap + end, style=page.look.styles.muted, end=""))


def _lane(entries: list[TimelineEntry], first: datetime, last: datetime, cells: int, look: Look) -> Text:
    """Return one bar: the height of a cell tells how many alerts fall into it, its style the severity."""
    alerts, severity = [0.0] * cells, [0.0] * cells
    length = max((last - first).total_seconds(), 1.0)
    for entry in entries:
        begin = int((entry.first_seen - first).total_seconds() / length * (cells - 1))
        end = int((entry.last_seen - first).total_seconds() / length * (cells - 1))
        for at in range(max(begin, 0), min(end, cells - 1) + 1):
            alerts[at] += entry.alert_count / (end - begin + 1)
            severity[at] = max(severity[at], entry.severity)
    text = Text(end="")
    ramp = look.glyphs.ramp
    for found, worst in zip(alerts, severity, strict=True):
        height = min(int(found).bit_length(), len(ramp)) - 1 if found >= 1 else 0
        text.append(
            ramp[max(height, 0)] if found else look.glyphs.off,
            look.styles.urgency(worst) if found else look.styles.muted,
        )
    return text


def _activity(entry: TimelineEntry, before: TimelineEntry | None, look: Look, width: int, *, marked: bool) -> Text:
    styles = look.styles
    newday = before is None or before.first_seen.date() != entry.first_seen.date()
    when = f"{entry.first_seen:%m-%d %H:%M:%S}" if newday else f"      {entry.first_seen:%H:%M:%S}"
    lasted = ago(entry.last_seen - entry.first_seen) if entry.last_seen > entry.first_seen else ""
    fixed = 15 + 5 + 6 + 6
    new = "new" if entry.novelty >= 0.99 else ""
    rest = max(width - fixed - 4, 20)
    rule = rest if width < 88 else rest * 3 // 5
    text = Text.assemble(
        (when, styles.muted),
        (look.glyphs.selected if marked else " ", styles.good),
        look.cell(lasted, 5, styles.muted, right=True),
        look.cell(count(entry.alert_count), 6, right=True),
        "x ",
        look.cell(f"{entry.severity:.0f}", 3, styles.urgency(entry.severity), right=True),
        " ",
        look.cell(new, 3, styles.warn),
        " ",
        look.cell(entry.rule, rule),
        end="",
    )
    if width >= 88:
        names = ", ".join(name.partition(":")[2] for name in entry.entities if not name.startswith(HIDDEN))
        text.append_text(Text(" "))
        text.append_text(look.cell(names, rest - rule - 1, styles.muted))
    return text
