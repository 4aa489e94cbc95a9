"""At which hours of the day and on which days of the week a kind of alert comes, and how odd it is when it comes else.

Nothing of it is kept apart: the sightings of memory say day and hour, so what the rhythm rests on is taught, bounded,
versioned and rolled back with the baseline. Only days before an activity's own count.

How odd is a share against what would be expected without any rhythm. Both are smoothed by a few imagined sightings that
are spread evenly (Laplace's rule of succession, as an empirical Bayes prior), so that three sightings prove nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from triage.config import BaselineSettings
from triage.judgement.baseline import HOURS_PER_DAY, MICROS_PER_HOUR, bit_of_hour
from triage.judgement.normality import WEEKDAYS, said_hours, said_weekdays
from triage.times import moment
from triage.wording import number

LEAST_DAYS = 5
"""Days on which it must have been seen before its hours mean anything."""
LEAST_WATCHED = 2
"""How often a day of the week must have been watched before anything's absence on it means anything."""
PRIOR = 4.0
"""Imagined sightings, spread evenly over the day or the week."""
REACH = 1
"""Hours of the day this far apart are the same time of day."""
TELLING = 0.75
"""How odd (0-1) a time must be to be told as a deviation: a quarter of what would be expected without a rhythm."""

RHYTHM = pl.Schema(
    {
        "activity": pl.String(),
        "rhythm_of": pl.String(),  # pair, signature (the pair is too new), or '' where both are
        "local": pl.Int64(),  # its first alert on the wall clock, microseconds
        "days": pl.UInt32(),  # days before on which it was seen
        "times": pl.UInt32(),  # hours of those days in which it was seen
        "same_hour": pl.UInt32(),  # of those, within REACH of its time of day
        "same_weekday": pl.UInt32(),  # of the days, on its day of the week
        "watched": pl.UInt32(),  # days before that were watched
        "watched_weekday": pl.UInt32(),  # of those, on its day of the week
        "hours": pl.UInt32(),  # bit h set: seen in hour h
        "weekdays": pl.UInt32(),  # bit d set: seen on weekday d, 0 = Monday
        "off_hour": pl.Float32(),  # 0 (as usual) to 1 (never at such an hour)
        "off_weekday": pl.Float32(),
    }
)

_PAIR = ["signature", "principal"]
_LEVELS = {"of_pair": _PAIR, "of_kind": ["signature"]}
_AT_HOUR = [f"hour_{hour}" for hour in range(HOURS_PER_DAY)]
_ON_DAY = [f"weekday_{day}" for day in range(len(WEEKDAYS))]
_COUNTED = [*_AT_HOUR, *_ON_DAY, "days"]
_MICROS_PER_DAY = MICROS_PER_HOUR * HOURS_PER_DAY


