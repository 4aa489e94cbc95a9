"""What tools know besides the alerts of a run, from the run's working set and the state."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from triage.intelligence.matching import MATCHES
from triage.normalise.page import source_of
from triage.ports import WorkingSet
from triage.state import Frames, Intelligence


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


class DocumentsOf:
    """Documents of a run's own alerts as they were pulled."""

    def __init__(self, work: WorkingSet) -> None:
        self._places = work.get(Frames.ALERTS).select("index", "id", "part", "line")
        self._raw = work.raw()

    def __call__(self, index: str, id: str) -> Mapping[str, Any] | None:  # noqa: A002 - Elasticsearch's name for it
        """Return the document without its envelope; None where it is not at hand."""
        place = self._places.filter((pl.col("id") == id) & (pl.col("index") == index)).head(1)
        for part, line in place.select("part", "line").iter_rows():
            try:
                return source_of(self._raw.document(part, line))
            except KeyError:  # of a run whose documents are not kept any more
                return None
        return None
