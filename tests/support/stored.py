"""The segments of a run beside its published incidents, for tests of what looks into stored alerts."""

from pathlib import Path

import polars as pl

from support.desk import INDEX, STANDARD, START
from triage import columns
from triage.adapters.database import SqliteState
from triage.models import Incident
from triage.state import Frames


def _facts(incidents: tuple[Incident, ...]) -> pl.DataFrame:
    rows = [
        {
            "fact": at,
            "detector": "wazuh",
            "family": "wazuh",
            "rule": one.timeline[0].rule,
            "rule_id": "",
            "message": one.title,
            "severity": 73.0,
            "techniques": ["T1490"],
            "tactics": ["impact"],
            "principal": f"host:{one.entities[0].value}",
            "entities": [{"kind": str(entity.kind), "role": "", "value": entity.value} for entity in one.entities],
            "flags": [],
        }
        for at, one in enumerate(incidents)
    ]
    return pl.DataFrame(rows, schema=columns.FACTS)


def store_segments(folder: Path, incidents: tuple[Incident, ...] = STANDARD) -> None:
    """Add to the published state what a run keeps of its alerts: three per incident, one fact each."""
    begin = int(START.timestamp() * 1e6)
    rows = [
        (begin + 60_000_000 * one.rank + at, "event", INDEX, f"{one.rank}-{at}", fact, 0, 0, f"act-{one.rank}")
        for fact, one in enumerate(incidents)
        for at in range(3)
    ]
    schema = pl.Schema([*columns.ALERTS.items(), ("activity", pl.String())])
    with SqliteState(folder / "state") as store:
        working = store.working_set(store.last_published() or "")
        working.put(Frames.ALERTS, pl.DataFrame(rows, schema=schema, orient="row"))
        working.put(Frames.FACTS, _facts(incidents))
