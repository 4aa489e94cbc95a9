"""What a match with threat intelligence means for a candidate: one more part of its urgency, never a lower verdict.

A list may be wrong, or written by an attacker, so that a match can raise and surface but neither lower nor hide, its
worth is bounded, and what much of the network names raises nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from triage.condense import stable_key
from triage.judgement.correlate import JOINS, Correlated
from triage.judgement.urgency import SCALE, Rating, Scale, total
from triage.models import UrgencyPart
from triage.wording import number, plain

MOST_POINTS: Final = 20.0
"""Points of a match of confidence 100."""
_STRENGTH: Final = 0.9
_MOST: Final = 100.0


class KnownBad(NamedTuple):
    """An indicator that an activity names."""

    indicator: str
    """kind:value."""
    source: str
    confidence: int
    """0-100."""
    telling: bool
    """False for what much of the network names."""


def raised(rating: Rating, matches: Sequence[KnownBad], least: int, scale: Scale = SCALE) -> Rating:
    """Return the rating with the part that the most confident telling match of at least ``least`` (0-100) earns.

    The parts still add up to at most 100. A benign candidate becomes suspicious, a suspicious one an attack where its
    urgency now reaches that.
    """
    counted = sorted({one for one in matches if one.telling and one.confidence >= least}, key=_order)
    if not counted:
        return rating
    best = counted[0]
    more = f", and {number(len(counted) - 1, 'more match', 'more matches')}" if len(counted) > 1 else ""
    told = f"known bad indicator {plain(best.indicator)} from source {plain(best.source)}, confidence {best.confidence}"
    points = min(MOST_POINTS * best.confidence / 100, _MOST - total(rating.parts))
    part = UrgencyPart(name="known bad", points=round(points, 1), why=f"{told}{more}")
    parts = (*rating.parts, part) if part.points > 0 else rating.parts
    if rating.disposition == "benign":
        return rating._replace(
            disposition="suspicious", reason=f"{told}; without it benign, {rating.reason}", parts=parts
        )
    if rating.disposition == "suspicious" and total(parts) >= scale.attack_points:
        return rating._replace(disposition="attack", reason=f"{told}; without it {rating.reason}", parts=parts)
    return rating._replace(parts=parts)


def surfaced(
    compared: pl.DataFrame, correlated: Correlated, known_bad: Mapping[str, Sequence[KnownBad]], least: int
) -> Correlated:
    """Make candidates of everyday activities that name a telling indicator: one per asset and indicator.

    What is seen every day may be an intruder who has been here for long.
    """
    best = {key: min(told, key=_order) for key, found in known_bad.items() if (told := _telling(found, least))}
    rest = compared.join(correlated.membership, on="activity", how="anti").sort("first", "activity")
    groups: dict[tuple[str, str], list[str]] = {}
    for activity, principal in rest.select("activity", "principal").iter_rows():
        if activity in best:
            groups.setdefault((principal, best[activity].indicator), []).append(activity)
    if not groups:
        return correlated
    members, joins = [], []
    for (_, indicator), activities in groups.items():
        candidate = stable_key("known bad", activities[0])
        members += [(candidate, activity, True) for activity in activities]
        reason = f"both name known bad {plain(indicator)} on the same asset"
        joins += [(candidate, left, right, reason, _STRENGTH) for left, right in pairwise(activities)]
    membership = pl.DataFrame(members, schema=correlated.membership.schema, orient="row")
    tied = pl.DataFrame(joins, schema=JOINS, orient="row").cast(correlated.joins.schema)
    return Correlated(
        pl.concat([correlated.membership, membership]).sort("candidate", "activity"),
        pl.concat([correlated.joins, tied]).sort("candidate", "strength", "left", "right"),
    )


def _telling(matches: Sequence[KnownBad], least: int) -> list[KnownBad]:
    return [one for one in matches if one.telling and one.confidence >= least]


def _order(one: KnownBad) -> tuple[int, str, str]:
    return -one.confidence, one.indicator, one.source
