"""What is normal here, learned without labels: which signature was seen about which entity, on which days.

Memory is one row per (signature, principal, day), so cost follows what was new and a day can be forgotten.
Judgement is causal: an activity is compared only with the days before its own, so a week triaged at once
and the same week night by night are judged alike. How the numbers become one novelty is in ``_novelty``.
"""

from typing import NamedTuple

import polars as pl

from triage.config import BaselineSettings
from triage.judgement.roaming import roaming

MICROS_PER_HOUR = 3_600_000_000
HOURS_PER_DAY = 24
MICROS_PER_DAY = MICROS_PER_HOUR * HOURS_PER_DAY

SIGHTINGS = pl.Schema(
    {
        "signature": pl.String,
        "principal": pl.String,
        "day": pl.Int32,  # days since the epoch, UTC
        "count": pl.UInt32,  # alerts
        "hours": pl.UInt32,  # bit h set: seen in hour h of the day
    }
)

OBSERVED = pl.Schema(
    [
        ("activity", pl.String()),
        *SIGHTINGS.items(),
        ("unusual", pl.Boolean()),  # it stood out when it was judged, see triage.judgement.teaching
    ]
)
"""SIGHTINGS of each activity apart: its verdict decides whether they become memory, see ``judgement.teaching``."""

BASELINE = pl.Schema(
    {
        "activity": pl.String,
        "pair_days": pl.UInt32,  # earlier days on which this signature was seen about this principal
        "net_days": pl.UInt32,  # earlier days on which this signature was seen anywhere
        "net_principals": pl.UInt32,  # other principals it was seen about before
        "usual_count": pl.UInt32,  # its highest count on any earlier day, about this principal
        "memory_days": pl.Float32,  # days that were watched before it
        "steady_hours": pl.UInt32,  # length of an unbroken round-the-clock presence, 0 = none
        "peers": pl.UInt32,  # principals that show this signature in all that is known
        "roamer": pl.String,  # an address that raises this signature about ever others round the clock; '' = none
        "roams": pl.UInt32,  # about how many
        "alone": pl.Boolean,  # steady, and few others show the signature; or roaming
        "cold": pl.Boolean,  # memory was shorter than the warm-up: newness says little
        "novelty": pl.Float32,  # 0 (everyday) to 1 (never seen here)
    }
)


class Weights(NamedTuple):
    """How surprising a first, second, ... day is. Heuristics: each halves what the day before left."""

    known_pair: tuple[float, ...] = (1.0, 0.35, 0.2, 0.1, 0.05)
    """By earlier days of the same signature about the same principal; the last value holds for more."""
    first_here: float = 0.75
    """Signature known from a few other principals, new about this one."""
    common: float = 0.35
    """Signature known from many other principals, new about this one."""
    many: int = 5
    """From how many other principals on a signature is common."""
    cold: float = 0.5
    """Factor while memory is shorter than the warm-up: newness says little then."""
    cold_rated: float = 0.85
    """The same for what its vendor rates at least ``cold_severity``: then the rating speaks, not the newness."""
    cold_severity: float = 40
    doubted: float = 0.7
    """At most so new is what was met on earlier days in incidents, or as standing out, and nobody has judged since:
    one severe kind that comes daily stays below what is shown, while all steps of an intrusion still add up."""
    spike: float = 0.6
    """Novelty of an everyday pair that is suddenly ``spike_ratio`` times as loud as ever."""
    spike_ratio: int = 10
    spike_least: int = 20
    steady: float = 0.8
    """Novelty of a presence round the clock that only few principals show: beacons, exfiltration."""
    steady_least_hours: int = 30
    steady_most_peers: int = 2
    steady_coverage: float = 0.95


WEIGHTS = Weights()


