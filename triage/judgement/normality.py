"""Memory as an analyst reads it: what is usual for whom, since when, on which days and hours, how much, with whom."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal, NamedTuple

import polars as pl

from triage.config import BaselineSettings
from triage.judgement.baseline import HOURS_PER_DAY, together
from triage.judgement.teaching import learned

EPOCH = date(1970, 1, 1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
OTHERS_KEPT = 5
_PAIR = ["signature", "principal"]


class Signature(NamedTuple):
    """What a signature stands for."""

    detector: str
    rule: str
    message: str
    """Masked."""


class Habit(NamedTuple):
    """One kind of alert about one principal, as far as it counts as normal."""

    signature: str
    detector: str
    rule: str
    message: str
    principal: str
    since: date
    last: date
    days: int
    """Days on which it was seen."""
    weekdays: str
    hours: str
    """Hours of the day (UTC) in which it was seen."""
    alerts: int
    usual: float
    """Alerts on a day on which it is seen, the mean."""
    most: int
    """Alerts on its loudest day."""
    held_back: int
    """Alerts that do not count: in incidents, or above what may be learned a day."""
    others: tuple[str, ...]
    """Some of the other principals it is normal for."""
    other_count: int


class Difference(NamedTuple):
    """How one pair differs between two versions of the baseline."""

    signature: str
    detector: str
    rule: str
    principal: str
    change: Literal["new", "gone", "more", "less"]
    days_before: int
    days_after: int
    alerts_before: int
    alerts_after: int


def habits(
    observed: pl.DataFrame, names: Mapping[str, Signature], about: str, settings: BaselineSettings
) -> Sequence[Habit]:
    """Return what is normal, loudest first; ``about`` narrows to an entity, a signature or part of a rule's name."""
    known, whole = learned(observed, settings), together(observed)
    total = whole.group_by(_PAIR).agg(pl.col("count").sum().alias("observed"))
    pairs = known.group_by(_PAIR).agg(
        pl.col("day").sort(),
        pl.col("hours").bitwise_or(),
        alerts=pl.col("count").sum(),
        most=pl.col("count").max(),
    )
    rows = pairs.join(total, on=_PAIR).sort("alerts", *_PAIR, descending=[True, False, False]).to_dicts()
    sharers: dict[str, list[str]] = {}
    for signature, principal in known.select(_PAIR).unique().sort(_PAIR).iter_rows():
        sharers.setdefault(signature, []).append(principal)
    return [
        _habit(row, names.get(row["signature"], _UNNAMED), sharers[row["signature"]])
        for row in rows
        if _fits(row, names.get(row["signature"], _UNNAMED), about.casefold())
    ]


_UNNAMED = Signature("", "", "")


def _fits(row: Mapping[str, Any], name: Signature, about: str) -> bool:
    principal = row["principal"].casefold()
    own = (principal, principal.partition(":")[2])
    return about in own or row["signature"].startswith(about) or about in name.rule.casefold()


def _habit(row: Mapping[str, Any], name: Signature, sharers: Sequence[str]) -> Habit:
    days, others = row["day"], [one for one in sharers if one != row["principal"]]
    return Habit(
        signature=row["signature"],
        **name._asdict(),
        principal=row["principal"],
        since=_date(days[0]),
        last=_date(days[-1]),
        days=len(days),
        weekdays=said_weekdays({_date(day).weekday() for day in days}),
        hours=said_hours(row["hours"]),
        alerts=row["alerts"],
        usual=round(row["alerts"] / len(days), 1),
        most=row["most"],
        held_back=row["observed"] - row["alerts"],
        others=tuple(others[:OTHERS_KEPT]),
        other_count=len(others),
    )


def differences(
    before: pl.DataFrame, after: pl.DataFrame, names: Mapping[str, Signature], settings: BaselineSettings
) -> Sequence[Difference]:
    """Return the pairs whose memory differs between two versions' observations, by signature and principal."""
    sides = [
        learned(side, settings).group_by(_PAIR).agg(days=pl.len(), alerts=pl.col("count").sum())
        for side in (before, after)
    ]
    both = sides[0].join(sides[1], on=_PAIR, how="full", coalesce=True, suffix="_after").sort(_PAIR)
    both = both.with_columns(pl.col("days", "alerts", "days_after", "alerts_after").fill_null(0))
    changed = both.filter((pl.col("days") != pl.col("days_after")) | (pl.col("alerts") != pl.col("alerts_after")))
    return [_difference(names.get(row[0], _UNNAMED), *row) for row in changed.iter_rows()]


def _difference(
    name: Signature, signature: str, principal: str, days: int, alerts: int, days_after: int, alerts_after: int
) -> Difference:
    change: Literal["new", "gone", "more", "less"]
    if not days or not days_after:
        change = "gone" if days else "new"
    else:
        change = "more" if (days_after, alerts_after) > (days, alerts) else "less"
    return Difference(signature, name.detector, name.rule, principal, change, days, days_after, alerts, alerts_after)


def said_hours(mask: int) -> str:
    """Return the hours of a mask (bit h = hour h, UTC) as ranges, e.g. '08-17, 22'."""
    hours = [hour for hour in range(HOURS_PER_DAY) if mask >> hour & 1]
    return "round the clock" if len(hours) == HOURS_PER_DAY else ", ".join(_ranges(hours, "{:02d}".format))


def said_weekdays(days: set[int]) -> str:
    """Return days of the week (0 = Monday) in words, e.g. 'Mon-Fri'."""
    return "every day" if len(days) == len(WEEKDAYS) else ", ".join(_ranges(sorted(days), WEEKDAYS.__getitem__))


def _ranges(numbers: Iterable[int], name: Callable[[int], str]) -> Iterator[str]:
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield name(members[0]) if len(members) == 1 else f"{name(members[0])}-{name(members[-1])}"


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)
