"""Inline SVG: urgency bar, kill-chain strip and timeline. Colours come from the page's style sheet by class.

Every text is cleaned, and escaped by ``Markup.format``.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

from triage.attack import KILL_CHAIN, stage
from triage.models import Incident, TimelineEntry, UrgencyPart
from triage.trust.untrusted import clean

WIDTH = 960
LABEL = 190
"""Width of the lane names."""
LANE = 24
LANES = 8
AXIS = 26
TICKS = 5
_OTHER_DOMAINS = frozenset(
    {
        "ai-model-access",
        "evasion",
        "ai-attack-staging",
        "inhibit-response-function",
        "impair-process-control",
    }
)
"""Tactics of ICS and ATLAS, drawn only where an incident has them."""


def _svg(height: float, label: str, content: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, clean(label, 200), Markup().join(content)
    )


def urgency_bar(incident: Incident) -> Markup:
    """Draw the urgency 0-100 as one bar, divided by the parts that raise it."""
    raising = [part for part in incident.urgency_parts if part.points > 0]
    whole = sum(part.points for part in raising) or 1.0
    width, left, pieces = (
        WIDTH * incident.urgency / 100,
        0.0,
        [Markup('<rect class="rail" width="{}" height="14"/>').format(WIDTH)],
    )
    for number, part in enumerate(raising):
        share = width * part.points / whole
        pieces.append(_piece(part, number, left, share))
        left += share
    return _svg(14, f"urgency {incident.urgency:.0f} of 100", pieces)


def _piece(part: UrgencyPart, number: int, left: float, share: float) -> Markup:
    return Markup('<rect class="part{}" x="{:.1f}" width="{:.1f}" height="14"><title>{} {:+.1f}</title></rect>').format(
        number % 6, left, max(share - 1, 0.5), clean(part.name, 60), part.points
    )


def kill_chain(incident: Incident) -> Markup:
    """Draw the tactics in kill-chain order, those of the incident filled, with the time each was first seen."""
    present = set(incident.tactics)
    shown = [tactic for tactic in KILL_CHAIN if tactic in present or tactic not in _OTHER_DOMAINS]
    shown += sorted(present - set(KILL_CHAIN))[:LANES]
    width = WIDTH / len(shown)
    pieces = [
        _chevron(tactic, number * width, width, _first(incident, tactic) if tactic in present else None)
        for number, tactic in enumerate(sorted(shown, key=lambda tactic: (stage(tactic), tactic)))
    ]
    return _svg(56, "tactics: " + ", ".join(incident.tactics), pieces)


def _first(incident: Incident, tactic: str) -> str:
    times = [entry.first_seen for entry in incident.timeline if tactic in entry.tactics]
    return f"{min(times):%d %b %H:%M}" if times else "seen"


def _chevron(tactic: str, left: float, width: float, seen: str | None) -> Markup:
    right, tip = left + width - 3, 7
    points = f"{left:.1f},1 {right - tip:.1f},1 {right:.1f},19 {right - tip:.1f},37 {left:.1f},37 {left + tip:.1f},19"
    first, _, rest = clean(tactic, 40).replace("-", " ").partition(" ")
    middle = left + width / 2
    return Markup(
        '<g class="{}"><polygon points="{}"/><text x="{:.1f}" y="{}">{}</text><text x="{:.1f}" y="28">{}</text>'
        '<text class="time" x="{:.1f}" y="51">{}</text></g>'
    ).format(
        "tactic" if seen is None else "tactic on",
        points,
        middle,
        18 if rest else 22,
        first,
        middle,
        rest,
        middle,
        seen or "",
    )


class _Scale(NamedTuple):
    """Maps time to x."""

    start: datetime
    span: timedelta

    def x(self, time: datetime) -> float:
        return LABEL + (time - self.start) / self.span * (WIDTH - LABEL - 12)


def timeline(incident: Incident) -> Markup:
    """Draw the activities over time: a lane per entity, a bar per activity, as high as it has alerts (logarithmic)."""
    entries = incident.timeline
    lanes = _lanes(incident)
    scale = _Scale(incident.first_seen, max(incident.last_seen - incident.first_seen, timedelta(seconds=1)))
    height = AXIS + LANE * len(lanes)
    pieces = [*_axis(scale, height)]
    for number, lane in enumerate(lanes):
        named = [entry for entry in entries if lane in entry.entities] if lane else _unnamed(entries, lanes)
        pieces += _lane(lane or "other entities", AXIS + number * LANE, named, scale)
    return _svg(height, f"timeline of {incident.title}", pieces)


def _lanes(incident: Incident) -> list[str]:
    """Return the entities that most alerts name; '' at the end where some activity names none of them."""
    drawn = {text for entry in incident.timeline for text in entry.entities}
    order = [f"{entity.kind}:{entity.value}" for entity in incident.entities]
    lanes = [text for text in dict.fromkeys(order) if text in drawn][:LANES]
    return [*lanes, ""] if _unnamed(incident.timeline, lanes) else lanes


def _unnamed(entries: Sequence[TimelineEntry], lanes: Sequence[str]) -> list[TimelineEntry]:
    return [entry for entry in entries if not set(lanes) & set(entry.entities)]


def _axis(scale: _Scale, height: float) -> Iterable[Markup]:
    form = "%d %b %H:%M" if scale.span >= timedelta(hours=20) else "%H:%M:%S"
    for number in range(TICKS):
        time = scale.start + scale.span * number / (TICKS - 1)
        place = {0: "first", TICKS - 1: "last"}.get(number, "inner")
        yield Markup(
            '<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="16" y2="{1:.0f}"/>'
            '<text class="tick {2}" x="{0:.1f}" y="12">{3}</text>'
        ).format(scale.x(time), height, place, f"{time:{form}}")


def _lane(name: str, top: float, entries: Iterable[TimelineEntry], scale: _Scale) -> list[Markup]:
    middle = top + LANE / 2
    head = Markup(
        '<line class="lane" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="name" x="0" y="{3}">{4}</text>'
    ).format(LABEL, WIDTH, middle, middle + 4, clean(name, 29))
    return [head, *(_bar(entry, middle, scale) for entry in entries)]


def _bar(entry: TimelineEntry, middle: float, scale: _Scale) -> Markup:
    height = min(6 + 3 * math.log10(entry.alert_count), LANE - 4)
    left = min(scale.x(entry.first_seen), WIDTH - 16)
    return Markup(
        '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"><title>{}</title></rect>'
    ).format(
        severity_class(entry.severity),
        left,
        middle - height / 2,
        max(scale.x(entry.last_seen) - left, 4),
        height,
        _tooltip(entry),
    )


def _tooltip(entry: TimelineEntry) -> str:
    times = f"{entry.first_seen:%Y-%m-%d %H:%M:%S} to {entry.last_seen:%H:%M:%S}"
    return f"{times} · {entry.alert_count:,} alerts · {clean(entry.detector, 40)} · {clean(entry.rule, 120)}"


def severity_class(severity: float) -> str:
    """Return low, medium, high or critical, at the bounds that Elastic Security uses (21, 47, 73)."""
    for bound, name in ((73, "critical"), (47, "high"), (21, "medium")):
        if severity > bound:
            return name
    return "low"
