"""Notes, status and decisions follow an incident when it is split, merged or shrinks."""

from datetime import UTC, datetime, timedelta

import polars as pl

from support.incidents import incident
from triage.desk.decisions import Decision, Entry, Journal, Status, decision
from triage.models import Incident
from triage.record.descent import heirs
from triage.record.identity import incident_ids
from triage.record.lineage import Heir

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def journal(*decided: Decision, seen: int = 10) -> Journal:
    made = Journal()
    for number, one in enumerate(decided, start=1):
        at = NOW + timedelta(seconds=number)
        made.add(Entry(number, at, "ann", one, redo=False, seen=dict.fromkeys(one.incident_ids, seen)))
    return made


def status(made: Journal, name: str, *descent: Heir, alerts: int = 0) -> Status | None:
    return made.statuses(NOW, {name: alerts}, descent).get(name)


def sized(name: str, alerts: int) -> Incident:
    return incident(name).model_copy(update={"alert_count": alerts})


def placed(**where: str) -> pl.DataFrame:
    return pl.DataFrame({"activity": list(where), "incident_id": list(where.values())})


def test_what_splits_off_inherits_what_was_decided_until_then_and_nothing_later() -> None:
    made = journal(
        decision("close", ["a"], reason="false_positive", text="a backup"), decision("note", ["a"], text="later")
    )
    heir = status(made, "b", Heir("split", "b", "a", 1, 4), alerts=4)
    assert heir is not None
    assert (heir.state, heir.reason, [note.text for note in heir.notes]) == ("closed", "false_positive", ["a backup"])
    assert status(made, "b") is None


def test_a_closed_part_opens_again_when_it_grows_beyond_what_it_was_when_it_was_split() -> None:
    made = journal(decision("close", ["a"], reason="false_positive"))
    split = Heir("split", "b", "a", 1, 4)
    grown = status(made, "b", split, alerts=6)
    assert grown is not None
    assert (grown.state, grown.grown) == ("open", 2)
    rest = status(made, "a", split, Heir("shrunk", "a", "a", 1, 6), alerts=7)
    assert rest is not None
    assert (rest.state, rest.grown) == ("open", 1)


def test_what_is_merged_away_leaves_notes_and_escalation_but_not_its_being_closed() -> None:
    made = journal(
        decision("close", ["b"], reason="duplicate", text="of a"),
        decision("escalate", ["b"]),
        decision("assign", ["a"], assignee="bo", text="mine"),
    )
    heir = status(made, "a", Heir("merged", "a", "b", 3, 20))
    assert heir is not None
    assert (heir.state, heir.escalated, heir.assignee) == ("open", True, "bo")
    assert [note.text for note in heir.notes] == ["of a", "mine"]


def test_notes_travel_through_a_merge_and_a_split_and_an_undo_takes_them_everywhere() -> None:
    made = journal(decision("note", ["b"], text="seen before"))
    descent = (Heir("merged", "a", "b", 1, 20), Heir("split", "c", "a", 1, 5))
    assert [note.text for note in (status(made, "c", *descent) or Status(incident_id="c")).notes] == ["seen before"]
    made.add(Entry(2, NOW, "ann", None, redo=False, seen={}))
    assert status(made, "c", *descent) is None


def test_descent_of_a_split_a_merge_and_a_shrinking() -> None:
    before = placed(p="a", q="a", r="a", s="b", t="everyday-x")
    after = placed(p="a", q="a", r="new", s="a", t="new")
    shown = [sized("a", 7), sized("new", 3)]
    assert heirs(before, after, shown, {"a": 9, "b": 2}, 5) == [
        Heir("merged", "a", "b", 5, 7, "1 activity of b is part of it now"),
        Heir("shrunk", "a", "a", 5, 7),
        Heir("split", "new", "a", 5, 3, "1 activity of a left it"),
    ]
    assert heirs(before, before, [sized("a", 9)], {"a": 9}, 5) == []


def test_the_larger_part_keeps_the_id_and_everyday_groups_neither_give_nor_take_one() -> None:
    before = placed(p="inc-1", q="inc-1", r="inc-1", s="everyday-x")
    membership = pl.DataFrame(
        {"candidate": ["p", "p", "r", "s", "everyday-y"], "activity": ["p", "q", "r", "s", "t"]},
    )
    ids = incident_ids(membership, before)
    assert ids["p"] == "inc-1"
    assert ids["r"] == "inc-r"
    assert ids["s"] == "inc-s", "an attack does not inherit what was decided about an everyday group"