def day_of(column: str) -> pl.Expr:
    """Days since the epoch of a microseconds column."""
    return (pl.col(column) // MICROS_PER_DAY).cast(pl.Int32)


def bit_of_hour() -> pl.Expr:
    """The bit of a column ``hour`` (0-23) in a mask of hours."""
    return pl.lit(2, pl.UInt32).pow(pl.col("hour")).cast(pl.UInt32)


def sightings(alerts: pl.DataFrame, activities: pl.DataFrame) -> pl.DataFrame:
    """Return this run's OBSERVED, none of it unusual yet.

    ``alerts`` needs time and activity, ``activities`` is columns.ACTIVITIES.
    """
    hour = (pl.col("time") // MICROS_PER_HOUR % HOURS_PER_DAY).cast(pl.UInt32)
    per_hour = (
        alerts.lazy().group_by("activity", day_of("time").alias("day"), hour.alias("hour")).agg(pl.len().alias("count"))
    )
    named = per_hour.join(activities.lazy().select("activity", "signature", "principal"), on="activity")
    per_day = (
        named.with_columns(hours=bit_of_hour())
        .group_by("activity", "signature", "principal", "day")
        .agg(pl.col("count").sum().cast(pl.UInt32), pl.col("hours").bitwise_or())
    )
    whole = per_day.with_columns(unusual=pl.lit(value=False)).select(OBSERVED.names())
    return whole.sort("signature", "principal", "day", "activity").collect()


def together(*parts: pl.DataFrame) -> pl.DataFrame:
    """Merge SIGHTINGS or OBSERVED of several runs into SIGHTINGS: counts add up, hours are united."""
    united = (
        pl.concat([part.select(SIGHTINGS.names()) for part in parts])
        .group_by("signature", "principal", "day")
        .agg(pl.col("count").sum(), pl.col("hours").bitwise_or())
    )
    return united.cast(SIGHTINGS).select(SIGHTINGS.names()).sort("signature", "principal", "day")


def compare(
    activities: pl.DataFrame,
    memory: pl.DataFrame,
    settings: BaselineSettings,
    weights: Weights = WEIGHTS,
    seen: pl.DataFrame | None = None,
    doubted: pl.DataFrame | None = None,
    *,
    hindsight: bool = True,
) -> pl.DataFrame:
    """Compare activities (columns.ACTIVITIES) with memory; returns BASELINE.

    ``memory`` is SIGHTINGS of what counts as normal and of this run. ``seen`` is SIGHTINGS of all that was observed,
    whatever was thought of it; it decides only how long the watch lasted and what is present round the clock, for
    which an intruder gets no credit. None = the same as ``memory``.
    ``doubted`` is SIGHTINGS of what was met before but does not count as normal, see ``Weights.doubted``.
    ``hindsight``: while memory is cold, later days tell what is everyday, too.
    """
    seen = memory if seen is None else seen
    own = activities.select(
        "activity", "signature", "principal", "count", "first", "last", "severity", day=day_of("first")
    )
    own = own.join(_pair_past(own, memory, settings.history_days), on="activity", how="left", maintain_order="left")
    on_net = ["signature", "day"]
    own = own.join(_net_past(own, memory, settings.history_days), on=on_net, how="left", maintain_order="left")
    itself = (pl.col("pair_days") > 0).fill_null(value=False)
    own = own.with_columns(net_principals=pl.col("net_principals").fill_null(0) - itself)
    own = own.join(_presence(seen, weights), on=["signature", "principal"], how="left", maintain_order="left")
    peers = seen.group_by("signature").agg(pl.col("principal").n_unique().alias("peers"))
    own = own.join(peers, on="signature", how="left", maintain_order="left")
    own = own.join(
        _other_days(own, memory if hindsight else memory.clear()), on="activity", how="left", maintain_order="left"
    )
    met = _pair_past(own, memory.clear() if doubted is None else doubted, settings.history_days)
    met = met.select("activity", doubted_days="pair_days")
    own = own.join(met, on="activity", how="left", maintain_order="left")
    own = own.with_columns(memory_days=_memory_days(own, seen, settings.history_days))
    counts = pl.col("pair_days", "net_days", "net_principals", "usual_count", "steady_hours", "peers")
    own = own.with_columns(counts.fill_null(0), pl.col("other_days", "doubted_days").fill_null(0))
    own = own.with_columns(cold=pl.col("memory_days") < settings.warmup_days)
    own = own.with_columns(steady_hours=_steadiest(weights))
    own = own.join(roaming(activities), on="activity", how="left", maintain_order="left")
    own = own.with_columns(pl.col("roams", "roam_hours").fill_null(0), pl.col("roamer").fill_null(""))
    alone = (pl.col("steady_hours") > 0) & (pl.col("peers") <= weights.steady_most_peers) | (pl.col("roams") > 0)
    own = own.with_columns(steady_hours=pl.max_horizontal("steady_hours", "roam_hours"))
    return own.with_columns(alone=alone).with_columns(novelty=_novelty(weights)).select(BASELINE.names()).cast(BASELINE)


def _memory_days(own: pl.DataFrame, memory: pl.DataFrame, history_days: int) -> pl.Series:
    """Days watched before each activity: time since the watch began, but not more than the days that had alerts."""
    per_day = memory.group_by("day").agg(pl.col("count").cast(pl.UInt64).sum(), _first_hour().min().alias("hour"))
    # A stray document with a wrong date does not make its day a watched one.
    watched = per_day.filter(pl.col("count") * 100 >= pl.col("count").max()).select("hour", day_right="day")
    met = own.select("day").unique().join(watched, how="cross").filter(_before(history_days))
    began = (pl.col("day_right") * HOURS_PER_DAY + pl.col("hour")).min().cast(pl.Int64) * MICROS_PER_HOUR
    days = met.group_by("day").agg(pl.len().alias("days"), began.alias("began"))
    timed = own.select("day", "first").join(days, on="day", how="left", maintain_order="left")
    elapsed = (pl.col("first") - pl.col("began")) / MICROS_PER_DAY
    return timed.select(pl.min_horizontal(elapsed, pl.col("days").cast(pl.Float64)).fill_null(0.0)).to_series()


def _first_hour() -> pl.Expr:
    """Number of the lowest bit set in ``hours``."""
    return pl.col("hours").bitwise_trailing_zeros()


def _last_hour() -> pl.Expr:
    """Number of the highest bit set in ``hours``."""
    return 31 - pl.col("hours").bitwise_leading_zeros()


def _other_days(own: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """On how many days but its own each pair is known, earlier or later: hindsight, used while memory is cold."""
    met = own.select("activity", "signature", "principal", "day").join(
        memory.select("signature", "principal", other="day"), on=["signature", "principal"]
    )
    return (
        met.filter(pl.col("other") != pl.col("day"))
        .group_by("activity")
        .agg(pl.col("other").n_unique().alias("other_days"))
    )


def _before(history_days: int) -> pl.Expr:
    return (pl.col("day_right") < pl.col("day")) & (pl.col("day_right") >= pl.col("day") - history_days)


def _pair_past(own: pl.DataFrame, memory: pl.DataFrame, history_days: int) -> pl.DataFrame:
    past = memory.select("signature", "principal", day_right="day", usual="count")
    met = own.select("activity", "signature", "principal", "day").join(past, on=["signature", "principal"])
    met = met.filter(_before(history_days))
    return met.group_by("activity").agg(
        pl.col("day_right").n_unique().alias("pair_days"), pl.col("usual").max().alias("usual_count")
    )


def _net_past(own: pl.DataFrame, memory: pl.DataFrame, history_days: int) -> pl.DataFrame:
    """On how many earlier days, and about how many principals, each signature is known; per signature and day.

    Not per activity: the number of memories that a signature meets would be multiplied by that of its activities.
    """
    past = memory.select("signature", "principal", day_right="day")
    met = own.select("signature", "day").unique().join(past, on="signature").filter(_before(history_days))
    return met.group_by("signature", "day").agg(
        pl.col("day_right").n_unique().alias("net_days"), pl.col("principal").n_unique().alias("net_principals")
    )


def _presence(memory: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """Hours of presence round the clock per pair: the span from first to last hour where it is (nearly) unbroken."""
    began = pl.col("day") * HOURS_PER_DAY
    at = memory.select(
        "signature",
        "principal",
        seen=pl.col("hours").bitwise_count_ones(),
        first=began + _first_hour().cast(pl.Int32),
        last=began + _last_hour().cast(pl.Int32),
    )
    span = at.group_by("signature", "principal").agg(
        pl.col("seen").sum(), span=pl.col("last").max() - pl.col("first").min() + 1
    )
    steady = (pl.col("seen") >= weights.steady_coverage * pl.col("span")) & (
        pl.col("span") >= weights.steady_least_hours
    )
    return span.select("signature", "principal", steady_hours=pl.when(steady).then(pl.col("span")).otherwise(0))


def _steadiest(weights: Weights) -> pl.Expr:
    """An activity has no silence longer than the gap, so a long one is a presence round the clock by itself."""
    hours = (pl.col("last") - pl.col("first")) // MICROS_PER_HOUR
    return pl.max_horizontal("steady_hours", pl.when(hours >= weights.steady_least_hours).then(hours).otherwise(0))


def _novelty(weights: Weights) -> pl.Expr:
    """The rule that turns the numbers into one novelty; see Weights for what each step means."""
    elsewhere = pl.when(pl.col("net_principals") >= weights.many).then(weights.common).otherwise(weights.first_here)
    warm = (
        pl.when((pl.col("pair_days") == 0) & (pl.col("net_principals") > 0))
        .then(elsewhere)
        .otherwise(_halving("pair_days", weights))
    )
    rated = pl.col("severity").fill_null(0) >= weights.cold_severity
    cold = pl.when(rated).then(weights.cold_rated).otherwise(weights.cold)
    warm = pl.when(pl.col("doubted_days") > 0).then(pl.min_horizontal(warm, weights.doubted)).otherwise(warm)
    fresh = pl.when("cold").then(cold * _halving("other_days", weights)).otherwise(warm)
    loud = (pl.col("count") >= weights.spike_ratio * pl.col("usual_count")) & (pl.col("count") >= weights.spike_least)
    fresh = pl.when(loud & (pl.col("pair_days") > 0)).then(pl.max_horizontal(fresh, weights.spike)).otherwise(fresh)
    return pl.when("alone").then(pl.max_horizontal(fresh, weights.steady)).otherwise(fresh)


def _halving(days: str, weights: Weights) -> pl.Expr:
    known = pl.lit(weights.known_pair[-1])
    for number, value in reversed(tuple(enumerate(weights.known_pair))):
        known = pl.when(pl.col(days) == number).then(value).otherwise(known)
    return known
