"""The filter grammar: what each term means, what is wrong and where, and what could follow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.incidents import incident
from triage.desk.decisions import Note, Status
from triage.desk.filter_fields import FIELDS
from triage.desk.filters import (
    DEFAULT_VIEW,
    MAX_CHARS,
    Filter,
    FilterError,
    complete,
    completion_start,
    parse,
    quoted,
    vocabulary,
)
from triage.models import Cause, Entity, EntityKind, Hypothesis, Incident, TimelineEntry

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = FIRST + timedelta(days=3)

CAUSE = Cause(
    name="ransomware",
    side="attack",
    attack=Hypothesis(name="ransomware", title="ransomware", points=9),
    benign=Hypothesis(name="backup", title="a backup", points=3),
    flip="its owner confirms a backup",
)


def entity(kind: str, value: str) -> Entity:
    return Entity(kind=EntityKind(kind), value=value, alert_count=1)


def case(**changes: Any) -> Incident:
    entry = TimelineEntry(
        activity="a",
        first_seen=FIRST,
        last_seen=FIRST,
        alert_count=1,
        detector="wazuh",
        rule="Shadow copies (VSS) deleted",
        entities=(),
        severity=70,
    )
    values: dict[str, Any] = {
        "title": "Ransomware on fs01",
        "urgency": 71.5,
        "alert_count": 120,
        "first_seen": FIRST,
        "last_seen": FIRST + timedelta(hours=5),
        "techniques": ("T1021.002", "T1490"),
        "tactics": ("lateral-movement", "impact"),
        "detectors": ("wazuh", "elastic"),
        "cause": CAUSE,
        "timeline": (entry,),
        "entities": (
            entity("host", "dc01.corp.example"),
            entity("user", "CORP\\alice"),
            entity("mailbox", "alice@corp.example"),
            entity("address", "10.1.2.3"),
            entity("process", "powershell.exe"),
            entity("file", "C:\\Users\\a b\\evil[1].exe"),
        ),
    }
    return incident("inc-1a2b").model_copy(update=values | changes)


def status(**changes: Any) -> Status:
    return Status(incident_id="inc-1a2b", **changes)


def fits(text: str, one: Incident | None = None, decided: Status | None = None, change: str = "") -> bool:
    return parse(text, me="ann", now=NOW).matches(one or case(), decided, change)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "host:dc01",
        "HOST:DC01",
        "host:dc01.corp.example",
        "host:dc0*",
        "host:dc0?.corp.*",
        "-host:dc0",
        "-host:dc02",
        "user:alice",
        "mailbox:alice",
        "address:10.1.2.3",
        "address:10.1.2",
        "-address:10.1.2.30",
        "-address:0.1.2.3",
        "process:powershell",
        "entity:dc01",
        "entity:host:dc01",
        "-entity:user:dc01",
        r'file:"evil[1].exe"',
        r'file:"C:\\Users\\a b\\evil[1].exe"',
        r'file:"*\\evil[1].exe"',
        "tactic:lateral-movement",
        'tactic:"Lateral Movement"',
        "tactic:lateral_movement",
        "technique:T1021",
        "technique:t1021.002",
        "-technique:T1021.001",
        "-technique:T102",
        "detector:wazuh",
        "cause:ransomware",
        "cause:RANSOM*",
        "-cause:backup",
        'rule:"copies (vss)"',
        'rule:"shadow*deleted"',
        "title:ransom",
        "id:inc-1a",
        "-id:1a",
        "disposition:attack",
        "-disposition:benign",
        "urgency:>60",
        "urgency:71.5",
        "urgency:>=71.5",
        "urgency:<=71.5",
        "-urgency:<71.5",
        "urgency:50..80",
        "-urgency:80..90",
        "alerts:>100",
        "alerts:=120",
        "rank:1",
        "first:2026-03-01",
        "-first:2026-03-02",
        "first:<2026-03-02",
        "first:>2026-03-01",
        "last:>3d",
        "-last:>1d",
        "last:<=2026-03-01T13:00Z",
        "age:3d",
        "age:<4d",
        "-age:<2d",
        "is:open",
        "-is:closed -is:mine",
        "ransomware",
        '"RANSOMWARE on"',
        '"copies (VSS)"',
        "fs01 host:dc01",
        "fs01 AND host:dc01",
        "host:nope or host:dc01",
        "host:dc01 or host:nope nope",
        "(host:nope or host:dc01) urgency:>60",
        "-(host:nope or user:bob)",
        "-(-host:dc01)",
        "--host:dc01",
        "- host:nope",
        DEFAULT_VIEW,
    ],
)
def test_what_fits(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    ["host:nope", "fs01 host:nope", "(host:dc01 or fs01) urgency:<5", "-ransomware", "-(host:dc01)", 'tactic:"x y"'],
)
def test_what_does_not(text: str) -> None:
    assert not fits(text)


@pytest.mark.parametrize(
    ("text", "decided", "change"),
    [
        ("is:closed -is:open reason:fp", status(state="closed", reason="false_positive"), ""),
        ("reason:false-positive", status(state="closed", reason="false_positive"), ""),
        ("is:snoozed -is:open", status(state="snoozed"), ""),
        ("is:mine is:assigned assignee:ann", status(assignee="Ann"), ""),
        ("-is:mine assignee:bo", status(assignee="bo"), ""),
        ("is:escalated is:acknowledged is:decided", status(escalated=True, acknowledged=True, changed=NOW), ""),
        ("is:new is:changed -is:grown", None, "new"),
        ("is:grown", None, "grown"),
        ("is:grown is:open", status(grown=2), ""),
        ("is:reranked", None, "reranked"),
        ('is:noted note:tape tape note:"tape lib"', status(notes=(Note(text="the tape lib", author="a", at=NOW),)), ""),
    ],
)
def test_what_was_decided_and_changed(text: str, decided: Status | None, change: str) -> None:
    assert fits(text, None, decided, change)
    assert not fits(f"-({text})", None, decided, change)


def test_a_benign_group_is_open_only_when_somebody_reopened_it() -> None:
    benign = case(disposition="benign")
    assert not fits("is:open", benign)
    assert not fits("is:open", benign, status(acknowledged=True))
    assert fits("is:open is:benign", benign, status(reopened=True))


def test_an_untouched_status_is_as_good_as_none() -> None:
    for field in ("is:decided", "is:closed", "is:mine", "is:noted", "reason:fp", "assignee:a*"):
        assert not fits(field, None, status())
        assert not fits(field, None, None)


def test_nobody_is_not_the_one_it_is_assigned_to() -> None:
    assert not parse("is:mine").matches(case(), status())


@pytest.mark.parametrize(
    ("text", "position", "said", "state"),
    [
        ("hots:dc01", 0, "no field", "wrong"),
        ("ho:dc01", 0, "no field", "unfinished"),
        ("is:opne", 3, "one of open", "wrong"),
        ("is:op", 3, "one of open", "unfinished"),
        ("fs01 urgency:>x", 13, "number", "wrong"),
        ("urgency:", 8, "such as >60", "unfinished"),
        ("urgency:>", 8, "such as 60", "unfinished"),
        ("host:", 5, "value", "unfinished"),
        ("first:>2026-0", 6, "2026-01-31", "unfinished"),
        ("first:yesterday", 6, "2026-01-31", "wrong"),
        ("age:<2", 4, "duration", "unfinished"),
        ("age:>=", 4, "duration", "unfinished"),
        ("disposition:bad", 12, "attack", "wrong"),
        ('"fs01', 0, "quotation", "unfinished"),
        ('host:"dc01', 5, "quotation", "unfinished"),
        ("(fs01", 0, "closing", "unfinished"),
        ("fs01)", 4, "opening", "wrong"),
        ("()", 1, "term is missing", "wrong"),
        ("fs01 or", 7, "term is missing", "unfinished"),
        ("or fs01", 0, "term is missing", "wrong"),
        ("fs01 -", 5, "minus", "unfinished"),
        ("-or", 0, "minus", "wrong"),
        ("(" * 40 + "a" + ")" * 40, 32, "deep", "wrong"),
        ("-" * 40 + "a", 32, "deep", "wrong"),
        ("x" * (MAX_CHARS + 1), MAX_CHARS, "characters", "wrong"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, said: str, state: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert said in caught.value.reason
    assert caught.value.position == position
    assert Filter.validity(text) == (state, caught.value.reason, position)


def test_validity_of_a_filter() -> None:
    assert Filter.validity("host:dc01").state == "valid"


@given(st.text(alphabet='()"-:>\\ aor19.*ishost', max_size=30) | st.text(max_size=30))
def test_any_text_is_a_filter_or_an_error_with_a_place_in_it(text: str) -> None:
    valid = Filter.validity(text)
    assert 0 <= valid.position <= len(text)
    if valid.state == "valid":
        assert parse(text, now=NOW).matches(case()) in {True, False}


@given(st.text(min_size=1, max_size=20))
@example("<")
@example("-")
@example("or")
def test_a_quoted_value_means_itself(value: str) -> None:
    assert fits(f"entity:{quoted(value)}", case(entities=(entity("host", value),))) or "*" in value or "?" in value
    assert fits(f'"{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"', case(title=value))


@given(st.text(max_size=30), st.text(alphabet='()"-: aoris', max_size=20))
def test_completion_takes_any_text(text: str, tail: str) -> None:
    for cursor in range(len(text + tail) + 1):
        assert isinstance(complete(text + tail, cursor, {}), list)


def test_completion_of_fields_and_values() -> None:
    known = vocabulary([case()])
    assert complete("urg", 3, known) == ["urgency:"]
    assert complete("fs01 -ho", 8, known) == ["-host:"]
    assert complete("is:mi", 5, known) == ["is:mine"]
    assert complete("host:dc", 7, known) == ["host:dc01.corp.example"]
    assert complete("host:dc urgency:>6", 7, known) == ["host:dc01.corp.example"]
    assert complete("tactic:mov", 10, known) == ["tactic:lateral-movement"], "a part will do"
    assert complete('rule:"shad', 10, known) == ['rule:"Shadow copies (VSS) deleted"']
    assert complete('rule:"Shadow co', 15, known) == ['rule:"Shadow copies (VSS) deleted"']
    assert complete("(-user:", 7, known) == ["-user:CORP\\alice"]
    assert complete("colour:r", 8, known) == []
    assert completion_start('a rule:"Shadow co', 17) == 2


@pytest.mark.parametrize("name", ["host", "rule", "file", "technique"])
def test_what_completion_offers_finds_the_incident(name: str) -> None:
    for offered in complete(f"{name}:", len(name) + 1, vocabulary([case()])):
        assert fits(offered)


def test_nothing_is_asked_of_what_is_not_there() -> None:
    empty = incident("inc-9").model_copy(update={"entities": (), "techniques": (), "tactics": ()})
    for name, field in FIELDS.items():
        value = (
            field.words[0]
            if field.words
            else "1d"
            if name == "age"
            else "2026-01-01"
            if name in {"first", "last"}
            else "1"
        )
        assert parse(f"{name}:{value}", now=NOW).matches(empty) in {True, False}
