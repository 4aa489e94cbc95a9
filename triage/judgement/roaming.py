"""Low and slow over many: a public address that raises the same kind of alert about ever others, round the clock.

One failed logon an hour, each on another account, is everyday about every account. What gives it away is the address:
people sleep, a script does not. An address counts as roaming where it never falls silent for longer than people do, for
longer than a day, about several principals, and where hardly any other address does the same.
"""

from typing import NamedTuple

import polars as pl

from triage.judgement.addresses import is_public
from triage.models import EntityKind

_MICROS_PER_HOUR = 3_600_000_000


class Roaming(NamedTuple):
    """When an address roams. Heuristics: a working day and a night's sleep set the scale."""

    least_hours: int = 30
    """From its first to its last alert: longer than a day and a shift."""
    silent_hours: float = 4
    """Longest silence between two of its alerts; whoever sleeps is silent for longer."""
    least_principals: int = 5
    most_addresses: int = 2
    """More addresses that do so with one kind of alert are the internet's noise."""


ROAMING = Roaming()

ROAMS = pl.Schema(
    {
        "activity": pl.String(),
        "roamer": pl.String(),  # the address
        "roams": pl.UInt32(),  # principals about which it raises the same kind of alert round the clock
        "roam_hours": pl.UInt32(),  # for how long
    }
)


def roaming(activities: pl.DataFrame, rules: Roaming = ROAMING) -> pl.DataFrame:
    """Return ROAMS of the activities (columns.ACTIVITIES) that a roaming address is named in, by activity."""
    named = _by_address(activities)
    ordered = named.sort("signature", "value", "first", "activity")
    ended = pl.col("last").cum_max().shift(1).over("signature", "value")
    silence = (pl.col("first") - ended).fill_null(0).clip(0)
    met = ordered.with_columns(silence=silence).group_by("signature", "value")
    found = met.agg(
        pl.col("silence").max(),
        roams=pl.col("principal").n_unique(),
        roam_hours=(pl.col("last").max() - pl.col("first").min()) // _MICROS_PER_HOUR,
    ).filter(
        pl.col("roams") >= rules.least_principals,
        pl.col("roam_hours") >= rules.least_hours,
        pl.col("silence") <= rules.silent_hours * _MICROS_PER_HOUR,
    )
    public = [value for value in found["value"].unique() if is_public(value)]
    few = pl.len().over("signature") <= rules.most_addresses
    theirs = found.filter(pl.col("value").is_in(public)).filter(few)
    met_in = named.join(theirs, on=["signature", "value"]).sort("activity", "value")
    return (
        met_in.unique("activity", keep="first")
        .select("activity", "roams", "roam_hours", roamer="value")
        .select(ROAMS.names())
        .cast(ROAMS)
        .sort("activity")
    )


def _by_address(activities: pl.DataFrame) -> pl.DataFrame:
    """Return one row per activity and address that it names."""
    columns = ("activity", "signature", "principal", "first", "last")
    each = activities.select(*columns, "entities").explode("entities").drop_nulls("entities").unnest("entities")
    return each.filter(pl.col("kind") == EntityKind.ADDRESS).select(*columns, "value").unique()
