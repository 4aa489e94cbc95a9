"""What analysts decided about incidents: the words of a decision, and the fold of their log into statuses.

The log is only ever appended to. An undo is a line of its own, so that what was once decided, by whom and when it was
taken back stays on record. Decisions live apart from incidents: a later run neither changes nor loses one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self, get_args

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from triage.errors import UsageError
from triage.judgement.constraints import Constraint, InForce
from triage.models import Model
from triage.record.lineage import Heir, bounded

Kind = Literal["close", "reopen", "acknowledge", "assign", "escalate", "snooze", "note", "regroup"]
DONE: dict[Kind, str] = {
    "close": "closed",
    "reopen": "reopened",
    "acknowledge": "acknowledged",
    "assign": "assigned",
    "escalate": "escalated",
    "snooze": "snoozed",
    "note": "noted on",
    "regroup": "regrouped",
}
"""Kind of decision -> what was done to the incidents."""
Reason = Literal["true_positive", "benign_true_positive", "false_positive", "duplicate"]
Change = Literal["", "new", "grown", "reranked"]
"""What the last run did to an incident, against the run before; '' = nothing."""

REASONS: tuple[str, ...] = get_args(Reason)
SHORT_REASONS: Mapping[str, str] = dict(zip(("tp", "btp", "fp", "dup"), REASONS, strict=True))
_REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Decision(Model):
    """One thing that was decided, about one or many incidents. A ``text`` is kept as a note whatever the kind."""

    kind: Kind
    incident_ids: tuple[str, ...] = Field(max_length=100_000, description="at least one, save for a regroup")
    reason: str = Field("", description="of a close: one of REASONS or a word of the team's own")
    text: str = Field("", max_length=10_000, description="as typed; cleaned when it is shown, never before")
    assignee: str = Field("", max_length=200, description="of an assign; empty gives the incident back")
    until: AwareDatetime | None = Field(None, description="of a snooze")
    constraints: tuple[Constraint, ...] = Field((), max_length=100, description="of a regroup: what belongs together")

    @field_validator("incident_ids")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.incident_ids and self.kind != "regroup":
            raise ValueError("incident_ids: a decision is about at least one")
        if (self.kind == "regroup") != bool(self.constraints):
            raise ValueError("only regrouping has constraints")
        if (self.kind == "close") != bool(self.reason) or (self.reason and not _REASON.fullmatch(self.reason)):
            raise ValueError(f"only closing needs a reason, such as {', '.join(REASONS)}")
        if (self.kind == "snooze") != (self.until is not None):
            raise ValueError("only snoozing needs a time until which it lasts")
        if self.assignee and self.kind != "assign":
            raise ValueError("only assigning names an assignee")
        if self.kind == "note" and not self.text.strip():
            raise ValueError("a note needs a text")
        return self


def decision(kind: Kind, incident_ids: Iterable[str], **values: Any) -> Decision:  # noqa: ANN401 - fields of Decision
    """Return a decision from what a person typed. Raises UsageError where it makes no sense."""
    try:
        return Decision.model_validate({"kind": kind, "incident_ids": tuple(incident_ids), **values})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {message}" if where else message) from error


class Note(Model):
    """What somebody wrote about an incident."""

    text: str
    author: str
    at: datetime


class Status(Model):
    """Where an incident stands after all decisions on it."""

    incident_id: str
    state: Literal["open", "closed", "snoozed"] = "open"
    reason: str = Field("", description="why it was closed; kept when it is open again because it has grown")
    assignee: str = ""
    acknowledged: bool = False
    escalated: bool = False
    notes: tuple[Note, ...] = ()
    snoozed_until: datetime | None = None
    changed: datetime | None = Field(None, description="when the last decision was made")
    reopened: bool = Field(default=False, description="a person wants to see it, whatever its disposition")
    seen_alerts: int = Field(0, ge=0, description="alerts it had when it was closed")
    grown: int = Field(0, ge=0, description="alerts that came after it was closed: a closed attack that grows is open")


class Step(NamedTuple):
    """One decision in the log."""

    number: int
    decision: Decision
    author: str
    at: datetime
    undone: bool
    dropped: bool = False
    """Undone for good: something else was decided afterwards."""


class Entry(NamedTuple):
    """One line of the log as it is stored. ``decision`` is None for an undo or redo."""

    number: int
    at: datetime
    author: str
    decision: Decision | None
    redo: bool
    seen: Mapping[str, int]
    """Incident id -> alerts it had at that time."""


class Journal:
    """The log folded so far. Entries are added in order; adding one costs what it touches, not what came before."""

    def __init__(self) -> None:
        self.last = 0
        """Number of the last entry that was added."""
        self._steps: dict[int, Step] = {}
        self._seen: dict[int, Mapping[str, int]] = {}
        self._done: list[int] = []
        self._undone: list[int] = []
        self._active: dict[str, list[int]] = {}
        self._statuses: dict[str, Status] = {}

    def add(self, entry: Entry) -> Step:
        """Take in the next entry and return the step that it made, took back or made again."""
        self.last = entry.number
        if entry.decision is not None:
            return self._decide(entry, entry.decision)
        return self._redo() if entry.redo else self._undo()

    def undoable(self) -> Step | None:
        """Return the step an undo would take back."""
        return self._steps[self._done[-1]] if self._done else None

    def redoable(self) -> Step | None:
        """Return the step a redo would make again."""
        return self._steps[self._undone[-1]] if self._undone else None

    def step(self, number: int) -> Step:
        """Return one step; KeyError when there is none of that number."""
        return self._steps[number]

    def steps(self, limit: int) -> Sequence[Step]:
        """Return the newest steps, oldest first."""
        numbers = list(self._steps)
        return [self._steps[number] for number in numbers[max(len(numbers) - limit, 0) :]]

    def statuses(self, now: datetime, alerts: Mapping[str, int], descent: Sequence[Heir] = ()) -> Mapping[str, Status]:
        """Return the status of every incident that has a decision, or inherited one.

        ``alerts`` tells how many alerts the incidents have now that would matter if they grew; ``descent`` how they
        came out of each other, oldest first.
        """
        found = {**self._statuses, **self._inherited(descent)}
        return {name: _current(status, now, alerts.get(name, 0)) for name, status in found.items()}

    def constraints(self, now: datetime) -> Sequence[InForce]:
        """Return what was said about what belongs together and stands, in the order of its saying."""
        steps = [self._steps[number] for number in self._done if self._steps[number].decision.kind == "regroup"]
        return [
            InForce(step.number, one, step.author, step.at, step.decision.text)
            for step in steps
            for one in step.decision.constraints
            if one.until is None or one.until > now
        ]

    def _inherited(self, descent: Sequence[Heir]) -> Mapping[str, Status]:
        """Return the statuses of those incidents that split off, shrank or took others in."""
        whole: dict[str, set[int]] = {}
        left: dict[str, set[int]] = {}
        for heir in descent:
            for name in (heir.incident_id, heir.origin):
                whole.setdefault(name, set(self._active.get(name, ())))
                left.setdefault(name, set())
            if heir.change == "split":
                whole[heir.incident_id] |= {number for number in whole[heir.origin] if number <= heir.decided}
                left[heir.incident_id] |= left[heir.origin]
            elif heir.change == "merged":
                both = whole[heir.origin] | left[heir.origin]
                left[heir.incident_id] |= {number for number in both if number <= heir.decided}
        return {
            name: self._folded(name, whole[name], left[name], descent) for name in whole if whole[name] | left[name]
        }

    def _folded(self, name: str, whole: set[int], left: set[int], descent: Sequence[Heir]) -> Status:
        """Fold decisions that hold for an incident, and those of which only what is said stays (``left``)."""
        status = Status(incident_id=name)
        for number in sorted(whole | left):
            step, seen = self._steps[number], self._seen[number]
            if number not in whole:
                status = _left(status, step)
                continue
            counted = seen.get(name, max(seen.values(), default=0))
            status = _after(status, step, bounded(name, number, counted, descent))
        return status

    def _decide(self, entry: Entry, decided: Decision) -> Step:
        for number in self._undone:
            self._steps[number] = self._steps[number]._replace(dropped=True)
        self._undone.clear()
        self._seen[entry.number] = entry.seen
        self._steps[entry.number] = Step(entry.number, decided, entry.author, entry.at, undone=False)
        return self._apply(entry.number)

    def _redo(self) -> Step:
        number = self._undone.pop()
        self._steps[number] = self._steps[number]._replace(undone=False)
        return self._apply(number)

    def _undo(self) -> Step:
        number = self._done.pop()
        self._undone.append(number)
        step = self._steps[number] = self._steps[number]._replace(undone=True)
        for name in step.decision.incident_ids:
            active = self._active[name]
            active.pop()
            del self._statuses[name]
            for earlier in active:
                self._advance(name, earlier)
        return step

    def _apply(self, number: int) -> Step:
        self._done.append(number)
        step = self._steps[number]
        for name in step.decision.incident_ids:
            self._active.setdefault(name, []).append(number)
            self._advance(name, number)
        return step

    def _advance(self, name: str, number: int) -> None:
        before = self._statuses.get(name) or Status(incident_id=name)
        self._statuses[name] = _after(before, self._steps[number], self._seen[number].get(name, 0))


def fold(entries: Iterable[Entry], now: datetime) -> Mapping[str, Status]:
    """Return the statuses that a whole log leads to."""
    journal = Journal()
    for entry in entries:
        journal.add(entry)
    return journal.statuses(now, {})


def _after(status: Status, step: Step, seen: int) -> Status:
    decided = step.decision
    values: dict[str, Any] = {"changed": step.at} | _effect(decided, seen)
    if decided.text.strip():
        values["notes"] = (*status.notes, Note(text=decided.text, author=step.author, at=step.at))
    return status.model_copy(update=values)


def _left(status: Status, step: Step) -> Status:
    """Return a status with what a decision about an incident that was merged into this one leaves to it."""
    escalated = status.escalated or step.decision.kind == "escalate"
    text = step.decision.text
    notes = (*status.notes, Note(text=text, author=step.author, at=step.at)) if text.strip() else status.notes
    return status.model_copy(update={"escalated": escalated, "notes": notes, "changed": step.at})


def _effect(decided: Decision, seen: int) -> dict[str, Any]:
    """Return the fields of a status that a decision sets."""
    opened = {"state": "open", "reason": "", "snoozed_until": None, "seen_alerts": 0, "reopened": False}
    effects: dict[Kind, dict[str, Any]] = {
        "close": opened | {"state": "closed", "reason": decided.reason, "seen_alerts": seen},
        "reopen": opened | {"reopened": True},
        "snooze": opened | {"state": "snoozed", "snoozed_until": decided.until},
        "acknowledge": {"acknowledged": True},
        "escalate": {"escalated": True},
        "assign": {"assignee": decided.assignee},
        "note": {},
        "regroup": {},
    }
    return effects[decided.kind]


def _current(status: Status, now: datetime, alerts: int) -> Status:
    """Wake what was snoozed until now, and open what was closed but has more alerts than its closer saw."""
    if status.state == "snoozed" and status.snoozed_until is not None and status.snoozed_until <= now:
        return status.model_copy(update={"state": "open", "snoozed_until": None})
    if status.state == "closed" and 0 < status.seen_alerts < alerts:
        return status.model_copy(update={"state": "open", "grown": alerts - status.seen_alerts})
    return status
