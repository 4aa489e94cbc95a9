"""The log of decisions in the state database: each on disk, with its audit entry, before anybody is told."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import orjson

from triage.adapters import audit, lineage
from triage.desk.decisions import Change, Decision, Entry, Journal, Status, Step
from triage.errors import StateError, UsageError
from triage.judgement.constraints import InForce

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]
Also = Callable[[sqlite3.Connection], None]
"""What else is written in the transaction that appends a decision."""


def _nothing(_: sqlite3.Connection) -> None:
    """Write nothing else."""


_NEWEST = """
SELECT i.incident_id, i.alert_count, max(r.published) FROM incidents i JOIN runs r ON r.seq = i.run
WHERE r.published IS NOT NULL AND i.incident_id IN (SELECT value FROM json_each(?)) GROUP BY i.incident_id
"""
_OF_RUN = """
SELECT i.incident_id, i.alert_count, i.urgency, i.disposition FROM incidents i JOIN runs r ON r.seq = i.run
WHERE r.published = ? ORDER BY i.rank
"""
_BEFORE = """
SELECT coalesce(max(r.published), 0) FROM runs r, runs last
WHERE last.published = ? AND coalesce(r.revises, r.run_id) != coalesce(last.revises, last.run_id)
"""
"""The run before the last one; a night that an analyst regrouped is one run."""
_RERANKED = 1.0
"""Points of urgency from which on a change is told."""


class DecisionLog:
    """Appends to the log and answers from it; sees at once what other processes append."""

    def __init__(self, transaction: Opened, reading: Opened, now: Callable[[], datetime]) -> None:
        """``transaction`` commits to disk at its end; ``reading`` holds the connection; ``now`` stamps the entries."""
        self._transaction = transaction
        self._reading = reading
        self.now = now
        self._journal = Journal()

    def decide(self, decision: Decision, author: str, also: Also = _nothing) -> Step:
        """Append a decision. Raises UsageError for an unknown incident or a past snooze, StateError."""
        now = self.now()
        if decision.until is not None and decision.until <= now:
            raise UsageError("an incident can only be snoozed until a time to come")
        with self._transaction() as db:
            seen = _alerts(db, decision.incident_ids)
            body, counts = decision.model_dump_json(exclude_defaults=True), orjson.dumps(seen).decode()
            number = _append(db, (now.isoformat(), author, "decide", body, counts))
            detail = decision.model_dump(mode="json", exclude_defaults=True)
            audit.append(db, now, author, f"decision.{decision.kind}", detail)
            also(db)
        return self._step(number)

    def undo(self, author: str, also: Also = _nothing, expected: int | None = None) -> Step | None:
        """Take back the last decision that stands; None when there is none.

        Raises StateError when another decision than ``expected`` would be taken back.
        """
        return self._turn(author, "undo", Journal.undoable, also, expected)

    def redo(self, author: str, also: Also = _nothing, expected: int | None = None) -> Step | None:
        """Make the decision again that was undone last; None when there is none. Raises StateError like ``undo``."""
        return self._turn(author, "redo", Journal.redoable, also, expected)

    def _turn(
        self, author: str, act: str, target: Callable[[Journal], Step | None], also: Also, expected: int | None
    ) -> Step | None:
        with self._transaction() as db:
            self._read(db)
            step = target(self._journal)
            if step is None:
                return None
            if expected not in {None, step.number}:
                raise StateError("somebody else decided something at the same moment; try again")
            now = self.now()
            _append(db, (now.isoformat(), author, act, None, "{}"))
            audit.append(db, now, author, f"decision.{act}", {"number": step.number, "kind": step.decision.kind})
            also(db)
        return self._step(step.number)._replace(undone=act == "undo")

    def next(self, act: str) -> Step | None:
        """Return what an undo (``act`` = undo) or redo would be about; None when there is nothing."""
        with self._reading() as db:
            self._read(db)
            return self._journal.undoable() if act == "undo" else self._journal.redoable()

    def constraints(self, at: datetime | None = None) -> Sequence[InForce]:
        """Return what was said about what belongs together and stands at a time (now by default)."""
        with self._reading() as db:
            self._read(db)
            return self._journal.constraints(at or self.now())

    def steps(self, limit: int) -> Sequence[Step]:
        """Return the newest decisions, oldest first."""
        with self._reading() as db:
            self._read(db)
            return self._journal.steps(limit)

    def statuses(self) -> Mapping[str, Status]:
        """Return the status of every incident that has a decision."""
        with self._reading() as db:
            self._read(db)
            return self._journal.statuses(self.now(), _alerts_that_matter(db), lineage.all_heirs(db))

    def changes(self) -> Mapping[str, Change]:
        """Return what the last run did to each of its incidents, against the run that published before it."""
        with self._reading() as db:
            last = _last_published(db)
            before = {name: (alerts, urgency) for name, alerts, urgency, _ in db.execute(_OF_RUN, (_before(db, last),))}
            now = db.execute(_OF_RUN, (last,)).fetchall()
        return {name: _change(before.get(name), alerts, urgency) for name, alerts, urgency, _ in now}

    def _step(self, number: int) -> Step:
        """Read what was appended, which is on disk by now, and return one step."""
        with self._reading() as db:
            self._read(db)
            return self._journal.step(number)

    def _read(self, db: sqlite3.Connection) -> None:
        sql = "SELECT seq, at, author, act, body, seen FROM decisions WHERE seq > ? ORDER BY seq"
        for row in db.execute(sql, (self._journal.last,)).fetchall():
            self._journal.add(_entry(*row))


def _append(db: sqlite3.Connection, values: tuple[str | None, ...]) -> int:
    """Add a line (at, author, act, body, seen) and return its number."""
    return int(
        db.execute(
            "INSERT INTO decisions (at, author, act, body, seen) VALUES (?, ?, ?, ?, ?) RETURNING seq", values
        ).fetchone()[0]
    )


def _entry(number: int, at: str, author: str, act: str, body: str | None, seen: str) -> Entry:
    decided = None if body is None else Decision.model_validate_json(body)
    return Entry(number, datetime.fromisoformat(at), author, decided, act == "redo", orjson.loads(seen))


def _alerts(db: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """Return how many alerts the incidents have now. Raises UsageError when one is not known."""
    wanted = list(names)
    found = {name: alerts for name, alerts, _ in db.execute(_NEWEST, (orjson.dumps(wanted).decode(),))}
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise UsageError(f"no incident {unknown[0]!r}; 'triage list --all' shows them")
    return found


def _last_published(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(published), 0) FROM runs").fetchone()[0])


def _before(db: sqlite3.Connection, last: int) -> int:
    return int(db.execute(_BEFORE, (last,)).fetchone()[0])


def _alerts_that_matter(db: sqlite3.Connection) -> dict[str, int]:
    rows: Iterable[tuple[Any, ...]] = db.execute(_OF_RUN, (_last_published(db),))
    return {name: alerts for name, alerts, _, disposition in rows if disposition != "benign"}


def _change(before: tuple[int, float] | None, alerts: int, urgency: float) -> Change:
    if before is None:
        return "new"
    if alerts > before[0]:
        return "grown"
    return "reranked" if abs(urgency - before[1]) >= _RERANKED else ""
