"""The state store: one transaction per run, nothing lost to a kill, nothing that grows with history."""

import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from triage.adapters import migrations
from triage.adapters.database import SqliteState
from triage.columns import ACTIVITIES
from triage.errors import StateError, UsageError
from triage.judgement import baseline
from triage.models import AlertRef, DeadLetter, Incident, RunCounts, UrgencyPart
from triage.ports import Publication, RunRecord, Window
from triage.record.ledger import LEDGER
from triage.times import micros

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
OPEN = Window(None, None)
SECOND = 1_000_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteState]:
    with SqliteState(tmp_path / "state", now=lambda: NOW) as opened:
        yield opened


def incident(incident_id: str = "inc-1", rank: int = 1, **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "incident_id": incident_id,
        "rank": rank,
        "urgency": 71.5,
        "urgency_parts": (UrgencyPart(name="severity", points=71.5, why="high"),),
        "disposition": "attack",
        "verdict_reason": "new lateral movement",
        "title": "Lateral movement to dc01",
        "summary": "s",
        "first_seen": NOW,
        "last_seen": NOW + timedelta(microseconds=1),
        "alert_count": 2,
        "activity_count": 1,
        "entities": (),
        "techniques": ("T1021",),
        "tactics": ("lateral-movement",),
        "detectors": ("wazuh",),
        "evidence": (),
        "joins": (),
        "timeline": (),
        "benign_reading": "an administrator",
    }
    return Incident(**values | changes)


def activities(*keys: str, last: int = 10 * SECOND, count: int = 2) -> pl.DataFrame:
    row = {
        "signature": "sig",
        "detector": "wazuh",
        "rule": 'rule\n"x"\u2028',
        "message": "m",
        "principal": "host:dc01",
        "first": SECOND,
        "last": last,
        "count": count,
        "severity": 10.1,
        "techniques": ["T1021"],
        "tactics": [],
        "entities": [{"kind": "host", "role": "", "value": "dc01"}],
        "entity_total": 1,
        "flags": [],
    }
    return pl.DataFrame([{"activity": key, **row} for key in keys], schema=ACTIVITIES)


def ledger(*rows: tuple[str, int | None, str, str, str], index: str = "alerts") -> pl.DataFrame:
    return pl.DataFrame([(index, *row) for row in rows], schema=LEDGER, orient="row")


def publication(run_id: str, alerts: pl.DataFrame | None = None, **changes: Any) -> Publication:
    rows = ledger(("a", SECOND, "act-1", "incident", "inc-1"), ("b", 2 * SECOND, "act-1", "incident", "inc-1"))
    alerts = rows if alerts is None else alerts
    base = Publication(
        run_id=run_id,
        complete=True,
        counts=RunCounts(read=alerts.height, incident=alerts.height),
        alerts=alerts,
        activities=activities("act-1"),
        placements=placements(("act-1", "inc-1", "incident")),
        sightings=observed("act-1", 2, 0b101),
        incidents=(incident(),),
        dead_letters=(),
        watermarks={"elastic": NOW},
        summary={"run_id": run_id, "counts": {"read": 2}},
    )
    return base._replace(**changes)


def observed(activity: str, count: int, hours: int) -> pl.DataFrame:
    rows = [(activity, "sig", "host:dc01", 20000, count, hours, False)]
    return pl.DataFrame(rows, schema=baseline.OBSERVED, orient="row")


def placements(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["activity", "incident_id", "outcome"], orient="row")


def published(
    state: SqliteState, fingerprint: str = "f", alerts: pl.DataFrame | None = None, **changes: Any
) -> RunRecord:
    run = state.open_run(fingerprint, NOW, OPEN)
    state.publish(publication(run.run_id, alerts, **changes))
    state.finish_run(run.run_id, "done")
    return run


def refs(*rows: tuple[str, int | None], index: str = "alerts") -> pl.DataFrame:
    return pl.DataFrame(
        [(index, *row) for row in rows], schema={"index": pl.String, "id": pl.String, "time": pl.Int64}, orient="row"
    )


def test_an_unfinished_run_is_resumed_with_its_own_window(state: SqliteState) -> None:
    run = state.open_run("f", NOW, Window(NOW - timedelta(days=1), NOW))
    again = state.open_run("f", NOW + timedelta(hours=1), OPEN)
    assert run == again
    assert (again.since, again.until, again.started) == (NOW - timedelta(days=1), NOW, NOW)
    assert state.open_run("other", NOW, OPEN).run_id == "run-000002"
    state.publish(publication(run.run_id))
    assert state.open_run("f", NOW, OPEN).status == "published"
    state.finish_run(run.run_id, "done")
    assert state.open_run("f", NOW, OPEN).run_id == "run-000003"


