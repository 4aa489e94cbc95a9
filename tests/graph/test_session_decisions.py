"""A session after real runs: every alert and document of an incident, and decisions that later runs leave alone."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from triage.config import Settings
from triage.desk.decisions import decision
from triage.fakes import HashEmbedder
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)


def hit(number: int) -> bytes:
    source = {
        "@timestamp": (FIRST + timedelta(minutes=number)).isoformat(),
        "event": {"kind": "alert", "module": "endpoint", "severity": 90},
        "rule": {"name": "Credential dumping" if number % 2 else "Ransomware note written"},
        "host": {"name": "fs01"},
        "user": {"name": "mallory"},
        "threat": {"technique": [{"id": "T1003" if number % 2 else "T1486"}]},
        "message": f"number {number}",
    }
    return orjson.dumps({"_index": "alerts", "_id": f"a{number}", "_source": source})


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(state=tmp_path / "state", workers=1), adapt=light) as opened:
        yield opened


def run(session: Session, folder: Path, *numbers: int) -> None:
    """Run on a file of these alerts, one second apart."""
    file = folder / f"alerts-{numbers[0]}.ndjson"
    file.write_bytes(b"\n".join(map(hit, numbers)) + b"\n")
    list(session.run([str(file)], Window(None, None), None))


def test_every_alert_of_an_incident_leads_to_its_document(session: Session, tmp_path: Path) -> None:
    run(session, tmp_path, *range(10))
    seen = set()
    for incident in session.incidents():
        alerts = session.alerts(incident.incident_id)
        assert alerts.columns == ["time", "index", "id", "activity", "outcome"]
        assert alerts.height == incident.alert_count
        assert set(alerts["activity"]) == set(session.activities(incident.incident_id)["activity"])
        for row in alerts.iter_rows(named=True):
            assert session.document(row["index"], row["id"]) == hit(int(row["id"][1:]))
            seen.add(row["id"])
    assert len(seen) == 10
    assert session.document("alerts", "b1") is None
    assert session.document("other", "a1") is None
    assert session.alerts("inc-none").is_empty()


def test_decisions_outlive_a_run_and_new_alerts_open_what_was_closed(session: Session, tmp_path: Path) -> None:
    run(session, tmp_path, *range(10))
    worst = session.top(1)[0]
    assert worst.disposition != "benign"
    step = session.decide(decision("close", [worst.incident_id], reason="false_positive"), "ann")
    assert step.author == "ann"
    assert not session.filter("is:open").matches(worst, session.statuses()[worst.incident_id])
    run(session, tmp_path, *range(10, 14))
    again = session.incident(worst.incident_id)
    status = session.statuses()[worst.incident_id]
    assert (status.state, status.grown) == ("open", again.alert_count - worst.alert_count)
    assert session.changes()[worst.incident_id] == "grown"
    undone = session.undo()
    assert undone is not None
    assert undone.number == step.number
    assert session.statuses() == {}
    assert session.redo() is not None
    assert [one.undone for one in session.log()] == [False]
