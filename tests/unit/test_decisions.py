"""The fold of the log: undo and redo of everything, in order, whatever was decided."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.desk.decisions import REASONS, Decision, Entry, Journal, Kind, Status, decision, fold
from triage.errors import UsageError

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=4)


def entry(number: int, decided: Decision | None, *, redo: bool = False, seen: Mapping[str, int] | None = None) -> Entry:
    return Entry(number, NOW + timedelta(seconds=number), "ann", decided, redo, seen or {})


def after(*decided: Decision) -> Mapping[str, Status]:
    return fold([entry(number, one) for number, one in enumerate(decided, 1)], NOW)


def test_closing_keeps_reason_note_author_and_time() -> None:
    status = after(decision("close", ["a"], reason="false_positive", text="a backup job"))["a"]
    assert (status.state, status.reason, status.changed) == ("closed", "false_positive", NOW + timedelta(seconds=1))
    assert [(note.text, note.author) for note in status.notes] == [("a backup job", "ann")]


def test_reopening_forgets_the_reason_but_not_the_notes() -> None:
    status = after(decision("close", ["a"], reason="duplicate", text="of b"), decision("reopen", ["a"]))["a"]
    assert (status.state, status.reason, status.reopened, len(status.notes)) == ("open", "", True, 1)


def test_one_decision_concerns_many_incidents_and_each_once() -> None:
    decided = decision("escalate", ["a", "b", "a"])
    assert decided.incident_ids == ("a", "b")
    assert all(status.escalated for status in after(decided).values())


def test_a_snooze_ends_by_itself() -> None:
    entries = [entry(1, decision("snooze", ["a"], until=LATER))]
    assert fold(entries, NOW)["a"].state == "snoozed"
    assert fold(entries, LATER)["a"].state == "open"
    assert fold(entries, LATER)["a"].snoozed_until is None


def test_what_is_decided_of_other_things_changes_no_state() -> None:
    status = after(
        decision("close", ["a"], reason="true_positive"),
        decision("assign", ["a"], assignee="bo"),
        decision("acknowledge", ["a"]),
        decision("note", ["a"], text="x"),
    )["a"]
    assert (status.state, status.assignee, status.acknowledged) == ("closed", "bo", True)


def test_a_closed_incident_that_grows_is_open_again_and_says_so() -> None:
    journal = Journal()
    journal.add(entry(1, decision("close", ["a"], reason="false_positive"), seen={"a": 10}))
    assert journal.statuses(NOW, {"a": 10})["a"].state == "closed"
    assert journal.statuses(NOW, {})["a"].state == "closed", "it is benign or gone"
    grown = journal.statuses(NOW, {"a": 13})["a"]
    assert (grown.state, grown.grown, grown.reason) == ("open", 3, "false_positive")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("close", {}),
        ("close", {"reason": "Because I can"}),
        ("note", {}),
        ("note", {"text": "  \n"}),
        ("note", {"text": "\ud800"}),
        ("note", {"text": "x" * 10_001}),
        ("snooze", {}),
        ("snooze", {"until": datetime(2026, 1, 1)}),  # noqa: DTZ001 - that is the point
        ("escalate", {"assignee": "bo"}),
        ("escalate", {"reason": "true_positive"}),
        ("delete", {}),
        ("reopen", {"colour": "red"}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: Any, values: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        decision(kind, ["a"], **values)


def test_a_decision_about_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="incident_ids"):
        decision("reopen", [])


KINDS: tuple[Kind, ...] = ("close", "reopen", "acknowledge", "assign", "escalate", "snooze", "note")


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    kind = draw(st.sampled_from(KINDS))
    values: dict[str, Any] = {"text": draw(st.sampled_from(["", "seen"]))}
    match kind:
        case "close":
            values["reason"] = draw(st.sampled_from(REASONS))
        case "assign":
            values["assignee"] = draw(st.sampled_from(["", "bo", "cy"]))
        case "snooze":
            values["until"] = draw(st.sampled_from([NOW - timedelta(days=1), LATER]))
        case "note":
            values["text"] = "noted"
        case _:
            pass
    return decision(kind, draw(st.lists(st.sampled_from("abc"), min_size=1)), **values)


@given(st.lists(decisions() | st.sampled_from(["undo", "redo"]), max_size=30))
def test_undo_and_redo_lead_where_the_remaining_decisions_lead(actions: list[Decision | str]) -> None:
    journal, done, undone = Journal(), list[Entry](), list[Entry]()
    dropped = set[int]()
    for number, action in enumerate(actions, 1):
        if isinstance(action, Decision):
            done.append(entry(number, action, seen=dict.fromkeys(action.incident_ids, number)))
            dropped |= {one.number for one in undone}
            undone.clear()
            journal.add(done[-1])
        elif source := done if action == "undo" else undone:
            moved = source.pop()
            (undone if action == "undo" else done).append(moved)
            assert journal.add(entry(number, None, redo=action == "redo")).number == moved.number
        target = journal.undoable()
        assert (target and target.number) == (done[-1].number if done else None)
        again = journal.redoable()
        assert (again and again.number) == (undone[-1].number if undone else None)
    assert journal.statuses(NOW, {}) == fold(done, NOW)
    steps = journal.steps(100)
    assert [step.number for step in steps if not step.undone] == [one.number for one in done]
    assert {step.number for step in steps if step.dropped} == dropped