def test_a_failed_run_is_not_resumed(state: SqliteState) -> None:
    state.finish_run(state.open_run("f", NOW, OPEN).run_id, "failed")
    assert state.open_run("f", NOW, OPEN).run_id == "run-000002"
    with pytest.raises(ValueError, match="running"):
        state.finish_run("run-000002", "running")


def test_what_was_published_comes_back(state: SqliteState) -> None:
    run = published(state)
    assert state.last_published() == run.run_id
    assert list(state.incidents()) == [incident()]
    assert state.incidents()[0].model_dump_json() == incident().model_dump_json()
    assert state.summary(run.run_id) == {"run_id": run.run_id, "counts": {"read": 2}}
    assert state.watermark("elastic") == NOW
    assert state.watermark("other") is None
    assert state.activities(0).equals(activities("act-1"))
    assert state.activities(11 * SECOND).is_empty()
    assert state.activities(11 * SECOND).schema == ACTIVITIES
    assert state.ledger(run.run_id).rows() == [
        ("a", "alerts", "incident", "inc-1"),
        ("b", "alerts", "incident", "inc-1"),
    ]


def test_publishing_twice_changes_nothing(state: SqliteState) -> None:
    run = state.open_run("f", NOW, OPEN)
    state.publish(publication(run.run_id))
    before = state.sightings(0), state.ledger(run.run_id), len(state.audit_entries())
    state.publish(publication(run.run_id, ledger(("z", 1, "act-1", "benign", "inc-9"))))
    after = state.sightings(0), state.ledger(run.run_id), len(state.audit_entries())
    assert before[0].equals(after[0])
    assert before[1].equals(after[1])
    assert before[2] == after[2]


def test_segments_of_a_run_killed_before_its_commit_are_not_read(state: SqliteState) -> None:
    run = state.open_run("f", NOW, OPEN)
    broken = publication(run.run_id, incidents=(incident(), incident()))  # two of rank 1: the transaction fails
    with pytest.raises(StateError):
        state.publish(broken)
    assert state.working_set(run.run_id).has("published/ledger")
    assert state.last_published() is None
    assert state.ledger(run.run_id).is_empty()
    assert not state.judged(refs(("a", SECOND))).any()
    assert not state.whereabouts("a")
    assert state.sightings(0).is_empty()
    state.publish(publication(run.run_id))
    assert state.judged(refs(("a", SECOND))).all()


def test_a_run_that_was_never_opened_cannot_publish(state: SqliteState) -> None:
    with pytest.raises(StateError, match="never opened"):
        state.publish(publication("run-000009"))


def test_judged_keeps_the_order_and_needs_index_and_id(state: SqliteState) -> None:
    assert state.judged(refs(("a", SECOND))).to_list() == [False]
    published(state)
    asked = refs(("x", SECOND), ("b", 2 * SECOND), ("a", 50 * SECOND), ("a", SECOND), ("a", SECOND))
    assert state.judged(asked).to_list() == [False, True, True, True, True]
    assert state.judged(refs(("a", SECOND), index="other")).to_list() == [False]
    assert state.judged(refs()).to_list() == []


def test_documents_without_a_time_are_recognised_whatever_the_window(state: SqliteState) -> None:
    letters = (DeadLetter(alert_id="file.ndjson:7", origin="file.ndjson:7", reason="broken JSON"),)
    rows = [("", "file.ndjson:7", None, "", "dead_letter", ""), ("alerts", "t", None, "act-1", "benign", "inc-1")]
    published(state, alerts=pl.DataFrame(rows, schema=LEDGER, orient="row"), dead_letters=letters)
    assert state.judged(refs(("t", None), ("a", None))).to_list() == [True, False]
    assert state.judged(refs(("file.ndjson:7", None), index="")).to_list() == [True]
    assert list(state.dead_letters("run-000001")) == list(letters)
    where = state.whereabouts("file.ndjson:7")[0]
    assert (where.outcome, where.incident_id, where.reason) == ("dead_letter", "", "broken JSON")


def test_only_segments_that_overlap_are_opened(state: SqliteState) -> None:
    first = published(state, "f1", ledger(("a", micros(NOW), "act-1", "incident", "inc-1")))
    later = micros(NOW) + 1000 * SECOND
    published(state, "f2", ledger(("c", later, "act-1", "incident", "inc-1")))
    state.working_set(first.run_id).path("published/ledger").write_bytes(b"would fail if it were opened")
    assert state.judged(refs(("c", later), ("d", later - SECOND))).to_list() == [True, False]


