"""An EventSearch over a list of rows, and a clock that moves only when told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from triage.models import EntityKind
from triage.ports import Found, Prevalence, Sightings

START = datetime(2026, 1, 12, 6, 0, tzinfo=UTC)


def row(offset: timedelta, rule: str, *entities: str, detector: str = "acme", doc: str = "") -> dict[str, Any]:
    """Return an alert row as ``EventSearch.around`` gives it, ``offset`` after START."""
    time = START + offset
    return {
        "time": time,
        "index": "alerts",
        "id": doc or f"{rule}-{time:%d%H%M%S}",
        "detector": detector,
        "rule": rule,
        "severity": None,
        "message": f"{rule} happened",
        "entities": list(entities),
    }


class FakeSearch:
    """Answers from rows in memory."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.rows = sorted(rows, key=lambda r: (r["time"], r["id"]))

    def around(self, kind: EntityKind, value: str, since: datetime, until: datetime, limit: int) -> Found:
        found = [r for r in self._naming(kind, value) if since <= r["time"] < until]
        return Found(tuple(found[:limit]), len(found), len(found) > limit, f"{kind}:{value}")

    def sightings(self, kind: EntityKind, value: str) -> Sightings:
        found = self._naming(kind, value)
        times = [r["time"] for r in found]
        return Sightings(min(times, default=None), max(times, default=None), len(found), _hosts(found), _days(found))

    def rule_prevalence(self, rule: str, since: datetime, until: datetime) -> Prevalence:
        found = [r for r in self.rows if r["rule"] == rule and since <= r["time"] < until]
        return Prevalence(len(found), _hosts(found), _days(found))

    def history(self, kind: EntityKind, value: str, since: datetime, until: datetime) -> Mapping[str, int]:
        return Counter(str(r["time"].date()) for r in self._naming(kind, value) if since <= r["time"] < until)

    def _naming(self, kind: EntityKind, value: str) -> list[Mapping[str, Any]]:
        return [r for r in self.rows if f"{kind}:{value}" in r["entities"]]


class StepClock:
    """Stands still, or moves by ``step`` at each look."""

    def __init__(self, step: timedelta = timedelta()) -> None:
        self._now, self._step = START, step

    def now(self) -> datetime:
        self._now += self._step
        return self._now


def _hosts(rows: list[Mapping[str, Any]]) -> int:
    return len({entity for r in rows for entity in r["entities"] if entity.startswith("host:")})


def _days(rows: list[Mapping[str, Any]]) -> int:
    return len({r["time"].date() for r in rows})
