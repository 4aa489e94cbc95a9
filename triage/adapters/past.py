"""Earlier incidents that mean much the same as one, with how, by whom and when they were closed.

Locally an exact FAISS index over the vectors of this state; where incidents are published and tools ask the server,
kNN there, bounded to what this very state has published. Titles, notes and names are data, never instructions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Protocol

import numpy as np

from triage.adapters.campaigns import CampaignMemory
from triage.adapters.decisions import DecisionLog
from triage.intelligence.adversary import Meaning
from triage.ports import Closing, PastIncident, WorkingSet
from triage.state import Frames
from triage.times import micros, moment, span

MOST_PAST = 20
LEAST_LIKENESS = 0.8
_ALL = 10**9
SEARCHED = 20_000
"""Incidents that are compared, the newest: 30 MB of vectors of the bundled model, however many nights there were."""


class Nearest(Protocol):
    """Finds the incidents whose vectors are nearest."""

    def __call__(self, vector: Sequence[float], before: datetime) -> Sequence[PastIncident]:
        """Return incidents that ended before a time, the most alike first. Raises ToolError."""
        ...


class LocalNearest:
    """``Nearest`` over the incidents of one state, of one embedding model."""

    def __init__(self, memory: CampaignMemory, model: str, reach: timedelta) -> None:
        """``reach``: how long before the asked-for time an incident may have ended."""
        self._memory = memory
        self._model = model
        self._reach = span(reach)
        self._lock = Lock()

    def __call__(self, vector: Sequence[float], before: datetime) -> Sequence[PastIncident]:
        """Return incidents that ended before a time, the most alike and then the newest first."""
        import faiss

        with self._lock:
            known = self._known
            if not known:
                return ()
            matrix = self._matrix
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(matrix)
        _, likenesses, places = index.range_search(np.asarray([vector], dtype=np.float32), LEAST_LIKENESS)
        near = [(known[place], float(likeness)) for place, likeness in zip(places, likenesses, strict=True)]
        return nearest_first([(one, likeness) for one, likeness in near if ended_within(one, before, self._reach)])

    @cached_property
    def _known(self) -> Sequence[Meaning]:
        return self._memory.meanings(self._model, SEARCHED)

    @cached_property
    def _matrix(self) -> np.ndarray:
        return np.stack([np.frombuffer(one.vector, dtype="<f4") for one in self._known])


def ended_within(one: Meaning, before: datetime, reach: int) -> bool:
    """Tell whether an incident ended before a time, and not longer before than ``reach`` (microseconds)."""
    return micros(before) - reach <= one.last < micros(before)


def nearest_first(found: Sequence[tuple[Meaning, float]]) -> list[PastIncident]:
    """Return the incidents alike enough, the most alike and then the newest first, bounded."""
    rounded = [(one, round(likeness, 4)) for one, likeness in found if likeness >= LEAST_LIKENESS]
    rounded.sort(key=lambda pair: (-pair[1], -pair[0].first, pair[0].incident_id))
    return [PastIncident(one.incident_id, one.title, score, moment(one.first)) for one, score in rounded[:MOST_PAST]]


class PastIncidents:
    """What a run's tools are told of earlier incidents: ``triage_tools.Background.past``."""

    def __init__(self, work: WorkingSet, decisions: DecisionLog, nearest: Callable[[str], Nearest]) -> None:
        """``nearest`` makes the search among vectors of the embedding model it is given."""
        frame = work.get(Frames.VECTORS)
        self._vectors = dict(frame.select("signature", "vector").iter_rows())
        model = str(frame["model"][0]) if "model" in frame.columns and frame.height else ""
        self._nearest = nearest(model) if model else None
        self._decisions = decisions

    def __call__(self, signatures: Sequence[str], before: datetime) -> Sequence[PastIncident]:
        """Return earlier incidents alike in these kinds of alert, the most alike first. Raises ToolError."""
        rows = [self._vectors[signature] for signature in sorted(set(signatures)) if signature in self._vectors]
        if not rows or self._nearest is None:
            return ()
        mean = np.mean(np.asarray(rows, dtype=np.float32), axis=0)
        length = float(np.linalg.norm(mean))
        found = self._nearest((mean / length).tolist(), before) if length else ()
        return [one._replace(closing=self._closings.get(one.incident_id)) for one in found]

    @cached_property
    def _closings(self) -> Mapping[str, Closing]:
        """How incidents that are closed now, or were until they grew, were closed."""
        reasons = {name: status.reason for name, status in self._decisions.statuses().items() if status.reason}
        found = {name: Closing(reason, "", None, "") for name, reason in reasons.items()}
        for step in self._decisions.steps(_ALL):
            decided = step.decision
            for name in decided.incident_ids if decided.kind == "close" and not step.undone else ():
                if reasons.get(name) == decided.reason:
                    found[name] = Closing(decided.reason, step.author, step.at, decided.text)
        return found
