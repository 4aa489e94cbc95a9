"""``ports.EventSearch`` over the alerts a run holds in memory, for teams and cases without Elasticsearch.

An alert row only points at its fact, so a question about an entity is a question about the few thousand facts that
name it: one Boolean per fact, looked up for the rows of the window.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from triage.casework import kql
from triage.columns import ALERTS, FACTS
from triage.models import EntityKind
from triage.ports import Found, Prevalence, Sightings
from triage.times import micros, moment

_DAY = 86_400_000_000
_SAID = ("detector", "rule", "severity", "message")


class Segment(NamedTuple):
    """Alerts (columns.ALERTS) of one run with the facts (columns.FACTS) they point at."""

    alerts: pl.DataFrame
    facts: pl.DataFrame


class _Lookup:
    """The facts of each key. One array for all keys: an array each would cost more to make than all that is asked."""

    def __init__(self, facts: pl.DataFrame, keys: Sequence[str]) -> None:
        grouped = facts.group_by(keys, maintain_order=True).agg("fact")
        ends = grouped["fact"].list.len().cum_sum().to_list()
        self._facts = grouped["fact"].explode().to_numpy()
        self._spans = dict(zip(grouped.select(keys).iter_rows(), pairwise([0, *ends]), strict=True))

    def get(self, key: tuple[str, ...]) -> np.ndarray:
        """Return the facts of a key, in their order; none where it is unknown."""
        return self._facts[slice(*self._spans.get(key, (0, 0)))]


class EmbeddedSearch:
    """Answers from frames; entities are compared exactly on (kind, value), whatever their role."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Build the index once; an alert that two segments hold is counted once."""
        self._alerts, self._facts = _united(segments)
        self._times = self._alerts["time"].to_numpy()
        self._fact_of = self._alerts["fact"].to_numpy()
        named = _named(self._facts)
        self._facts_of = _Lookup(named, ["kind", "value"])
        hosts = named.filter(pl.col("kind") == EntityKind.HOST)
        self._host_fact = hosts["fact"].to_numpy()
        self._host = hosts["value"].rank("dense").to_numpy()
        self._facts_of_rule = _Lookup(self._facts, ["rule"])

    def around(self, kind: EntityKind, value: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return alerts that name the entity in [since, until), oldest first."""
        rows = self._rows(self._facts_of.get((kind, value)), since, until)
        shown = self._alerts[rows[: max(limit, 0)]]
        query = kql.every(kql.entity(kind, value), kql.within(since, until))
        return Found(tuple(self._described(shown)), len(rows), len(rows) > shown.height, query)

    def sightings(self, kind: EntityKind, value: str) -> Sightings:
        """Return first and last time, count, and on how many hosts and days this entity was seen."""
        rows = self._rows(self._facts_of.get((kind, value)))
        if not rows.size:
            return Sightings(None, None, 0, 0, 0)
        first, last = moment(int(self._times[rows[0]])), moment(int(self._times[rows[-1]]))
        return Sightings(first, last, len(rows), self._hosts(rows), len(self._days(rows)))

    def rule_prevalence(self, rule: str, since: datetime, until: datetime) -> Prevalence:
        """Return how common a rule is in [since, until): alerts, hosts and days."""
        rows = self._rows(self._facts_of_rule.get((rule,)), since, until)
        return Prevalence(len(rows), self._hosts(rows), len(self._days(rows)))

    def history(self, kind: EntityKind, value: str, since: datetime, until: datetime) -> Mapping[str, int]:
        """Return alerts per day (ISO date) in [since, until) that name the entity, oldest first."""
        return self._days(self._rows(self._facts_of.get((kind, value)), since, until))

    def _rows(self, facts: np.ndarray, since: datetime | None = None, until: datetime | None = None) -> np.ndarray:
        """Return the ascending row numbers of alerts that say one of the facts, thus also ordered by time."""
        if not facts.size:
            return np.empty(0, dtype=np.intp)
        low = np.searchsorted(self._times, micros(since)) if since else 0
        high = np.searchsorted(self._times, micros(until)) if until else len(self._times)
        wanted = np.zeros(self._facts.height, dtype=bool)
        wanted[facts] = True
        return np.flatnonzero(wanted[self._fact_of[low:high]]) + low

    def _hosts(self, rows: np.ndarray) -> int:
        said = np.zeros(self._facts.height, dtype=bool)
        said[self._fact_of[rows]] = True
        return len(np.unique(self._host[said[self._host_fact]]))

    def _days(self, rows: np.ndarray) -> dict[str, int]:
        by_time = self._times[rows] // _DAY
        starts = np.flatnonzero(np.diff(by_time, prepend=by_time[:1] - 1))
        days, counts = by_time[starts], np.diff(starts, append=len(rows))
        return {f"{moment(int(day) * _DAY):%Y-%m-%d}": int(count) for day, count in zip(days, counts, strict=True)}

    def _described(self, alerts: pl.DataFrame) -> list[dict[str, Any]]:
        """Return alert rows as the tools see them, with what their fact says; each fact is looked up once."""
        said = {row["fact"]: _said(row) for row in self._facts[alerts["fact"].unique()].iter_rows(named=True)}
        return [
            {"time": moment(time), "index": index, "id": key, **said[fact]}
            for time, index, key, fact in alerts.select("time", "index", "id", "fact").iter_rows()
        ]


def _said(fact: Mapping[str, Any]) -> dict[str, Any]:
    entities = tuple(sorted({f"{entity['kind']}:{entity['value']}" for entity in fact["entities"]}))
    return {key: fact[key] for key in _SAID} | {"entities": entities}


def _united(segments: Sequence[Segment]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Number the facts of all segments through, and sort all alerts by time, index, id."""
    alerts, facts, offset = [pl.DataFrame(schema=ALERTS)], [pl.DataFrame(schema=FACTS)], 0
    for segment in segments:
        moved = (pl.col("fact") + offset).cast(pl.UInt32)
        alerts.append(segment.alerts.select(ALERTS.names()).with_columns(moved))
        facts.append(segment.facts.select(FACTS.names()).sort("fact").with_columns(moved))
        offset += segment.facts.height
    order = ["time", "index", "id"]
    united = pl.concat(alerts).select(*order, "fact")
    if len(segments) > 1:
        united = united.unique(["index", "id"], keep="first", maintain_order=True)
    return united.sort(order, maintain_order=True), pl.concat(facts)


def _named(facts: pl.DataFrame) -> pl.DataFrame:
    """Return fact, kind, value for every entity of every fact, once per fact."""
    naming = facts.select("fact", "entities").filter(pl.col("entities").list.len() > 0)
    return naming.explode("entities").unnest("entities").select("fact", "kind", "value").unique(maintain_order=True)
