"""Memory in the state database: what was observed, its versions, and which of them is in force.

Each run that publishes makes a version on top of the one in force; a rollback puts an earlier (or a later) one in
force. A version says which runs are remembered. What of them counts as normal follows from verdicts, see
``triage.judgement.teaching``. Of the versions of one day only the last stays apart once KEPT_APART newer ones exist:
hourly runs do not make memory grow with their number.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

import orjson
import polars as pl

from triage.adapters import audit
from triage.adapters.records import activity_frame
from triage.config import BaselineSettings
from triage.errors import UsageError
from triage.judgement import baseline
from triage.judgement.normality import Difference, Habit, Signature, differences, habits
from triage.judgement.peers import Group, peer_groups, told_groups
from triage.judgement.teaching import ATTACK_REASONS, BENIGN_REASONS, People, Verdict, judged, learned

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]

KEPT_APART = 48
_LINE = """
WITH RECURSIVE line(version) AS (
    SELECT ?1 UNION ALL SELECT v.parent FROM line JOIN baseline_versions v USING (version) WHERE v.parent > 0
)
"""
"""The runs that a version (?1) remembers."""
_REMEMBERED = _LINE + "SELECT version FROM line"  # noqa: S608 - no value in it is anybody else's
_OBSERVED = f"""{_LINE}
SELECT s.activity, s.signature, s.principal, s.day, s.count, s.hours, s.unusual, p.incident_id, p.outcome
FROM sightings s LEFT JOIN placements p USING (activity)
WHERE s.day >= ?2 AND s.run IN (SELECT version FROM line)
"""  # noqa: S608 - no value in it is anybody else's
_FOLDABLE = """
SELECT v.version, c.version FROM baseline_versions v JOIN baseline_versions c ON c.parent = v.version
JOIN runs rv ON rv.seq = v.version JOIN runs rc ON rc.seq = c.version
WHERE v.folded IS NULL AND c.folded IS NULL AND substr(rv.started, 1, 10) = substr(rc.started, 1, 10)
AND v.version != (SELECT version FROM baseline_head)
AND (SELECT count(*) FROM baseline_versions other WHERE other.parent = v.version AND other.folded IS NULL) = 1
AND c.version <= (
    SELECT version FROM baseline_versions WHERE folded IS NULL ORDER BY version DESC LIMIT 1 OFFSET ?
) ORDER BY v.version LIMIT 1
"""
_PLACED = {"incident_id": pl.String, "outcome": pl.String}


class Version(NamedTuple):
    """One version of the baseline."""

    version: int
    """Number of the run that made it; 0 = nothing is remembered."""
    parent: int
    """The version it was built on."""
    run_id: str
    made: datetime | None
    added: int
    """Sightings (kind of alert, principal, day) that it added."""
    in_force: bool
    remembered: bool
    """The version in force was built on it, or is it."""


class BaselineMemory:
    """Reads memory and moves between its versions."""

    def __init__(
        self, transaction: Opened, reading: Opened, now: Callable[[], datetime], people: Callable[[], People]
    ) -> None:
        """``people`` says what people decided until now."""
        self._transaction = transaction
        self._reading = reading
        self._now = now
        self._people = people

    def observed(self, since_day: int, version: int | None = None) -> pl.DataFrame:
        """Return OBSERVED with incident_id, outcome, ``teaches`` and ``doubted`` of a version, None = the one in force.

        ``since_day``: days since the epoch. Raises UsageError for an unknown version.
        """
        people = self._people()
        with self._reading() as db:
            chosen = _head(db) if version is None else _known(db, version)
            rows = db.execute(_OBSERVED, (chosen, since_day)).fetchall()
        frame = pl.DataFrame(rows, schema={**baseline.OBSERVED, **_PLACED}, orient="row")
        return frame.hstack(judged(frame, people))

    def versions(self) -> Sequence[Version]:
        """Return the versions that are kept apart, oldest first."""
        with self._reading() as db:
            head = _head(db)
            line = {number for (number,) in db.execute(_REMEMBERED, (head,))}
            rows = db.execute(
                "SELECT v.version, v.parent, r.run_id, r.started, v.added FROM baseline_versions v"
                " JOIN runs r ON r.seq = v.version WHERE v.folded IS NULL ORDER BY v.version"
            ).fetchall()
        return [
            Version(number, parent, run_id, datetime.fromisoformat(started), added, number == head, number in line)
            for number, parent, run_id, started, added in rows
        ]

    def habits(self, about: str, settings: BaselineSettings) -> Sequence[Habit]:
        """Return what is normal about an entity or a signature, or at all; see ``normality.habits``."""
        observed = self.observed(0)
        return habits(observed, self._names(observed), about, settings)

    def peers(self, about: str, settings: BaselineSettings) -> Sequence[Group]:
        """Return the groups of entities that behave alike in the version in force; see ``peers.told_groups``."""
        return told_groups(peer_groups(learned(self.observed(0), settings)), about)

    def differences(self, before: int, after: int, settings: BaselineSettings) -> Sequence[Difference]:
        """Return what one version remembers otherwise than another. Raises UsageError for an unknown one."""
        sides = self.observed(0, before), self.observed(0, after)
        return differences(*sides, self._names(pl.concat(sides)), settings)

    def _names(self, observed: pl.DataFrame) -> Mapping[str, Signature]:
        """Return what the signatures stand for, read from one activity of each."""
        wanted = observed.group_by("signature").agg(pl.col("activity").max())["activity"].to_list()
        with self._reading() as db:
            sql = "SELECT body FROM activities WHERE activity IN (SELECT value FROM json_each(?))"
            rows = db.execute(sql, (orjson.dumps(wanted).decode(),)).fetchall()
        told = activity_frame(rows).select("signature", "detector", "rule", "message")
        return {signature: Signature(*name) for signature, *name in told.iter_rows()}

    def rollback(self, version: int, author: str) -> int:
        """Put a version in force for the runs to come and return the one that was. Raises UsageError, StateError."""
        with self._transaction() as db:
            before = _head(db)
            _set_head(db, _known(db, version))
            audit.append(db, self._now(), author, "baseline.rollback", {"from": before, "to": version})
        return before


def add(db: sqlite3.Connection, run: int, observed: pl.DataFrame) -> None:
    """Remember a run's OBSERVED as a new version, inside the caller's transaction."""
    rows = observed.select("day", "signature", "principal", "activity", pl.lit(run), "count", "hours", "unusual")
    db.executemany("INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows.iter_rows())
    values = (run, baseline.together(observed).height, _head(db))
    db.execute("INSERT INTO baseline_versions (version, added, parent) VALUES (?, ?, ?)", values)
    _set_head(db, run)
    while pair := db.execute(_FOLDABLE, (KEPT_APART,)).fetchone():
        _fold(db, *pair)


def people_of(closures: Mapping[str, str], answers: Mapping[str, Verdict]) -> People:
    """Return what people said: incident id -> reason of its closure, activity -> answer to a blind sample."""
    benign: dict[str, Verdict] = {name: "benign" for name, reason in closures.items() if reason in BENIGN_REASONS}
    attack: dict[str, Verdict] = {name: "attack" for name, reason in closures.items() if reason in ATTACK_REASONS}
    return People(benign | attack, answers)


def _fold(db: sqlite3.Connection, version: int, into: int) -> None:
    """Let a version take in the one that it was built on."""
    db.execute(
        "INSERT INTO sightings SELECT day, signature, principal, activity, ?2, count, hours, unusual FROM sightings"
        " WHERE run = ?1 ON CONFLICT DO UPDATE SET count = count + excluded.count, hours = hours | excluded.hours,"
        " unusual = max(unusual, excluded.unusual)",
        (version, into),
    )
    db.execute("DELETE FROM sightings WHERE run = ?", (version,))
    db.execute("UPDATE baseline_versions SET folded = ?2 WHERE version = ?1", (version, into))
    db.execute(
        "UPDATE baseline_versions SET parent = (SELECT parent FROM baseline_versions WHERE version = ?1),"
        " added = added + (SELECT added FROM baseline_versions WHERE version = ?1) WHERE version = ?2",
        (version, into),
    )


def _head(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT version FROM baseline_head").fetchone()[0])


def _set_head(db: sqlite3.Connection, version: int) -> None:
    db.execute("UPDATE baseline_head SET version = ?", (version,))


def _known(db: sqlite3.Connection, version: int) -> int:
    """Return the version if there is one that is kept apart. Raises UsageError."""
    if version == 0:
        return 0
    row = db.execute("SELECT folded FROM baseline_versions WHERE version = ?", (version,)).fetchone()
    if row is None:
        raise UsageError(f"there is no baseline version {version}; 'triage baseline list' shows them")
    if row[0] is not None:
        raise UsageError(f"version {version} was taken in by a later one of the same day, {row[0]}; name that")
    return version
