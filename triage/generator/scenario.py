"""From a specification to alerts, truth and inventory; the same specification gives the same bytes."""

import csv
import gzip
import heapq
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from triage.generator.company import Company, build_company
from triage.generator.detectors.shapes import iso
from triage.generator.events import Alert
from triage.generator.inventory import FIELDS, AssetRow, assets
from triage.generator.plans import FIELDS as PLAN_FIELDS
from triage.generator.plans import PlanRow, planned
from triage.generator.scenarios import ATTACKS, BENIGN, ROUTINE
from triage.generator.stage import Stage

DEFAULT_START = datetime(2026, 3, 2, tzinfo=UTC)


class ScenarioSpec(BaseModel):
    """What to generate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("scenario", description="name of the case", pattern=r"^[a-z0-9_-]{1,60}$")
    seed: int = Field(1, ge=0)
    days: int = Field(7, ge=1, le=60)
    entities: int = Field(120, ge=50, le=5000, description="users, hosts, devices, models and cloud resources")
    start: datetime = Field(DEFAULT_START, description="first midnight, aware")
    attacks: tuple[str, ...] = Field((), description="names of ATTACKS; a name may come twice")
    benign: tuple[str, ...] = Field(tuple(ROUTINE), description="names of BENIGN")
    noise: float = Field(1.0, ge=0, le=20, description="multiplies routine")

    @field_validator("start")
    @classmethod
    def _midnight(cls, start: datetime) -> datetime:
        if start.tzinfo is None:
            raise ValueError("start must carry a time zone")
        return start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    @field_validator("attacks")
    @classmethod
    def _known_attacks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, ATTACKS)

    @field_validator("benign")
    @classmethod
    def _known_benign(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, BENIGN)


def _known(names: tuple[str, ...], registry: Any) -> tuple[str, ...]:  # noqa: ANN401
    unknown = [n for n in names if n not in registry]
    if unknown:
        raise ValueError(f"unknown {unknown[0]!r}; one of {', '.join(registry)}")
    return names


class TruthRow(NamedTuple):
    """One alert that belongs to an attack."""

    id: str
    attack: str
    phase: str
    certain: bool


class Scenario:
    """Alerts with their truth; ``hits`` can be read any number of times."""

    def __init__(self, spec: ScenarioSpec) -> None:
        """Build the company and play the attacks; routine is made while it is read, a day at a time."""
        self.spec = spec
        self.company: Company = build_company(spec.seed, spec.entities)
        self._attacks, self.truth = self._play_attacks()

    @property
    def assets(self) -> Sequence[AssetRow]:
        """The asset inventory."""
        return tuple(assets(self.company))

    @property
    def calendar(self) -> Sequence[PlanRow]:
        """What the company planned, in order of time; made without a look at the alerts."""
        return planned(self._stage, self.spec.benign, self.spec.attacks)

    def hits(self) -> Iterator[dict[str, Any]]:
        """Yield {"_index", "_id", "_source"} sorted by time, then id."""
        for alert in self.alerts():
            yield {"_index": alert.index_name, "_id": alert.id, "_source": alert.source}

    def alerts(self) -> Iterator[Alert]:
        """Yield the alerts sorted by time, then id; at most a day of them is in memory."""
        return heapq.merge(self._attacks, self._routine(), key=_order)

    def _routine(self) -> Iterator[Alert]:
        for day in range(self.spec.days):
            made = [alert for name in self.spec.benign for alert in BENIGN[name](self._stage(name, day))]
            yield from sorted(made, key=_order)

    def _play_attacks(self) -> tuple[list[Alert], tuple[TruthRow, ...]]:
        alerts: list[Alert] = []
        truth: list[TruthRow] = []
        seen: Counter[str] = Counter()
        for name in self.spec.attacks:
            seen[name] += 1
            label = name if seen[name] == 1 else f"{name}-{seen[name]}"
            for step in ATTACKS[name](self._stage(label, 0)):
                alerts.append(step.alert)
                truth.append(TruthRow(step.alert.id, label, step.phase, step.certain))
        return sorted(alerts, key=_order), tuple(truth)

    def _stage(self, key: str, day: int) -> Stage:
        s = self.spec
        return Stage(self.company, s.seed, key, s.start, s.days, s.noise, day)


def generate(spec: ScenarioSpec) -> Scenario:
    """Return the scenario of a specification."""
    return Scenario(spec)


def write(scenario: Scenario, folder: Path) -> Path:
    """Write alerts.ndjson.gz, truth.csv.gz, case.json, assets.csv and calendar.csv; return the path of the alerts."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "alerts.ndjson.gz"
    count, first, last = 0, scenario.spec.start, scenario.spec.start
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 4, raw, mtime=0) as packed:
        for alert in scenario.alerts():
            first, last, count = (alert.time if count == 0 else first), alert.time, count + 1
            hit = {"_index": alert.index_name, "_id": alert.id, "_source": alert.source}
            packed.write(json.dumps(hit, ensure_ascii=False).encode() + b"\n")
    _write_truth(scenario, folder / "truth.csv.gz")
    attacks = sorted({t.attack for t in scenario.truth if t.certain})
    info = {"name": scenario.spec.name, "alerts": count, "attacks": attacks, "first": iso(first), "last": iso(last)}
    (folder / "case.json").write_text(json.dumps(info, indent=1) + "\n", encoding="utf-8")
    (folder / "assets.csv").write_text(_table(FIELDS, scenario.assets), encoding="utf-8")
    entries = [row.cells for row in scenario.calendar]
    (folder / "calendar.csv").write_text(_table(PLAN_FIELDS, entries), encoding="utf-8")
    return path


def _write_truth(scenario: Scenario, path: Path) -> None:
    rows = [(t.id, t.attack, t.phase, int(t.certain)) for t in scenario.truth]
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(_table(TruthRow._fields, rows).encode())


def _table(fields: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    return text.getvalue()


def _order(alert: Alert) -> tuple[datetime, str]:
    return alert.time, alert.id