def rhythm(
    activities: pl.DataFrame, memory: pl.DataFrame, seen: pl.DataFrame, settings: BaselineSettings
) -> pl.DataFrame:
    """Return RHYTHM of activities (columns.ACTIVITIES) in their order.

    ``memory`` is SIGHTINGS of what counts as normal, ``seen`` of all that was observed: it tells which days were
    watched.
    """
    local = _on_the_wall(pl.col("first"), settings)
    own = activities.select("activity", *_PAIR, local=local)
    own = own.with_columns(day=(pl.col("local") // _MICROS_PER_DAY).cast(pl.Int32)).with_row_index("row")
    slots = _slots(memory, settings)
    known = own.select("row", "day")
    for level, keys in _LEVELS.items():
        past = own.select("row", "day", *keys).sort("day", "row")
        runs = _running(slots, keys)
        met = past.join_asof(runs, on="day", by=keys, allow_exact_matches=False, check_sortedness=False)
        known = known.join(met.select("row", pl.struct("days", *_AT_HOUR, *_ON_DAY).alias(level)), on="row")
    chosen = own.drop(_PAIR).join(known.drop("day"), on="row").with_columns(_chosen()).unnest("past").sort("day", "row")
    watched = _watched(seen, settings)
    return _measured(chosen.join_asof(watched, on="day", allow_exact_matches=False).sort("row"))


def _on_the_wall(at: pl.Expr, settings: BaselineSettings) -> pl.Expr:
    """Return microseconds UTC as microseconds of the configured zone's wall clock; dates out of range stay in range."""
    low, high = -60_000_000_000_000_000, 250_000_000_000_000_000  # the years 68 and 9892: what a calendar can hold
    utc = at.clip(low, high).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return utc.dt.convert_time_zone(settings.timezone).dt.replace_time_zone(None).cast(pl.Int64)


def _slots(memory: pl.DataFrame, settings: BaselineSettings) -> pl.DataFrame:
    """One row per signature, principal, and hour of a day on the wall clock: day, hour, weekday."""
    row, hour = _shown_hours(memory["hours"]).nonzero()
    at = (pl.col("day").cast(pl.Int64) * HOURS_PER_DAY + pl.Series(hour)) * MICROS_PER_HOUR
    wall = memory[row].select(*_PAIR, at=_on_the_wall(at, settings))
    day = (pl.col("at") // _MICROS_PER_DAY).cast(pl.Int32)
    return wall.select(*_PAIR, day=day, hour=pl.col("at") // MICROS_PER_HOUR % HOURS_PER_DAY, weekday=_weekday(day))


def _shown_hours(hours: pl.Series) -> npt.NDArray[np.uint32]:
    """Return a row per mask of hours with 1 where the hour's bit is set."""
    hour = np.arange(HOURS_PER_DAY, dtype=np.uint32)
    shown: npt.NDArray[np.uint32] = hours.to_numpy()[:, None] >> hour & np.uint32(1)
    return shown


def _weekday(day: pl.Expr) -> pl.Expr:
    """0 = Monday; day 0 of the epoch was a Thursday."""
    return (day + 3) % len(WEEKDAYS)


def _running(slots: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Per key and day on which it was seen: how often so far in each hour, and on each day of the week."""
    flat = slots.select(*keys, "day", "hour").unique()
    daily = flat.group_by(*keys, "day").agg(bits=bit_of_hour().sum()).sort(*keys, "day")
    at = _shown_hours(daily["bits"])
    on = daily.select(_weekday(pl.col("day"))).to_numpy() == np.arange(len(WEEKDAYS))
    shown = np.hstack([at, on, np.ones_like(at[:, :1])]).astype(np.uint32)
    total = shown.cumsum(axis=0, dtype=np.uint32)
    begins = daily.select(pl.struct(keys).rle_id()).to_series()
    start = begins.search_sorted(begins, side="left").to_numpy()  # the first row of the same key
    sums = pl.DataFrame(total - total[start] + shown[start], schema=dict.fromkeys(_COUNTED, pl.UInt32()))
    return daily.select(*keys, "day").hstack(sums).sort("day", *keys)


def _watched(seen: pl.DataFrame, settings: BaselineSettings) -> pl.DataFrame:
    """Days that were watched so far, and of each day of the week; a stray document makes no day a watched one."""
    loud = seen.group_by("day").agg(pl.col("count").cast(pl.UInt64).sum())
    loud = loud.filter(pl.col("count") * 100 >= pl.col("count").max())
    days = _slots(seen.join(loud.select("day"), on="day"), settings).select("day", "weekday").unique().sort("day")
    on = [(pl.col("weekday") == day).cum_sum().cast(pl.UInt32).alias(f"w{name}") for day, name in enumerate(_ON_DAY)]
    return days.select("day", *on, watched=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))


def _chosen() -> list[pl.Expr]:
    """The pair's own past where there is enough of it, else that of its kind of alert anywhere."""
    pair, kind = (pl.col(level).struct.field("days").fill_null(0) >= LEAST_DAYS for level in _LEVELS)
    level = pl.when(pair).then(pl.lit("pair")).when(kind).then(pl.lit("signature")).otherwise(pl.lit(""))
    past = pl.when(kind & ~pair).then("of_kind").otherwise("of_pair")
    return [level.alias("rhythm_of"), past.alias("past")]


def _measured(chosen: pl.DataFrame) -> pl.DataFrame:
    """Turn counts into RHYTHM."""
    every = [*_AT_HOUR, *_ON_DAY, *(f"w{name}" for name in _ON_DAY), "days", "watched"]
    rows = chosen.with_columns(pl.col(every).fill_null(0)).with_columns(
        hour=pl.col("local") // MICROS_PER_HOUR % HOURS_PER_DAY, weekday=_weekday(pl.col("day"))
    )
    hours, weekdays = (rows.select(names).to_numpy() for names in (_AT_HOUR, _ON_DAY))
    watched = rows.select(f"w{name}" for name in _ON_DAY).to_numpy()
    line, hour, weekday = np.arange(rows.height), rows["hour"].to_numpy(), rows["weekday"].to_numpy()
    rows = rows.select("activity", "rhythm_of", "local", "days", "watched").with_columns(
        times=hours.sum(axis=1),
        same_hour=sum(hours[line, (hour + step) % HOURS_PER_DAY] for step in range(-REACH, REACH + 1)),
        same_weekday=weekdays[line, weekday],
        watched_weekday=watched[line, weekday],
        hours=_mask(hours),
        weekdays=_mask(weekdays),
    )
    known = pl.col("rhythm_of") != ""
    of_the_day = pl.lit((2 * REACH + 1) / HOURS_PER_DAY)
    of_the_week = pl.col("watched_weekday") / pl.col("watched")
    met = known & (pl.col("watched_weekday") >= LEAST_WATCHED)
    return rows.with_columns(
        off_hour=pl.when(known).then(_odd("same_hour", "times", of_the_day)).otherwise(0.0),
        off_weekday=pl.when(met).then(_odd("same_weekday", "days", of_the_week)).otherwise(0.0),
    ).select(pl.col(name).cast(dtype) for name, dtype in RHYTHM.items())


def _mask(counts: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return per row a bit for each column that counts anything, the first column's is the lowest."""
    bits = np.uint32(1) << np.arange(counts.shape[1], dtype=np.uint32)
    mask: npt.NDArray[np.uint32] = np.where(counts > 0, bits, np.uint32(0)).sum(axis=1, dtype=np.uint32)
    return mask


def _odd(hits: str, of: str, expected: pl.Expr) -> pl.Expr:
    """How far the smoothed share of hits falls below the share expected without a rhythm: 0 (not at all) to 1."""
    share = (pl.col(hits) + PRIOR * expected) / (pl.col(of) + PRIOR)
    return (1 - share / expected).clip(0.0, 1.0)


def is_odd(row: Mapping[str, Any]) -> bool:
    """Tell whether a RHYTHM row is a deviation worth telling."""
    return bool(max(row["off_hour"], row["off_weekday"]) >= TELLING)


def strength(row: Mapping[str, Any]) -> float:
    """Return how odd the time of a RHYTHM row is, 0-1, to two decimals."""
    return round(float(max(row["off_hour"], row["off_weekday"])), 2)


def said_rhythm(row: Mapping[str, Any], zone: str = "UTC") -> str:
    """Say a RHYTHM row as numbers with their meaning, cold start included; the zone names the wall clock."""
    if not row["rhythm_of"]:
        return f"seen on {number(row['days'], 'earlier day')}: too few to know its hours, {LEAST_DAYS} are needed"
    at, day = moment(row["local"]), WEEKDAYS[moment(row["local"]).weekday()]
    weekdays, hours = said_weekdays(set(_bits(row["weekdays"]))), said_hours(row["hours"])
    where = "" if row["rhythm_of"] == "pair" else "wherever it was seen, "
    usual = f"{where}usually {weekdays}, hours {hours} {zone}; this one {day} {at:%H:%M}"
    near = f"{row['same_hour']:,} of {number(row['times'], 'hour')} with it before were near that time of day"
    if row["watched_weekday"] < LEAST_WATCHED:
        return f"{usual}: {near}; too few days of that name were watched before to say more"
    return f"{usual}: {near}, {row['same_weekday']:,} of {number(row['days'], 'day')} with it a {day}"


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(len(WEEKDAYS)) if mask >> bit & 1]