@pytest.mark.parametrize("year", [1601, 1970, 9998])
def test_a_stray_date_is_known_again_and_does_not_make_its_run_span_years(state: SqliteState, year: int) -> None:
    stray, later = micros(NOW.replace(year=year)), micros(NOW) + 1000 * SECOND
    rows = [(name, time, "act-1", "incident", "inc-1") for name, time in (("a", micros(NOW)), ("stray", stray))]
    run = published(state, "f1", ledger(*rows))
    assert state.judged(refs(("stray", stray), ("other", stray), ("a", micros(NOW)))).to_list() == [True, False, True]
    assert list(state.published_since(later)) == []
    assert list(state.published_since(micros(NOW))) == [run.run_id]
    state.working_set(run.run_id).path("published/ledger").write_bytes(b"would fail if it were opened")
    assert state.judged(refs(("c", later))).to_list() == [False]


def test_the_ledger_is_in_alert_order(state: SqliteState) -> None:
    rows = ledger(
        ("c", None, "", "dead_letter", ""), ("b", 5, "act-1", "benign", "i"), ("a", 5, "act-1", "benign", "i")
    )
    run = published(state, alerts=rows)
    assert state.ledger(run.run_id)["alert_id"].to_list() == ["a", "b", "c"]


def test_an_alert_follows_its_activity_to_another_incident(state: SqliteState) -> None:
    published(state, "f1", placements=placements(("act-1", "inc-1", "benign")))
    moved = {
        "placements": placements(("act-1", "inc-2", "incident")),
        "incidents": (incident("inc-2", verdict_reason="joined"),),
    }
    published(state, "f2", ledger(("c", 9 * SECOND, "act-1", "incident", "inc-2")), **moved)
    (where,) = state.whereabouts("a")
    assert where.ref == AlertRef("alerts", "a")
    assert (where.outcome, where.incident_id, where.run_id, where.reason) == (
        "incident",
        "inc-2",
        "run-000001",
        "joined",
    )
    assert state.alerts_of("inc-2")["id"].to_list() == ["a", "b", "c"]
    assert state.alerts_of("inc-1").is_empty()
    assert state.activities_of("inc-2")["activity"].to_list() == ["act-1"]
    assert state.incident("inc-1") == incident()


def test_indices_may_share_an_id(state: SqliteState) -> None:
    rows = [(index, "a", SECOND, "act-1", "duplicate", "inc-1") for index in ("one", "two")]
    published(state, alerts=pl.DataFrame(rows, schema=LEDGER, orient="row"))
    found = state.whereabouts("a")
    assert [where.ref.index for where in found] == ["one", "two"]
    assert {where.outcome for where in found} == {"duplicate"}
    assert "sequence alert" in found[0].reason
    assert "new lateral movement" in found[0].reason


def test_an_incident_is_found_by_a_prefix(state: SqliteState) -> None:
    published(state, incidents=(incident("ab1"), incident("ab2", 2), incident("ab12", 3), incident("c%", 4)))
    found = state.incident("c")
    assert found is not None
    assert found.incident_id == "c%"
    exact = state.incident("ab1")
    assert exact is not None
    assert exact.incident_id == "ab1"
    assert state.incident("%") is None
    with pytest.raises(UsageError, match="ab1, ab12, ab2"):
        state.incident("ab")


def test_the_newest_version_of_an_incident_counts(state: SqliteState) -> None:
    published(state, "f1")
    published(state, "f2", ledger(), incidents=(incident(urgency=80.0),))
    newest = state.incident("inc")
    assert newest is not None
    assert newest.urgency == 80.0
    assert state.incidents("run-000001")[0].urgency == 71.5


def test_an_unchanged_incident_is_stored_once(state: SqliteState, tmp_path: Path) -> None:
    published(state, "f1")
    published(state, "f2", ledger(), incidents=(incident(rank=1), incident("inc-2", 2)))
    published(state, "f3", ledger(), incidents=(incident(rank=2), incident("inc-2", 1)))
    reader = sqlite3.connect(tmp_path / "state" / "triage.db")
    assert reader.execute("SELECT count(*) FROM incident_bodies").fetchone() == (2,)
    reader.close()
    assert [found.incident_id for found in state.incidents()] == ["inc-2", "inc-1"]


def test_grown_activities_replace_their_earlier_version(state: SqliteState) -> None:
    published(state, "f1", activities=activities("act-1", "act-2"))
    published(state, "f2", ledger(), activities=activities("act-1", last=99 * SECOND, count=7))
    assert state.activities(50 * SECOND).equals(activities("act-1", last=99 * SECOND, count=7))
    assert state.activities(0)["activity"].to_list() == ["act-1", "act-2"]


