"""What tools know of an activity's usual times and of its entity's peers, from the run's working set."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from triage.judgement.peers import GROUPS, PEERS, alike
from triage.judgement.rhythm import RHYTHM
from triage.ports import WorkingSet
from triage.state import Frames

NAMES_KEPT = 5
_TOLD = ["activity", "rule", "principal"]


class HabitsOf:
    """Frames of the run; a run of before they were made knows nothing."""

    def __init__(self, work: WorkingSet) -> None:
        self._told = work.get(Frames.COMPARED).select(_TOLD)
        self._rhythm = _frame(work, Frames.RHYTHM, RHYTHM)
        self._peers = _frame(work, Frames.PEERS, PEERS)
        groups = _frame(work, Frames.PEER_GROUPS, GROUPS)
        self._alike = cache(lambda principal: list(alike(groups, principal, NAMES_KEPT)))

    def rhythm(self, activities: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Return RHYTHM with rule and principal, the oddest times first."""
        odd = pl.max_horizontal("off_hour", "off_weekday")
        order = [odd, pl.col("times"), pl.col("activity")]
        return self._of(self._rhythm, activities).sort(order, descending=[True, True, False]).to_dicts()

    def peers(self, activities: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Return PEERS with rule, principal and ``alike`` (some peers and their likeness), the most unlike first."""
        share = pl.when(pl.col("peers") > 0).then(pl.col("doing") / pl.col("peers")).otherwise(2.0)
        order = [share, pl.col("own_days"), -pl.col("peers").cast(pl.Int64), pl.col("activity")]
        rows = self._of(self._peers, activities).sort(order).to_dicts()
        return [row | {"alike": self._alike(row["principal"])} for row in rows]

    def _of(self, frame: pl.DataFrame, activities: Sequence[str]) -> pl.DataFrame:
        return frame.filter(pl.col("activity").is_in(list(activities))).join(self._told, on="activity")


def _frame(work: WorkingSet, name: str, schema: pl.Schema) -> pl.DataFrame:
    return work.get(name) if work.has(name) else pl.DataFrame(schema=schema)
