"""Plain methods that every report sets beside the program: what must be clearly beaten, on the same alerts.

A method turns the alerts of a case (``Case.alerts`` without its truth) into a queue (``answer.MEMBERS``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from triage_evals.answer import MEMBERS, PAIR

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
TRUTH = ("attack", "phase", "certain")

Queue = Callable[[pl.DataFrame], pl.DataFrame]


class Method(NamedTuple):
    """A method and what it does, in a line."""

    what: str
    queue: Queue


def without_truth(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return what a method may see."""
    return alerts.drop(TRUTH)


def severity_sort(alerts: pl.DataFrame) -> pl.DataFrame:
    """Queue every (rule, host), worst severity first, then by number of alerts: what a SIEM's table does."""
    worst = [pl.col("severity").max().fill_null(0), pl.len()]
    return _ranked(alerts, list(PAIR), worst)


def host_day(alerts: pl.DataFrame) -> pl.DataFrame:
    """Queue every host's day, loudest first."""
    return _ranked(alerts.with_columns(day=pl.col("time") // DAY), ["host", "day"], [pl.len()])


def novelty_window(alerts: pl.DataFrame, minutes: int = 30) -> pl.DataFrame:
    """Queue windows of fixed length by how many (rule, host) pairs are new in them; the first day only teaches."""
    start: int = alerts["time"].min() or 0  # type: ignore[assignment]
    first = pl.col("time") == pl.col("time").min().over(PAIR)
    windowed = alerts.with_columns(window=pl.col("time") // (minutes * 60 * SECOND))
    busy = windowed.with_columns(new=first & (pl.col("time") >= start + DAY))
    fresh = pl.struct(PAIR).filter("new").n_unique()
    return _ranked(busy.filter(fresh.over("window") >= 3), ["window"], [fresh])


def time_delta(alerts: pl.DataFrame, seconds: float = 2) -> pl.DataFrame:
    """Queue bursts, alerts with at most a short silence between them, by how many pairs they hold.

    The grouping of Landauer et al., "Dealing with Security Alert Flooding" (2022), which also takes 2 s.
    """
    ordered = alerts.sort("time", "id")
    burst = (pl.col("time").diff().fill_null(0) > seconds * SECOND).cum_sum()
    return _ranked(ordered.with_columns(burst=burst), ["burst"], [pl.struct(PAIR).n_unique(), pl.len()])


def sketch(alerts: pl.DataFrame) -> pl.DataFrame:
    """Queue activities by (rule, host), scored by novelty and severity, joined by host within two hours.

    The feasibility sketch that comes with the data sets: no text, no user, no process, no embedding, no tool.
    """
    active = _activities(alerts)
    unusual = active.filter(pl.col("score") >= 0.5).sort("host", "first", "activity")
    apart = (pl.col("first") - pl.col("last").shift(1).cum_max()).over("host") > 2 * HOUR
    joined = unusual.with_columns(group=apart.fill_null(value=True).cum_sum())
    kinds = joined.with_columns(weight=pl.col("score").max().over("group", "rule"))
    weight = kinds.unique(["group", "rule"]).group_by("group").agg(pl.col("weight").sum())
    shown = joined.join(weight, on="group").filter(pl.col("weight") >= 1.0)
    rows = shown.select("activity", "group", "weight").join(
        active.select("activity", "ids").explode("ids"), on="activity"
    )
    return _ranked(rows.rename({"ids": "id"}), ["group"], [pl.col("weight").max()])


def _activities(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return runs of one (rule, host) without an hour's silence: first, last, ids, score."""
    ordered = alerts.sort("time", "id")
    gap = (pl.col("time").diff() > HOUR).fill_null(value=True).cum_sum().over(PAIR)
    runs = ordered.with_columns(run=gap).group_by(*PAIR, "run", maintain_order=True)
    active = runs.agg(
        first=pl.col("time").min(), last=pl.col("time").max(), ids=pl.col("id"), severity=pl.col("severity").max()
    ).with_row_index("activity")
    day = pl.col("first") // DAY
    here = (day.rank("dense").over(PAIR) - 1).cast(pl.Float64)
    anywhere = (day.rank("dense").over("rule") - 1).cast(pl.Float64)
    learnt = day > day.min()
    novelty = pl.when(~learnt).then(0.5).when(anywhere == 0).then(1.0).otherwise(0.6 * pl.lit(0.5).pow(here))
    return active.with_columns(score=novelty * (0.5 + pl.col("severity").fill_null(25) / 100))


def _ranked(rows: pl.DataFrame, group: list[str], order: list[pl.Expr]) -> pl.DataFrame:
    """Number the groups by ``order``, highest first; ties by what was first in the input."""
    keys = [f"key{number}" for number in range(len(order))]
    sized = rows.group_by(group, maintain_order=True).agg(**dict(zip(keys, order, strict=True)))
    placed = sized.sort(keys, descending=True, maintain_order=True).with_row_index("place", offset=1)
    return rows.join(placed, on=group, nulls_equal=True).select(MEMBERS.names()).cast(MEMBERS)


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "severity sort": Method("every (rule, host), worst severity first", severity_sort),
        "host-day": Method("every host's day, loudest first", host_day),
        "novelty window": Method("30-minute windows with at least three new (rule, host) pairs", novelty_window),
        "time-delta": Method("bursts without 2 s of silence, most pairs first", time_delta),
        "sketch": Method("activities by (rule, host), novelty x severity, joined by host within 2 h", sketch),
    }
)
