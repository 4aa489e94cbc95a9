"""Frequency tables over alerts: which values a field has, how often and when, and what is left after choosing one.

An alert row points at its fact, so a table over a million alerts counts facts first and names them afterwards. Counts
are of all alerts of a slice, never of a sample.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from triage.columns import FACTS
from triage.models import EntityKind

SLICE = pl.Schema({"time": pl.Int64, "index": pl.String, "id": pl.String, "activity": pl.String, "fact": pl.UInt32})
"""Columns of the alerts of a slice; time in microseconds."""
TABLE = pl.Schema({"value": pl.String, "count": pl.UInt32, "first": pl.Int64, "last": pl.Int64})
"""Columns of a frequency table: alerts with the value, and the times of the first and last of them."""
SHOWN = 20_000
"""Values kept of one table, the most frequent ones; ``distinct`` is the true number."""


class Slice(NamedTuple):
    """Some alerts and what they say."""

    alerts: pl.DataFrame
    """SLICE, oldest first."""
    facts: pl.DataFrame
    """columns.FACTS; ``alerts.fact`` points at ``facts.fact``."""


EMPTY = Slice(pl.DataFrame(schema=SLICE), pl.DataFrame(schema=FACTS))


class FieldCount(NamedTuple):
    """A field as a list of fields shows it."""

    name: str
    distinct: int
    """Different values."""
    top: str
    """The most frequent value."""
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls
    """Alerts with that value."""


class Frequency(NamedTuple):
    """The values of one field."""

    field: str
    table: pl.DataFrame
    """TABLE, most frequent first, then by value; at most SHOWN rows."""
    distinct: int
    total: int
    """Alerts of the slice, those without the field as well."""


class Question(NamedTuple):
    """Alerts that name an entity or were written by a rule, in [since, until)."""

    field: str
    """``rule`` or an entity kind."""
    value: str
    since: datetime | None = None
    until: datetime | None = None


def _entities(kind: str) -> pl.Expr:
    wanted = pl.element().struct.field("kind") == kind
    return pl.col("entities").list.filter(wanted).list.eval(pl.element().struct.field("value")).list.unique()


def _one(name: str) -> pl.Expr:
    return pl.concat_list(pl.col(name).cast(pl.String))


OF_FACT: Mapping[str, pl.Expr] = {
    "rule": _one("rule"),
    "detector": _one("detector"),
    "message": _one("message"),
    "severity": pl.concat_list(pl.col("severity").round(0).cast(pl.Int32).cast(pl.String)),
    "tactic": pl.col("tactics"),
    "technique": pl.col("techniques"),
    "principal": _one("principal"),
    **{kind.value: _entities(kind.value) for kind in EntityKind if kind not in {EntityKind.LINEAGE, EntityKind.LOGON}},
    "entity": pl.col("entities").list.eval(pl.element().struct.field("value")).list.unique(),
    "rule_id": _one("rule_id"),
    "family": _one("family"),
    "flag": pl.col("flags"),
}
"""Field -> its values (List[String]) of a fact."""

_MOMENT = pl.from_epoch("time", time_unit="us")
OF_ALERT: Mapping[str, pl.Expr] = {
    "day": _MOMENT.dt.strftime("%Y-%m-%d"),
    "hour": _MOMENT.dt.strftime("%H:00"),
    "weekday": _MOMENT.dt.strftime("%a"),
    "index": pl.col("index"),
    "activity": pl.col("activity"),
}
"""Field -> its value (String) of an alert."""

FIELDS = (*OF_FACT, *OF_ALERT)
"""All fields, in the order in which they are offered."""


def frequency(found: Slice, field: str) -> Frequency:
    """Return how often each value of a field occurs. KeyError for an unknown field."""
    counted = _of_fact(found, OF_FACT[field]) if field in OF_FACT else _of_alert(found, OF_ALERT[field])
    table = counted.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    ordered = table.sort(["count", "value"], descending=[True, False])
    return Frequency(field, ordered.head(SHOWN), ordered.height, found.alerts.height)


def fields(found: Slice) -> Sequence[FieldCount]:
    """Return the fields that have a value, with their most frequent one."""
    return [
        FieldCount(name, counted.distinct, *counted.table.select("value", "count").row(0))
        for name in FIELDS
        if (counted := frequency(found, name)).distinct
    ]


def narrowed(found: Slice, field: str, value: str) -> Slice:
    """Return the alerts with a value. KeyError for an unknown field."""
    if field in OF_ALERT:
        return Slice(found.alerts.filter(OF_ALERT[field] == value), found.facts)
    facts = found.facts.filter(OF_FACT[field].list.contains(value))
    return Slice(found.alerts.join(facts.select("fact"), on="fact", how="semi", maintain_order="left"), facts)


_TALLY: tuple[pl.Expr, ...] = (
    pl.len().cast(pl.UInt32).alias("count"),
    pl.col("time").min().alias("first"),
    pl.col("time").max().alias("last"),
)


def _of_fact(found: Slice, values: pl.Expr) -> pl.DataFrame:
    per_fact = found.alerts.group_by("fact").agg(*_TALLY)
    named = found.facts.select("fact", values.alias("value")).explode("value").unique()
    sums = (pl.col("count").sum(), pl.col("first").min(), pl.col("last").max())
    return named.join(per_fact, on="fact").group_by("value").agg(*sums).select(TABLE.names())


def _of_alert(found: Slice, value: pl.Expr) -> pl.DataFrame:
    return found.alerts.group_by(value.alias("value")).agg(*_TALLY).select(TABLE.names())


def per_day(found: Slice) -> Mapping[str, int]:
    """Return alerts per day (ISO date), oldest first; days without any are left out."""
    table = _of_alert(found, OF_ALERT["day"]).drop_nulls("value").sort("value")
    return dict(table.select("value", "count").iter_rows())


class History(NamedTuple):
    """How an entity was seen in all that is stored."""

    alerts: int
    hosts: int
    """Different hosts of those alerts."""
    days: Mapping[str, int]
    """Day (ISO date) -> alerts."""


def histories(found: Slice, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], History]:
    """Return the history of entities, by kind and value, in a slice that holds all alerts that name them."""
    named = (
        found.facts.select("fact", pl.col("entities").alias("one"))
        .explode("one")
        .unnest("one")
        .select("fact", "kind", "value")
        .unique()
    )
    names = pl.DataFrame(list(dict.fromkeys(wanted)), schema={"kind": pl.String, "value": pl.String}, orient="row")
    facts = named.join(names, on=["kind", "value"], how="semi")
    daily = found.alerts.group_by("fact", OF_ALERT["day"].alias("day")).agg(pl.len().alias("count"))
    days = facts.join(daily, on="fact").group_by("kind", "value", "day").agg(pl.col("count").sum()).sort("day")
    hosts = named.filter(pl.col("kind") == "host").select("fact", pl.col("value").alias("host"))
    spread = facts.join(hosts, on="fact").group_by("kind", "value").agg(pl.col("host").n_unique())
    on = {(kind, value): count for kind, value, count in spread.iter_rows()}
    per_day: dict[tuple[str, str], dict[str, int]] = {}
    for kind, value, day, count in days.drop_nulls("day").iter_rows():
        per_day.setdefault((kind, value), {})[day] = count
    return {key: History(sum(found.values()), on.get(key, 0), found) for key, found in per_day.items()}
