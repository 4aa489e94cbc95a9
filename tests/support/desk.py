"""A state with a few incidents in it, published as a run would, for tests of the terminal UI."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from triage import columns
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.judgement.baseline import OBSERVED
from triage.models import (
    AlertRef,
    DeadLetter,
    Entity,
    EntityKind,
    Evidence,
    Incident,
    Join,
    ResponseStep,
    RunCounts,
    TimelineEntry,
    UrgencyPart,
)
from triage.ports import Publication, Window
from triage.session import Session

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = START + timedelta(hours=20)
INDEX = "alerts-1"


def incident(rank: int, disposition: str = "attack", title: str = "", rule: str = "", value: str = "") -> Incident:
    """Return a complete incident; texts can be given, so that a test can make them hostile."""
    begin = START + timedelta(minutes=rank)
    rule = rule or f"Rule {rank}"
    entry = TimelineEntry(
        activity=f"act-{rank}",
        first_seen=begin,
        last_seen=begin + timedelta(minutes=30),
        alert_count=3,
        detector="wazuh",
        rule=rule,
        entities=(f"host:{value or f'host{rank}'}", "user:ana"),
        severity=73,
        techniques=("T1490",),
        tactics=("impact",),
        novelty=1,
    )
    return Incident.model_validate(
        {
            "incident_id": f"inc-{rank:04}",
            "rank": rank,
            "urgency": max(95 - 7 * rank, 1),
            "urgency_parts": (
                UrgencyPart(name="behaviour", points=max(95 - 7 * rank, 1) - 1, why="unusual"),
                UrgencyPart(name="spread", points=1, why="one asset"),
            ),
            "disposition": disposition,
            "verdict_reason": "three tactics in order",
            "title": title or f"Incident number {rank} on host{rank}",
            "summary": f"Shadow copies were deleted on host{rank} [E1]. Rule '{rule}' fired three times [E2].",
            "first_seen": begin,
            "last_seen": begin + timedelta(minutes=30),
            "alert_count": 3,
            "activity_count": 1,
            "entities": (
                Entity(kind=EntityKind.HOST, value=value or f"host{rank}", alert_count=3, criticality=80),
                Entity(kind=EntityKind.USER, value="ana", alert_count=2),
                Entity(kind=EntityKind.ADDRESS, value="203.0.113.7", alert_count=1),
            ),
            "techniques": ("T1490",),
            "tactics": ("impact",),
            "detectors": ("wazuh",),
            "evidence": (
                Evidence(
                    evidence_id="E1",
                    statement="the copies are gone",
                    tool="condense",
                    supports="attack",
                    alerts=(AlertRef(INDEX, f"{rank}-0"),),
                    alert_count=1,
                ),
                Evidence(
                    evidence_id="E2",
                    statement=f"'{rule}' fired",
                    tool="around",
                    alerts=(AlertRef(INDEX, f"{rank}-1"),),
                    alert_count=3,
                ),
            ),
            "joins": (
                Join(left=f"act-{rank}", right="act-x", reason="same host", strength=0.9),
                Join(left="act-x", right="act-y", reason="same minute", strength=0.3, weakest=True),
            ),
            "timeline": (entry,),
            "benign_reading": "Most plausible: a backup job was being tested [E2].",
            "missing_evidence": ("no process tree",),
            "would_flip": ("a change ticket",),
            "response_plan": (
                ResponseStep(
                    phase="containment",
                    action="isolate",
                    target=f"host{rank}",
                    reason="it spreads",
                    evidence=("E1",),
                    reversal="release",
                ),
            ),
        }
    )


STANDARD = (
    incident(1),
    incident(2, "attack", rule="Burst"),
    incident(3, "suspicious", rule="Burst"),
    incident(4, "suspicious", rule="Burst"),
    incident(5, "suspicious"),
    incident(6, "benign", title="Backup job"),
)
"""Five to work on, three of them of one rule, and a benign group."""


def publish(
    store: SqliteState, incidents: tuple[Incident, ...], name: str = "a", excerpt: str = "{", sample: int = 0
) -> None:
    """Publish incidents as a run would, with three alerts each and one dead letter; ``sample`` benign ones to check."""
    run = store.open_run(name, START, Window(None, None))
    placed = [one for one in incidents for _ in range(3)]
    alerts = pl.DataFrame(
        {
            "index": [INDEX] * len(placed),
            "id": [f"{one.rank}-{at % 3}" for at, one in enumerate(placed)],
            "time": [int(one.first_seen.timestamp() * 1e6) + at % 3 for at, one in enumerate(placed)],
            "activity": [f"act-{one.rank}" for one in placed],
            "outcome": [_outcome(one) for one in placed],
            "incident_id": [one.incident_id for one in placed],
        }
    )
    store.publish(
        Publication(
            run_id=run.run_id,
            complete=True,
            counts=RunCounts(read=len(placed) + 1, incident=len(placed) - 3, benign=3, dead_letter=1),
            alerts=alerts,
            activities=pl.DataFrame([_activity(one) for one in incidents], schema=columns.ACTIVITIES),
            placements=pl.DataFrame(
                [(f"act-{one.rank}", one.incident_id, _outcome(one)) for one in incidents],
                schema=["activity", "incident_id", "outcome"],
                orient="row",
            ),
            sightings=pl.DataFrame(schema=OBSERVED),
            incidents=incidents,
            dead_letters=(DeadLetter(alert_id="x:1", origin="x:1", reason="not JSON", excerpt=excerpt),),
            watermarks={},
            summary=_summary(run.run_id, incidents),
            blind_sample=sample,
        )
    )


def _outcome(one: Incident) -> str:
    return "benign" if one.disposition == "benign" else "incident"


def _summary(run_id: str, incidents: tuple[Incident, ...]) -> dict[str, object]:
    shown = sum(one.disposition != "benign" for one in incidents)
    total = 3 * len(incidents) + 1
    return {
        "run_id": run_id,
        "started": START.isoformat(),
        "counts": {
            "read": total,
            "incident": total - 4,
            "benign": 3,
            "duplicate": 0,
            "dead_letter": 1,
            "already_judged": 0,
            "repeated": 0,
            "outside": 0,
            "activities": len(incidents),
        },
        "incidents": {"shown": shown, "benign_groups": len(incidents) - shown},
        "incomplete": [],
    }


def _activity(one: Incident) -> dict[str, object]:
    entry = one.timeline[0]
    begin = int(entry.first_seen.timestamp() * 1e6)
    return {
        "activity": entry.activity,
        "signature": f"sig-{one.rank}",
        "detector": "wazuh",
        "rule": entry.rule,
        "message": entry.rule,
        "principal": entry.entities[0],
        "first": begin,
        "last": begin + 2,
        "count": 3,
        "variety": 1,
        "severity": 73.0,
        "techniques": ["T1490"],
        "tactics": ["impact"],
        "entities": [],
        "entity_total": 2,
        "flags": [],
    }


@contextmanager
def opened(folder: Path, incidents: tuple[Incident, ...] = STANDARD, **given: Any) -> Iterator[Session]:
    """Yield a session on a state in which the incidents were published; ``given`` is what ``publish`` takes."""
    with SqliteState(folder / "state") as store:
        publish(store, incidents, **given)
    with Session(Settings(state=folder / "state")) as session:
        yield session
