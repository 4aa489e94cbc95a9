"""The fields of the filter grammar: what each means, how its value is read, which values it suggests."""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from triage.config import parse_duration, parse_moment
from triage.desk.cards import Card
from triage.desk.decisions import REASONS, SHORT_REASONS, Status
from triage.models import Disposition, EntityKind, Incident

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "": operator.eq,
}
_SIGN = re.compile(r"(>=|<=|>|<|=)?(.+)", re.DOTALL)
_RANGE = re.compile(r"([0-9.]+?)\.\.([0-9.]+)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BEGUN = re.compile(r"[<>=]*[\dTZPhmds.:+-]*")
"""Characters of numbers, times and durations."""
_BETWEEN = "\x1f"
"""Divides the values of an incident; white space to a regular expression, and nothing that a value keeps."""
_EDGE = r"[\\/@.:\s]"
"""What divides the words of a name: dc01 is in dc01.corp.example, alice in CORP\\alice and alice@corp.example."""


Told = Incident | Card
"""An incident, whole or as a list shows it."""
Values = Callable[[Told], Iterable[str]]


class Subject:
    """An incident whose texts are made ready for comparison when they are first asked for, and kept."""

    __slots__ = ("_lines", "incident")

    def __init__(self, incident: Told) -> None:
        self.incident = incident
        self._lines: dict[Values, str] = {}

    def lines(self, values: Values) -> str:
        """Return some of its values without case, divided by ``_BETWEEN``."""
        if values not in self._lines:
            self._lines[values] = _BETWEEN.join(values(self.incident)).casefold()
        return self._lines[values]


class Row(NamedTuple):
    """What a filter looks at."""

    subject: Subject
    status: Status | None
    change: str

    @property
    def incident(self) -> Told:
        """The incident itself."""
        return self.subject.incident


Test = Callable[[Row], bool]


class Field(NamedTuple):
    """One field: how its value becomes a test, and what may be suggested."""

    compile: Callable[[str, str, datetime], Test]
    """(value, me, now) -> test; raises ValueError with what is wrong."""
    example: str = ""
    words: tuple[str, ...] = ()
    """All values there are, where they are fixed."""
    values: Values | None = None
    """The values of an incident, for completion."""

    def begins(self, value: str) -> bool:
        """Tell whether a value that is not valid may become so by typing on."""
        if self.words:
            return any(word.startswith(value.lower()) for word in self.words)
        return _BEGUN.fullmatch(value) is not None


# --- text -----------------------------------------------------------------------------------------------------------


def _named(wanted: str) -> Callable[[str], bool]:
    """Return a test of names: one is equal or has these words; with ``*`` or ``?`` a pattern for all of one."""
    if "*" in wanted or "?" in wanted:
        pattern = re.compile(fnmatch.translate(wanted.replace("[", "[[]")))
        return lambda lines: any(pattern.match(name) for name in lines.split(_BETWEEN))
    words = re.compile(f"(?:^|{_EDGE}){re.escape(wanted)}(?:$|{_EDGE})")
    return lambda lines: wanted in lines and words.search(lines) is not None


def _containing(wanted: str) -> Callable[[str], bool]:
    return _named(wanted) if "*" in wanted else lambda lines: wanted in lines


def _beginning(wanted: str) -> Callable[[str], bool]:
    return lambda line: line.startswith(wanted)


def free_text(value: str) -> Test:
    """Return a test of everything an incident says: title, summary, verdict, names, rules, ids, notes."""
    wanted = value.casefold()
    return lambda row: (
        wanted in row.subject.lines(_said)
        or (row.status is not None and any(wanted in note.text.casefold() for note in row.status.notes))
    )


def _said(incident: Told) -> Iterable[str]:
    head = (incident.incident_id, incident.title, incident.summary, incident.verdict_reason)
    names = (entity.value for entity in incident.entities)
    return (*head, *incident.techniques, *incident.tactics, *names, *_rules(incident))


def _of_incident(values: Values, test: Callable[[str], Callable[[str], bool]] = _named) -> Field:
    """A field that holds when one of an incident's values fits."""

    def compiled(value: str, _me: str, _now: datetime) -> Test:
        fits = test(value.casefold())
        return lambda row: fits(row.subject.lines(values))

    return Field(compiled, values=values)


def _entity(kind: EntityKind) -> Field:
    return _of_incident(lambda incident: (entity.value for entity in incident.entities if entity.kind == kind))


def _entities(incident: Told) -> Iterable[str]:
    return (f"{entity.kind}:{entity.value}" for entity in incident.entities)


def _rules(incident: Told) -> Iterable[str]:
    return dict.fromkeys(entry.rule for entry in incident.timeline)


def _cause(incident: Told) -> Iterable[str]:
    if isinstance(incident, Card):
        return filter(None, (incident.detail.cause,))
    return (incident.cause.name,) if incident.cause else ()


def _tactic(value: str) -> Callable[[str], bool]:
    return _named(value.replace(" ", "-").replace("_", "-"))


# --- numbers and times ----------------------------------------------------------------------------------------------


def _split(value: str) -> tuple[Callable[[float, float], bool], str]:
    match = _SIGN.fullmatch(value)
    if match is None:
        raise ValueError("needs a value")
    return _COMPARE[match[1] or ""], match[2]


def _number(of: Callable[[Told], float]) -> Field:
    def compiled(value: str, _me: str, _now: datetime) -> Test:
        if between := _RANGE.fullmatch(value):
            low, high = _float(between[1]), _float(between[2])
            return lambda row: low <= of(row.incident) <= high
        compare, text = _split(value)
        wanted = _float(text)
        return lambda row: compare(of(row.incident), wanted)

    return Field(compiled, " such as >60 or 10..20")


def _float(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError("should be a number such as 60, >60 or 10..20")
    return float(text)


def _time(of: Callable[[Told], datetime]) -> Field:
    def compiled(value: str, _me: str, now: datetime) -> Test:
        compare, text = _split(value)
        wanted = parse_moment(text, now)
        if wanted is None:
            raise ValueError("needs a value")
        if value == text and _DATE.fullmatch(text):
            return lambda row: wanted <= of(row.incident) < wanted + timedelta(days=1)
        return lambda row: compare(of(row.incident).timestamp(), wanted.timestamp())

    return Field(compiled, " such as >2026-03-01 or >24h for the last day")


def _age(value: str, _me: str, now: datetime) -> Test:
    compare, text = _split(value)
    wanted = parse_duration(text).total_seconds()
    return lambda row: compare((now - row.incident.first_seen).total_seconds(), wanted)


# --- words ----------------------------------------------------------------------------------------------------------


def is_open(row: Row) -> bool:
    """Tell whether an incident waits for somebody: not closed or snoozed, and not benign unless reopened."""
    if row.status is None:
        return row.incident.disposition != "benign"
    return row.status.state == "open" and (row.incident.disposition != "benign" or row.status.reopened)


def _state(name: str) -> Test:
    return lambda row: row.status is not None and row.status.state == name


def _flag(of: Callable[[Status], object]) -> Test:
    return lambda row: row.status is not None and bool(of(row.status))


def _changed(name: str) -> Test:
    return lambda row: row.change == name


_IS: dict[str, Test] = {
    "open": is_open,
    "closed": _state("closed"),
    "snoozed": _state("snoozed"),
    "new": _changed("new"),
    "grown": lambda row: row.change == "grown" or (row.status is not None and row.status.grown > 0),
    "reranked": _changed("reranked"),
    "changed": lambda row: row.change != "",
    "escalated": _flag(lambda status: status.escalated),
    "acknowledged": _flag(lambda status: status.acknowledged),
    "assigned": _flag(lambda status: status.assignee),
    "mine": lambda _row: False,
    "noted": _flag(lambda status: status.notes),
    "decided": _flag(lambda status: status.changed),
    "benign": lambda row: row.incident.disposition == "benign",
}


def _is(value: str, me: str, _now: datetime) -> Test:
    word = _word(value, tuple(_IS))
    if word == "mine":
        return _flag(lambda status: bool(me) and status.assignee.casefold() == me.casefold())
    return _IS[word]


def _disposition(value: str, _me: str, _now: datetime) -> Test:
    word = _word(value, get_args(Disposition))
    return lambda row: row.incident.disposition == word


def _reason(value: str, _me: str, _now: datetime) -> Test:
    wanted = SHORT_REASONS.get(value.lower(), value.lower().replace("-", "_"))
    return _flag(lambda status: status.reason == wanted)


def _word(value: str, words: tuple[str, ...]) -> str:
    if value.lower() not in words:
        raise ValueError(f"should be one of {', '.join(words)}")
    return value.lower()


def _assignee(value: str, _me: str, _now: datetime) -> Test:
    fits = _named(value.casefold())
    return _flag(lambda status: status.assignee and fits(status.assignee.casefold()))


def _note(value: str, _me: str, _now: datetime) -> Test:
    fits = _containing(value.casefold())
    return _flag(lambda status: any(fits(note.text.casefold()) for note in status.notes))


FIELDS: dict[str, Field] = {
    "is": Field(_is, " such as open", words=tuple(_IS)),
    **{kind.value: _entity(kind) for kind in EntityKind if kind not in {EntityKind.LINEAGE, EntityKind.LOGON}},
    "entity": _of_incident(_entities),
    "tactic": _of_incident(lambda incident: incident.tactics, _tactic),
    "technique": _of_incident(lambda incident: incident.techniques),
    "detector": _of_incident(lambda incident: incident.detectors),
    "cause": _of_incident(_cause),
    "rule": _of_incident(_rules, _containing),
    "title": _of_incident(lambda incident: (incident.title,), _containing),
    "id": _of_incident(lambda incident: (incident.incident_id,), _beginning),
    "disposition": Field(_disposition, " such as attack", words=get_args(Disposition)),
    "reason": Field(_reason, " such as fp", words=(*SHORT_REASONS, *REASONS)),
    "assignee": Field(_assignee, " such as a name"),
    "note": Field(_note, " such as a word of it"),
    "urgency": _number(lambda incident: incident.urgency),
    "alerts": _number(lambda incident: incident.alert_count),
    "activities": _number(lambda incident: incident.activity_count),
    "rank": _number(lambda incident: incident.rank),
    "first": _time(lambda incident: incident.first_seen),
    "last": _time(lambda incident: incident.last_seen),
    "age": Field(_age, " such as <2d"),
}
"""Field name -> what it means, in the order in which completion offers them."""


def prepare(subject: Subject) -> None:
    """Make all texts of an incident ready, so that no filter has to wait for them."""
    subject.lines(_said)
    for field in FIELDS.values():
        if field.values is not None:
            subject.lines(field.values)
