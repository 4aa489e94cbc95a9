"""Memory in the database: verdicts decide, people outweigh them, versions come and go, hourly runs fold into days."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from support.activities import START, activity, frame
from support.incidents import incident
from support.states import Hand
from triage.adapters.baseline import KEPT_APART
from triage.adapters.database import SqliteState
from triage.config import BaselineSettings
from triage.desk.decisions import decision
from triage.errors import UsageError
from triage.judgement.baseline import OBSERVED
from triage.models import RunCounts
from triage.ports import Publication, Window
from triage.record.ledger import LEDGER

DAY_NUMBER = 20_000


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def state(tmp_path: Path, hand: Hand) -> Iterator[SqliteState]:
    with SqliteState(tmp_path, hand) as opened:
        yield opened


def publish(
    state: SqliteState, hand: Hand, key: str, outcome: str = "benign", *, hour: int = 0, sample: int = 0
) -> int:
    """Publish a run with one activity of its own and return the version it made."""
    run = state.open_run(f"run {len(state.runs())}", hand.time, Window(None, None))
    rows = [(key, "s-x", "host:a", DAY_NUMBER, 2, 1 << hour, False)]
    placed = pl.DataFrame({"activity": [key], "incident_id": [f"inc-{key}"], "outcome": [outcome]})
    found = incident(f"inc-{key}").model_copy(update={"disposition": "benign" if outcome == "benign" else "attack"})
    state.publish(
        Publication(
            run_id=run.run_id,
            complete=True,
            counts=RunCounts(),
            alerts=pl.DataFrame(schema=LEDGER),
            activities=frame([activity(key, "x", "host:a", START)]),
            placements=placed,
            sightings=pl.DataFrame(rows, schema=OBSERVED, orient="row"),
            incidents=(found,),
            dead_letters=(),
            watermarks={},
            summary={},
            blind_sample=sample,
        )
    )
    state.finish_run(run.run_id, "done")
    return state.memory.versions()[-1].version


def taught(state: SqliteState) -> list[str]:
    return sorted(state.observed(0).filter("teaches")["activity"].to_list())


def test_what_is_in_an_incident_is_observed_but_not_learned(state: SqliteState, hand: Hand) -> None:
    publish(state, hand, "a")
    publish(state, hand, "b", "incident")
    assert state.observed(0).height == 2
    assert taught(state) == ["a"]
    assert state.observed(DAY_NUMBER + 1).is_empty()


def test_a_closure_changes_what_is_learned_and_undo_changes_it_back(state: SqliteState, hand: Hand) -> None:
    publish(state, hand, "a")
    publish(state, hand, "b", "incident")
    state.decisions.decide(decision("close", ["inc-b"], reason="false_positive"), "ana")
    assert taught(state) == ["a", "b"]
    state.decisions.decide(decision("close", ["inc-a"], reason="true_positive"), "ana")
    assert taught(state) == ["b"]
    state.decisions.undo("ana")
    state.decisions.undo("ana")
    assert taught(state) == ["a"]


def test_a_rollback_forgets_later_runs_can_be_taken_back_and_is_audited(state: SqliteState, hand: Hand) -> None:
    first, second = publish(state, hand, "a"), publish(state, hand, "b")
    assert state.memory.rollback(first, "ana") == second
    assert taught(state) == ["a"]
    third = publish(state, hand, "c")
    assert taught(state) == ["a", "c"]
    assert [one.remembered for one in state.memory.versions()] == [True, False, True]
    state.memory.rollback(second, "ana")
    assert taught(state) == ["a", "b"]
    state.memory.rollback(0, "ana")
    assert taught(state) == []
    state.memory.rollback(third, "ana")
    assert taught(state) == ["a", "c"]
    entries = [entry for entry in state.audit_entries() if entry.action == "baseline.rollback"]
    assert next(entry.detail for entry in entries) == {"from": second, "to": first}
    assert state.audit_broken_at() is None


def test_an_unknown_version_is_refused_and_changes_nothing(state: SqliteState, hand: Hand) -> None:
    publish(state, hand, "a")
    with pytest.raises(UsageError, match="no baseline version 9"):
        state.memory.rollback(9, "ana")
    assert taught(state) == ["a"]


def test_a_rollback_survives_the_process(state: SqliteState, hand: Hand, tmp_path: Path) -> None:
    first = publish(state, hand, "a")
    publish(state, hand, "b")
    state.memory.rollback(first, "ana")
    with SqliteState(tmp_path, hand) as again:
        assert taught(again) == ["a"]


def test_versions_of_one_day_fold_into_its_last_and_memory_stays_the_same(state: SqliteState, hand: Hand) -> None:
    first = publish(state, hand, "a", hour=0)
    for hour in range(1, 4):
        hand.forward(timedelta(hours=1))
        publish(state, hand, "a", hour=hour)
    for _ in range(KEPT_APART):
        hand.forward(timedelta(days=1))
        publish(state, hand, "b")
    old = state.observed(0).filter(pl.col("activity") == "a")
    assert old.select("count", "hours").rows() == [(8, 0b1111)]
    assert len(state.memory.versions()) == KEPT_APART + 1
    with pytest.raises(UsageError, match="taken in"):
        state.memory.rollback(first, "ana")
    state.memory.rollback(first + 3, "ana")
    assert taught(state) == ["a"]


def test_what_is_normal_is_shown_and_compared(state: SqliteState, hand: Hand) -> None:
    first, second = publish(state, hand, "a"), publish(state, hand, "b", hour=5)
    (habit,) = state.memory.habits("host:a", BaselineSettings())
    assert (habit.rule, habit.alerts, habit.hours) == ("x", 4, "00, 05")
    (difference,) = state.memory.differences(first, second, BaselineSettings())
    assert (difference.change, difference.alerts_before, difference.alerts_after) == ("more", 2, 4)


def test_samples_are_drawn_of_what_was_benign_answered_and_kept(state: SqliteState, hand: Hand, tmp_path: Path) -> None:
    publish(state, hand, "a", sample=3)
    publish(state, hand, "b", "incident", sample=3)
    (sample,) = state.quality.samples()
    assert (sample.activity, sample.rule, sample.answer) == ("a", "x", None)
    assert state.quality.quality().bound is None
    state.quality.answer(sample.sample, "benign", "ana")
    assert state.quality.quality()[:4] == (1, 1, 1, 0)
    state.quality.answer(sample.sample, "attack", "bo")
    with SqliteState(tmp_path, hand) as again:
        assert again.quality.quality().missed == 1
        assert taught(again) == []
        assert [entry.action for entry in again.audit_entries()][-2:] == ["quality.answer"] * 2
    with pytest.raises(UsageError, match="no sample 7"):
        state.quality.answer(7, "benign", "ana")


def test_closures_of_shown_incidents_are_labelled(state: SqliteState, hand: Hand) -> None:
    publish(state, hand, "a")
    publish(state, hand, "b", "incident")
    reasons = {"inc-a": "false_positive", "inc-b": "true_positive"}
    assert [(one.urgency, one.attack) for one in state.quality.closures(reasons)] == [(40, True)]
