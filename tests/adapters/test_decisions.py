"""Decisions in the state database: on disk before anybody is told, across restarts, processes and later runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from support.incidents import incident
from support.states import Hand, publish
from triage.adapters import migrations
from triage.adapters.database import SqliteState
from triage.desk.decisions import Decision, decision
from triage.errors import StateError, UsageError
from triage.models import Incident


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def state(tmp_path: Path, hand: Hand) -> Iterator[SqliteState]:
    with SqliteState(tmp_path / "state", now=hand) as opened:
        publish(opened, [incident("inc-1"), incident("inc-2", rank=2)])
        yield opened


def other(tmp_path: Path, hand: Hand) -> SqliteState:
    return SqliteState(tmp_path / "state", now=hand)


def closed(*names: str) -> Decision:
    return decision("close", names, reason="false_positive", text="known")


def changed(name: str, **changes: object) -> Incident:
    return incident(name).model_copy(update=changes)


def test_undo_and_redo_go_on_after_a_restart(state: SqliteState, tmp_path: Path, hand: Hand) -> None:
    state.decisions.decide(closed("inc-1"), "ann")
    state.decisions.decide(decision("note", ["inc-1", "inc-2"], text="n"), "bo")
    with other(tmp_path, hand) as again:
        undone = again.decisions.undo("cy")
        assert undone is not None
        assert (undone.decision.kind, undone.author, undone.undone) == ("note", "bo", True)
        assert set(again.decisions.statuses()) == {"inc-1"}
    assert set(state.decisions.statuses()) == {"inc-1"}, "the first process sees it, too"
    redone = state.decisions.redo("ann")
    assert redone is not None
    assert not redone.undone
    assert len(state.decisions.statuses()["inc-2"].notes) == 1
    assert state.decisions.redo("ann") is None


def test_a_new_decision_drops_what_could_be_redone_but_keeps_it_in_the_log(state: SqliteState) -> None:
    state.decisions.decide(closed("inc-1"), "ann")
    state.decisions.undo("ann")
    state.decisions.decide(decision("escalate", ["inc-1"]), "ann")
    assert state.decisions.redo("ann") is None
    assert [(step.decision.kind, step.undone, step.dropped) for step in state.decisions.steps(10)] == [
        ("close", True, True),
        ("escalate", False, False),
    ]
    assert [step.decision.kind for step in state.decisions.steps(1)] == ["escalate"]


def test_nothing_to_undo_is_said_and_leaves_no_trace(state: SqliteState) -> None:
    before = len(state.audit_entries())
    assert state.decisions.undo("ann") is None
    assert len(state.audit_entries()) == before


def test_two_processes_decide_in_turn(state: SqliteState, tmp_path: Path, hand: Hand) -> None:
    with other(tmp_path, hand) as second:
        first_step = state.decisions.decide(closed("inc-1"), "ann")
        second_step = second.decisions.decide(closed("inc-2"), "bo")
        assert second_step.number > first_step.number
        assert second_step.author == "bo"
        third = state.decisions.decide(decision("reopen", ["inc-2"]), "ann")
        assert third.decision.kind == "reopen"
        assert state.decisions.statuses() == second.decisions.statuses()


def test_every_decision_is_in_the_audit_log(state: SqliteState) -> None:
    state.decisions.decide(closed("inc-1"), "ann")
    state.decisions.undo("bo")
    found = [(one.actor, one.action) for one in state.audit_entries() if one.action.startswith("decision")]
    assert found == [("ann", "decision.close"), ("bo", "decision.undo")]
    assert state.audit_broken_at() is None


def test_the_log_cannot_be_rewritten(state: SqliteState, tmp_path: Path) -> None:
    state.decisions.decide(closed("inc-1"), "ann")
    raw = sqlite3.connect(tmp_path / "state" / "triage.db")
    for statement in ("UPDATE decisions SET author = 'x'", "DELETE FROM decisions"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement)
    raw.close()


def test_one_unknown_incident_refuses_the_whole_decision(state: SqliteState) -> None:
    with pytest.raises(UsageError, match="inc-9"):
        state.decisions.decide(closed("inc-1", "inc-9"), "ann")
    assert state.decisions.statuses() == {}
    assert state.decisions.steps(10) == []


def test_the_past_is_no_end_of_a_snooze(state: SqliteState, hand: Hand) -> None:
    with pytest.raises(UsageError, match="time to come"):
        state.decisions.decide(decision("snooze", ["inc-1"], until=hand()), "ann")
    state.decisions.decide(decision("snooze", ["inc-1"], until=hand() + timedelta(hours=1)), "ann")
    assert state.decisions.statuses()["inc-1"].state == "snoozed"
    hand.forward(timedelta(hours=1))
    assert state.decisions.statuses()["inc-1"].state == "open"


def test_decisions_outlive_later_runs_until_the_incident_grows(state: SqliteState) -> None:
    state.decisions.decide(closed("inc-1", "inc-2"), "ann")
    publish(state, [changed("inc-1"), changed("inc-2", rank=2, alert_count=5)])
    statuses = state.decisions.statuses()
    assert (statuses["inc-1"].state, statuses["inc-2"].state, statuses["inc-2"].grown) == ("closed", "open", 2)
    state.decisions.decide(closed("inc-2"), "ann")
    assert state.decisions.statuses()["inc-2"].state == "closed"


def test_a_benign_group_may_grow_unseen(state: SqliteState) -> None:
    state.decisions.decide(closed("inc-1"), "ann")
    publish(state, [changed("inc-1", alert_count=9, disposition="benign")])
    assert state.decisions.statuses()["inc-1"].state == "closed"


def test_what_the_last_run_changed(state: SqliteState) -> None:
    assert state.decisions.changes() == {"inc-1": "new", "inc-2": "new"}
    publish(
        state,
        [
            changed("inc-1", alert_count=4),
            changed("inc-2", rank=2, urgency=60.0),
            changed("inc-3", rank=3),
        ],
    )
    assert state.decisions.changes() == {"inc-1": "grown", "inc-2": "reranked", "inc-3": "new"}
    publish(state, [changed("inc-3")])
    assert state.decisions.changes() == {"inc-3": ""}


def test_a_decision_that_could_not_be_kept_was_not_made(
    state: SqliteState, tmp_path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "BUSY_MILLISECONDS", 0)
    with other(tmp_path, hand) as second, closing(sqlite3.connect(tmp_path / "state" / "triage.db")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="another process is writing"):
            second.decisions.decide(closed("inc-1"), "ann")
        writer.rollback()
        assert second.decisions.statuses() == state.decisions.statuses() == {}
        assert second.decisions.decide(closed("inc-1"), "ann").number == 1


def test_a_state_of_the_first_version_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        (tmp_path / "state").mkdir()
        old = migrations.connect(tmp_path / "state" / "triage.db")
        old.execute(
            "INSERT INTO runs (run_id, fingerprint, started, status, published)"
            " VALUES ('run-000001', 'f', '2026-01-01T00:00:00+00:00', 'done', 1)"
        )
        old.close()
    with SqliteState(tmp_path / "state") as new:
        assert [one.record.run_id for one in new.runs()] == ["run-000001"]
        publish(new, [incident("inc-1")])
        new.decisions.decide(closed("inc-1"), "ann")
        assert new.decisions.statuses()["inc-1"].state == "closed"