def test_placements_are_the_newest_of_recent_activities(state: SqliteState) -> None:
    old = activities("act-0", last=SECOND)
    both = placements(("act-1", "inc-1", "benign"), ("act-0", "inc-0", "benign"))
    published(state, "f1", activities=pl.concat([activities("act-1"), old]), placements=both)
    published(state, "f2", ledger(), placements=placements(("act-1", "inc-2", "incident")))
    assert state.placements(2 * SECOND).rows() == [("act-1", "inc-2", "incident")]
    assert state.placements(0)["activity"].to_list() == ["act-0", "act-1"]


def test_sightings_add_up_over_runs(state: SqliteState) -> None:
    published(state, "f1")
    published(state, "f2", ledger(), sightings=observed("act-2", 3, 0b10))
    assert state.sightings(20000).rows() == [("sig", "host:dc01", 20000, 5, 0b111)]
    assert state.sightings(20001).is_empty()


def test_a_watermark_never_goes_back(state: SqliteState) -> None:
    published(state, "f1")
    published(state, "f2", ledger(), watermarks={"elastic": NOW - timedelta(days=1)})
    assert state.watermark("elastic") == NOW


def test_vectors_are_cached_by_model_and_text(state: SqliteState) -> None:
    vector = np.array([0.6, 0.8], dtype=np.float32)
    state.save_vectors("model-a", {"t1": vector, "t2": -vector})
    state.save_vectors("model-a", {"t1": vector})
    found = state.vectors("model-a", ["t1", "unknown"])
    assert list(found) == ["t1"]
    assert found["t1"].dtype == np.float32
    assert np.array_equal(found["t1"], vector)
    assert state.vectors("model-b", ["t1"]) == {}
    assert len(state.vectors("model-a", [f"t{number}" for number in range(5000)])) == 2


def test_a_reader_sees_the_last_commit_while_a_run_writes(state: SqliteState, tmp_path: Path) -> None:
    published(state)
    writer = sqlite3.connect(tmp_path / "state" / "triage.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE incidents SET title = 'half done'")
    with SqliteState(tmp_path / "state") as reader:
        assert list(reader.incidents()) == [incident()]
    writer.execute("ROLLBACK")
    writer.close()


def test_only_one_run_writes_at_a_time(state: SqliteState, tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state") as other:
        with state.writing(), pytest.raises(StateError, match="another run"), other.writing():
            pass
        with other.writing():
            pass


def test_runs_are_listed_with_their_sums(state: SqliteState) -> None:
    published(state, complete=False)
    state.open_run("g", NOW, OPEN)
    first, second = state.runs()
    assert (first.record.status, first.published, first.complete, first.counts.incident) == ("done", True, False, 2)
    assert (second.record.run_id, second.published) == ("run-000002", False)


def test_files_are_private(state: SqliteState, tmp_path: Path) -> None:
    published(state)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    with state.writing():
        files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    SqliteState(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "triage.db")
    newer.execute(f"PRAGMA user_version = {len(migrations.MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(StateError, match="newer version"):
        SqliteState(tmp_path)


def test_older_schemas_are_migrated_in_order_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteState(tmp_path).close()
    script = "CREATE TABLE notes (note TEXT);\nINSERT INTO notes VALUES ('a;b');"
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, script, "CREATE TABLE notes (again);"))
        with pytest.raises(StateError, match="already exists"):
            SqliteState(tmp_path)
    database = sqlite3.connect(tmp_path / "triage.db")
    assert database.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS) + 1,)
    assert database.execute("SELECT note FROM notes").fetchall() == [("a;b",)]
    database.close()


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "triage.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StateError, match="damaged"):
        SqliteState(tmp_path)


@pytest.mark.parametrize("run_id", ["../x", "run-1", "", "run-000001/.."])
def test_a_run_id_cannot_leave_the_folder(state: SqliteState, run_id: str) -> None:
    with pytest.raises(ValueError, match="run id"):
        state.working_set(run_id)


def test_the_audit_log_is_chained_and_append_only(state: SqliteState, tmp_path: Path) -> None:
    published(state)
    state.record("ana", "incident.close", {"incident": "inc-1", "reason": "ß"})
    entries = state.audit_entries()
    assert [entry.action for entry in entries] == ["run.open", "run.publish", "run.finish", "incident.close"]
    assert entries[-1].detail == {"incident": "inc-1", "reason": "ß"}
    assert entries[-1].time == NOW
    assert [entry.seq for entry in state.audit_entries(limit=2)] == [3, 4]
    assert state.audit_broken_at() is None
    forger = sqlite3.connect(tmp_path / "state" / "triage.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        forger.execute("UPDATE audit SET actor = 'bob' WHERE seq = 2")
    forger.execute("DROP TRIGGER audit_no_update")
    forger.execute("UPDATE audit SET actor = 'bob' WHERE seq = 2")
    forger.commit()
    forger.close()
    assert state.audit_broken_at() == 2
