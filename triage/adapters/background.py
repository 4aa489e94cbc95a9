"""What tools know besides the alerts of a run, from the run's working set and the state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import polars as pl

from triage.adapters.database import SqliteState
from triage.intelligence.matching import MATCHES
from triage.normalise.page import source_of
from triage.ports import WorkingSet
from triage.state import Frames, Intelligence
from triage.times import micros

PARTS_HELD = 4
"""Parts of raw documents kept unpacked."""
MOST_PAST = 20
LEAST_LIKENESS = 0.8


class KnownBadOf:
    """What of the run's activities, or of any entity, the pinned local copy knows to be bad."""

    def __init__(self, work: WorkingSet, intelligence: Intelligence | None) -> None:
        self._work = work
        self._intelligence = intelligence if work.has(Frames.INTELLIGENCE) else None
        self._found = work.get(Frames.KNOWN_BAD) if work.has(Frames.KNOWN_BAD) else None

    def __call__(self, entities: Sequence[tuple[str, str]], activities: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Return rows of MATCHES with ``telling``, the most telling and confident first."""
        rows: list[pl.DataFrame] = []
        if self._found is not None and activities:
            rows.append(self._found.filter(pl.col("activity").is_in(list(activities))).drop("activity"))
        if self._intelligence is not None and entities:
            asked = pl.DataFrame(list(entities), schema={"kind": pl.String, "value": pl.String}, orient="row")
            found = self._intelligence.match(self._work.get(Frames.INTELLIGENCE), asked)
            rows.append(found.select(pl.lit(value=True).alias("telling"), *MATCHES.names()))
        if not rows:
            return ()
        order = ["telling", "confidence", "source", "indicator_value", "entity", "ref"]
        united = pl.concat(rows).unique()
        return united.sort(order, descending=[True, True, False, False, False, False]).to_dicts()


class PastOf:
    """Earlier incidents whose kinds of alert mean much the same, by the mean of their vectors."""

    def __init__(self, work: WorkingSet, store: SqliteState) -> None:
        self._vectors = dict(work.get(Frames.VECTORS).select("signature", "vector").iter_rows())
        self._traits = store.campaigns.traits()
        self._closed = {one.incident_id: one.reason or "" for one in store.decisions.statuses().values()}
        self._means = [self._mean([trait.value for trait in one.tooling]) for one in self._traits]

    def __call__(self, signatures: Sequence[str], before: datetime) -> Sequence[tuple[str, str, float, datetime, str]]:
        """Return incident id, title, likeness (0-1), first time and how it was closed, the most alike first."""
        mine = self._mean(signatures)
        if mine is None:
            return ()
        found = [
            (one.incident_id, one.title, round(float(mine @ mean), 4), one.first, self._closed.get(one.incident_id, ""))
            for one, mean in zip(self._traits, self._means, strict=True)
            if mean is not None and one.last < before
        ]
        alike = [row for row in found if row[2] >= LEAST_LIKENESS]
        return sorted(alike, key=lambda row: (-row[2], -micros(row[3]), row[0]))[:MOST_PAST]

    def _mean(self, signatures: Sequence[str]) -> np.ndarray | None:
        rows = [self._vectors[signature] for signature in sorted(set(signatures)) if signature in self._vectors]
        if not rows:
            return None
        mean = np.mean(np.asarray(rows, dtype=np.float32), axis=0)
        length = float(np.linalg.norm(mean))
        return mean / length if length else None


class DocumentsOf:
    """Documents of a run's own alerts as they were pulled."""

    def __init__(self, work: WorkingSet) -> None:
        self._places = work.get(Frames.ALERTS).select("index", "id", "part", "line")
        self._lines = lru_cache(PARTS_HELD)(lambda part: work.raw().page(part).lines.split(b"\n"))
        self._lock = Lock()

    def __call__(self, index: str, id: str) -> Mapping[str, Any] | None:  # noqa: A002 - Elasticsearch's name for it
        """Return the document without its envelope; None where it is not at hand."""
        place = self._places.filter((pl.col("id") == id) & (pl.col("index") == index)).head(1)
        for part, line in place.select("part", "line").iter_rows():
            with self._lock:
                found = self._lines(part)[line]
            return source_of(found)
        return None
