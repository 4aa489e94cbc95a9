"""Plots as inline SVG: no script, no font, no file beside the page; colours come from the page's style sheet."""

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from triage.trust.untrusted import clean
from triage_evals.results import OwnOutcome, Place, Results
from triage_evals.statistics import found_at, reliability

WIDTH, HEIGHT, EDGE = 460, 260, 36
MOST = 20
"""Places drawn of the found@k curve and of a queue."""


def found_curve(results: Results) -> Markup:
    """Draw the share of attacks found among the first k incidents, for every method."""
    every = {"triage": results.cases, **results.baselines}
    curves = {
        name: [(k / MOST, share) for k, share in enumerate(found_at(found, MOST), 1)] for name, found in every.items()
    }
    return _frame("found@k: share of attacks among the first k incidents", "k, 1 to 20", _lines(curves))


def reliability_curve(places: Sequence[Place]) -> Markup:
    """Draw, for every bin of urgency, the share of incidents that are attacks; the diagonal is perfect."""
    dots = [
        Markup('<circle class="c0" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>').format(
            _x(stated), _y(true), 3 + min(9, count**0.5), f"urgency {stated:.0%}: {true:.0%} of {count} are attacks"
        )
        for stated, true, count in reliability(places)
    ]
    return _frame("urgency against being an attack", "urgency / 100", [_line([(0, 0), (1, 1)], "grid", ""), *dots])


def queue_composition(cases: Sequence[OwnOutcome]) -> Markup:
    """Draw the queue of every case: one square per place, filled where it is an attack."""
    step = 18
    rows = [_queue(one, number * step) for number, one in enumerate(cases)]
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="queue of every case">').format(
        WIDTH + 160, step * len(cases) + 4
    )
    return head + Markup().join(rows) + Markup("</svg>")


def _queue(one: OwnOutcome, top: int) -> Markup:
    label = Markup('<text x="0" y="{}">{}</text>').format(top + 12, clean(one.case, 26))
    squares = [
        Markup('<rect class="{}" x="{}" y="{}" width="14" height="14"><title>{}</title></rect>').format(
            "attack" if place.owner else "noise", 170 + 18 * number, top + 1, _said(place)
        )
        for number, place in enumerate(one.queue[:MOST])
    ]
    return label + Markup().join(squares)


def _said(place: Place) -> str:
    whose = clean(place.owner, 60) or f"noise {clean(place.origin, 60)}".strip()
    return f"{place.place}: {whose}, urgency {place.urgency:.0f}, {place.alerts:,} alerts"


def _x(share: float) -> float:
    return EDGE + share * (WIDTH - EDGE - 8)


def _y(share: float) -> float:
    return HEIGHT - EDGE - share * (HEIGHT - EDGE - 24)


def _line(points: Sequence[tuple[float, float]], style: str, title: str) -> Markup:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"><title>{}</title></polyline>').format(style, path, title)


def _lines(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Iterable[Markup]:
    for number, (name, points) in enumerate(curves.items()):
        yield _line(points, f"c{number % 8}", name)
        yield Markup('<text class="t{}" x="{}" y="{}">{}</text>').format(
            number % 8, WIDTH - 108, HEIGHT - EDGE - 12 * (len(curves) - number), name
        )


def _frame(title: str, axis: str, content: Iterable[Markup]) -> Markup:
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><text x="{}" y="14">{}</text>').format(
        WIDTH, HEIGHT, title, EDGE, title
    )
    ticks = [
        Markup(
            '<line class="grid" x1="{:.0f}" x2="{:.0f}" y1="{:.1f}" y2="{:.1f}"/><text x="2" y="{:.1f}">{}</text>'
        ).format(_x(0), _x(1), _y(share), _y(share), _y(share) + 4, f"{share:.0%}")
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    foot = Markup('<text x="{}" y="{}">{}</text></svg>').format(EDGE, HEIGHT - 8, axis)
    return head + Markup().join([*ticks, *content]) + foot
