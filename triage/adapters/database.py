"""The state store: what outlives a run, in one SQLite database plus columnar segments per run.

What people filter and what changes is in SQLite; what exists once per alert is a Parquet segment in the run's folder.
Segments are on disk before the transaction that makes them count, and only segments of published runs are ever read:
a run killed in between publishes the same thing again.
"""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import orjson
import polars as pl

from triage.adapters import audit, documents, lineage, quality, records
from triage.adapters import baseline as memory
from triage.adapters.archive import LEDGER_KEY, Archive
from triage.adapters.baseline import BaselineMemory, people_of
from triage.adapters.campaigns import CampaignMemory
from triage.adapters.cards import CardFile
from triage.adapters.decisions import DecisionLog
from triage.adapters.intelligence.copy import IntelligenceCopy
from triage.adapters.judged import History
from triage.adapters.migrations import connect
from triage.adapters.quality import QualityLog
from triage.adapters.responses import SqliteResponses
from triage.adapters.revisions import DEAD_LETTERS_KEY, Revisions
from triage.adapters.segments import FolderWorkingSet, private_folder
from triage.errors import StateError, UsageError
from triage.judgement import baseline
from triage.judgement.teaching import People
from triage.models import AlertRef, DeadLetter, Incident, RunCounts
from triage.ports import Publication, RunRecord, Whereabouts, Window
from triage.record.ledger import LEDGER
from triage.times import PLAUSIBLE

_RUN_ID = re.compile(r"run-\d{6,}")
_PLACEMENTS = {"activity": pl.String, "incident_id": pl.String, "outcome": pl.String}
_LETTERS = dict.fromkeys(DeadLetter.model_fields, pl.String)
_REASONS = {
    "duplicate": "a building block of a sequence alert that is present itself, which counts in its place",
    "dead_letter": "it could not be parsed",
}


class RunOverview(NamedTuple):
    """A run with what came of it, for lists of runs."""

    record: RunRecord
    published: bool
    complete: bool
    counts: RunCounts


class _Segment(NamedTuple):
    run_id: str
    path: Path


class _Read(NamedTuple):
    """What was read last: several stages of a run ask for the same, and only a publication changes it."""

    told: tuple[int, int | None]
    """Since when, and after how many publications."""
    frame: pl.DataFrame


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteState:
    """``ports.StateStore`` in a folder: ``triage.db`` and ``runs/<run_id>/``. Safe to share between threads."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = _utc_now) -> None:
        """Open or create the state; ``now`` stamps the audit log and decisions only. Raises StateError."""
        self._folder = private_folder(folder)
        self._now = now
        self._lock = threading.RLock()
        self._last: dict[str, _Read] = {}
        with self._translated():
            self._db = connect(folder / "triage.db")
        self.decisions = DecisionLog(self._transaction, self._reading, now)
        """What analysts decided."""
        self.responses = SqliteResponses(self._transaction, self._reading, now, folder)
        """What was proposed, approved and carried out."""
        self.quality = QualityLog(self._transaction, self._reading, now)
        """Blind samples of what was judged benign, and the answers to them."""
        self.memory = BaselineMemory(self._transaction, self._reading, now, self._people)
        """What is remembered as normal, in versions."""
        self.intelligence = IntelligenceCopy(folder / "intelligence", self._transaction, self._reading, now)
        """What sources of threat intelligence say."""
        self.campaigns = CampaignMemory(self._transaction, self._reading)
        """Incidents that hang together over devices and nights."""
        self.revisions = Revisions(self._reading, self.working_set)
        """Nights as analysts regrouped them."""
        self.cards = CardFile(self._reading)
        """Incidents as a list shows them."""
        self.archive = Archive(self._reading, self.working_set)
        """What stored segments say."""
        self.history = History(self._reading, self._scan, lambda: self.decisions.steps(10**9), self.quality.answers)
        """What became of alerts, now and ever."""

    def _people(self) -> People:
        closed = {one.incident_id: one.reason for one in self.decisions.statuses().values() if one.state == "closed"}
        return people_of(closed, self.quality.answers())

    def close(self) -> None:
        """Close the database; the object cannot be used after that."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- access -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what SQLite or the file system refused, and what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StateError(f"state database {self._folder / 'triage.db'}: {error}; {_advice(error)}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one write transaction: all of it or nothing."""
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            yield self._db

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._reading() as db:
            return db.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a row of SQLite values, or None
        return next(iter(self._rows(sql, *values)), None)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only run on this state; freed by the operating system when the process dies. Raises StateError."""
        with self._translated(), closing(sqlite3.connect(self._folder / "writer.lock", timeout=0)) as lock:
            (self._folder / "writer.lock").chmod(0o600)
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise StateError(
                    f"another run is writing to {self._folder}: wait for it or use another state"
                ) from error
            yield

    # --- runs -------------------------------------------------------------------------------------------------------

    def open_run(self, fingerprint: str, started: datetime, window: Window) -> RunRecord:
        """Return the unfinished run with this fingerprint, with its own window, or a new one."""
        with self._transaction() as db:
            unfinished = db.execute(
                "SELECT run_id, fingerprint, started, since, until, status FROM runs"
                " WHERE fingerprint = ? AND status IN ('running', 'published') ORDER BY seq DESC LIMIT 1",
                (fingerprint,),
            ).fetchone()
            if unfinished:
                return records.run_record(unfinished)
            seq = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM runs").fetchone()[0]
            row = (
                f"run-{seq:06d}",
                fingerprint,
                records.iso(started),
                records.iso(window.since),
                records.iso(window.until),
                "running",
            )
            db.execute(
                "INSERT INTO runs (seq, run_id, fingerprint, started, since, until, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (seq, *row),
            )
            audit.append(db, self._now(), "triage", "run.open", {"run_id": row[0], "fingerprint": fingerprint})
            return records.run_record(row)

    def working_set(self, run_id: str) -> FolderWorkingSet:
        """Return the columnar store of a run. Raises ValueError for what is no run id."""
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"{run_id!r} is not a run id")
        return FolderWorkingSet(self._folder / "runs" / run_id)

    def runs(self) -> Sequence[RunOverview]:
        """Return all runs, oldest first."""
        rows = self._rows(
            "SELECT run_id, fingerprint, started, since, until, status, published, complete, counts"
            " FROM runs ORDER BY seq"
        )
        return [
            RunOverview(
                records.run_record(row), row[6] is not None, bool(row[7]), RunCounts.model_validate_json(row[8])
            )
            for row in rows
        ]

    def finish_run(self, run_id: str, status: str) -> None:
        """Close a run whose outputs are written; ``status`` is done, incomplete or failed."""
        if status not in {"done", "incomplete", "failed"}:
            raise ValueError(f"a run cannot end as {status!r}")
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE runs SET status = ? WHERE run_id = ? AND status != ?", (status, run_id, status)
            )
            if changed.rowcount:
                audit.append(db, self._now(), "triage", "run.finish", {"run_id": run_id, "status": status})

    def last_published(self) -> str | None:
        """Return the id of the last run that published something."""
        row = self._row("SELECT run_id FROM runs WHERE published IS NOT NULL ORDER BY published DESC LIMIT 1")
        return row[0] if row else None

    def published_since(self, since: int) -> Sequence[str]:
        """Return the runs, oldest first, whose newest alert of a plausible time is at or after ``since`` (µs)."""
        rows = self._rows(
            "SELECT run_id FROM runs WHERE published IS NOT NULL AND alerts > 0 AND last_time >= ? ORDER BY seq", since
        )
        return [row[0] for row in rows]

    def watermark(self, source: str) -> datetime | None:
        """Return the time up to which a source was read, or None."""
        row = self._row("SELECT until FROM watermarks WHERE source = ?", source)
        return records.EPOCH + timedelta(microseconds=row[0]) if row else None

    # --- what is known before a run judges --------------------------------------------------------------------------

    def judged(self, refs: pl.DataFrame) -> pl.Series:
        """Tell for each row (index, id, time) whether an earlier run judged it; Boolean, same order.

        Only segments whose time range overlaps the rows' are read, so the cost does not grow with history. A null
        time means that the document has none of its own: it is looked up among the documents without one, and so is
        what has no plausible one.
        """
        numbered = refs.select("index", "id", "time").with_row_index("row")
        timely = records.plausible()
        known = [self._known(numbered.filter(timely)), self._known_stray(numbered.filter(~timely))]
        flags = np.zeros(refs.height, dtype=bool)
        for rows in known:
            flags[rows.to_numpy()] = True
        return pl.Series("judged", flags)

    def _known(self, rows: pl.DataFrame) -> pl.Series:
        """Return the row numbers of those refs, all of plausible times, that a segment holds."""
        low, high = rows["time"].min(), rows["time"].max()
        segments = self._segments("first_time <= ? AND last_time >= ?", high, low) if rows.height else []
        return _held(rows, segments, pl.col("time").is_between(low, high))

    def _known_stray(self, rows: pl.DataFrame) -> pl.Series:
        """Return the row numbers of those refs, none of a plausible time, that a segment holds."""
        spanning = "timeless > 0 OR first_time < ? OR last_time >= ?"  # the latter of runs that did not tell them apart
        segments = self._segments(f"({spanning})", *PLAUSIBLE) if rows.height else []
        return _held(rows, segments, ~records.plausible())

    def _segments(self, condition: str, *values: object) -> list[_Segment]:
        """Return the ledger segments of published runs that hold alerts, newest first."""
        rows = self._rows(
            f"SELECT run_id FROM runs WHERE published IS NOT NULL AND alerts > 0 AND {condition}"  # noqa: S608
            " ORDER BY published DESC",
            *values,
        )
        return [_Segment(run_id, self.working_set(run_id).path(LEDGER_KEY)) for (run_id,) in rows]

    def vectors(self, model_id: str, text_hashes: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Return the cached vectors (float32) of those texts that have one."""
        rows = self._rows(
            "SELECT hash, vector FROM vectors WHERE model = ? AND hash IN (SELECT value FROM json_each(?))",
            model_id,
            orjson.dumps(list(text_hashes)).decode(),
        )
        return {text_hash: np.frombuffer(vector, dtype="<f4") for text_hash, vector in rows}

    def save_vectors(self, model_id: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Cache vectors; idempotent."""
        rows = [(model_id, key, vector.astype("<f4").tobytes()) for key, vector in sorted(vectors.items())]
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)

    def activities(self, since: int) -> pl.DataFrame:
        """Return activities (columns.ACTIVITIES) whose ``last`` is at or after ``since``, by first time and key."""
        return self._asked("SELECT body FROM activities WHERE last >= ?", since, records.activity_frame)

    def _asked(self, sql: str, since: int, made: Callable[[list[Any]], pl.DataFrame]) -> pl.DataFrame:
        """Return the frame made of what a query finds, which is asked again only once a run was published."""
        with self._reading() as db:
            told = (since, *db.execute("SELECT max(published) FROM runs").fetchone())
            if sql not in self._last or self._last[sql].told != told:
                self._last[sql] = _Read(told, made(db.execute(sql, (since,)).fetchall()))
            return self._last[sql].frame

    def sightings(self, since_day: int) -> pl.DataFrame:
        """Return baseline.SIGHTINGS of all runs together, from ``since_day`` (days since the epoch) on."""
        rows = self._rows("SELECT signature, principal, day, count, hours FROM sightings WHERE day >= ?", since_day)
        return baseline.together(pl.DataFrame(rows, schema=baseline.SIGHTINGS, orient="row"))

    def observed(self, since_day: int) -> pl.DataFrame:
        """Return baseline.OBSERVED of the baseline version in force, and what counts of it."""
        return self.memory.observed(since_day)

    def placements(self, since: int) -> pl.DataFrame:
        """Return activity, incident_id, outcome where the activity's ``last`` (µs) is at or after ``since``."""
        sql = (
            "SELECT activity, incident_id, outcome FROM placements JOIN activities USING (activity) WHERE last >= ?"
            " ORDER BY activity"
        )
        return self._asked(sql, since, lambda rows: pl.DataFrame(rows, schema=_PLACEMENTS, orient="row"))

    # --- publishing -------------------------------------------------------------------------------------------------

    def publish(self, publication: Publication) -> None:
        """Write a run's results in one transaction; repeating it for the same run changes nothing."""
        if self._published(publication.run_id):
            return
        ledger = publication.alerts.select(LEDGER.names()).cast(LEDGER)
        ledger = ledger.sort("time", "index", "id", nulls_last=True)
        working = self.working_set(publication.run_id)
        working.put(LEDGER_KEY, ledger)
        working.put(
            DEAD_LETTERS_KEY, pl.DataFrame([letter.model_dump() for letter in publication.dead_letters], _LETTERS)
        )
        with self._transaction() as db:
            descent = lineage.of_publication(db, publication)
            run = records.write(db, publication, ledger)
            lineage.add(db, run, descent)
            memory.add(db, run, publication.sightings)
            quality.add(db, run, publication)
            detail = {"run_id": publication.run_id, "alerts": ledger.height, "incidents": len(publication.incidents)}
            audit.append(db, self._now(), "triage", "run.publish", detail)

    def _published(self, run_id: str) -> bool:
        return self._row("SELECT 1 FROM runs WHERE run_id = ? AND published IS NOT NULL", run_id) is not None

    # --- reading results --------------------------------------------------------------------------------------------

    def incidents(self, run_id: str | None = None, count: int = -1) -> Sequence[Incident]:
        """Return the first ``count`` (-1 = all) incidents of a run (default: the last published) ordered by rank."""
        chosen = run_id or self.last_published()
        of_run = "WHERE r.run_id = ? AND r.published IS NOT NULL ORDER BY i.rank LIMIT ?"
        rows = self._rows(f"{_INCIDENT_BODIES} {of_run}", chosen, count)
        return [records.incident(*row) for row in rows]

    def incident(self, id_or_prefix: str) -> Incident | None:
        """Return the newest version of an incident, or None. Raises UsageError when the prefix fits several."""
        fitting = self._rows(
            "SELECT DISTINCT incident_id FROM incidents WHERE substr(incident_id, 1, length(?1)) = ?1"
            " ORDER BY incident_id = ?1 DESC, incident_id LIMIT 6",
            id_or_prefix,
        )
        if not fitting:
            return None
        names = [row[0] for row in fitting]
        if len(names) > 1 and names[0] != id_or_prefix:
            raise UsageError(f"{id_or_prefix!r} fits several incidents: {', '.join(names)}; give more of the id")
        return self._newest_incident(names[0])

    def _newest_incident(self, incident_id: str) -> Incident | None:
        row = self._row(f"{_INCIDENT_BODIES} WHERE i.incident_id = ? ORDER BY r.published DESC LIMIT 1", incident_id)
        return records.incident(*row) if row else None

    def alerts_of(self, incident_id: str) -> pl.DataFrame:
        """Return time, index, id, activity, outcome, run_id of all alerts of an incident as it stands now."""
        members = self._rows("SELECT activity FROM placements WHERE incident_id = ?", incident_id)
        found = self._scan(pl.col("activity").is_in([row[0] for row in members]))
        return found.select("time", "index", "id", "activity", "outcome", "run_id").sort("time", "index", "id")

    def activities_of(self, incident_id: str) -> pl.DataFrame:
        """Return the activities (columns.ACTIVITIES) of an incident as it stands now, by first time and key."""
        return records.activity_frame(
            self._rows(
                "SELECT body FROM activities JOIN placements USING (activity) WHERE incident_id = ?", incident_id
            )
        )

    def document(self, ref: AlertRef) -> bytes | None:
        """Return the line that was pulled for an alert; None when it is unknown or a dead letter."""
        runs = (segment.run_id for segment in self._segments("TRUE"))
        found = (documents.document(self.working_set(run_id), ref) for run_id in runs)
        return next((line for line in found if line is not None), None)

    def _scan(self, predicate: pl.Expr) -> pl.DataFrame:
        """Return the rows of all published segments that fit, with their run_id."""
        parts = [
            pl.scan_parquet(segment.path, glob=False).filter(predicate).with_columns(run_id=pl.lit(segment.run_id))
            for segment in self._segments("TRUE")
        ]
        return pl.concat(parts).collect() if parts else pl.DataFrame(schema={**LEDGER, "run_id": pl.String})

    def ledger(self, run_id: str) -> pl.DataFrame:
        """Return alert_id, index, outcome, incident_id of a run by time, index and id; without a time last."""
        frame = self.working_set(run_id).get(LEDGER_KEY) if self._published(run_id) else pl.DataFrame(schema=LEDGER)
        return frame.select(pl.col("id").alias("alert_id"), "index", "outcome", "incident_id")

    def summary(self, run_id: str) -> Mapping[str, Any]:
        """Return the summary a run published; empty when it published none."""
        row = self._row("SELECT summary FROM runs WHERE run_id = ? AND published IS NOT NULL", run_id)
        return dict(orjson.loads(records.unpacked(row[0]))) if row else {}

    def dead_letters(self, run_id: str) -> Sequence[DeadLetter]:
        """Return the dead letters of a run."""
        if not self._published(run_id):
            return []
        return [DeadLetter(**row) for row in self.working_set(run_id).get(DEAD_LETTERS_KEY).iter_rows(named=True)]

    def whereabouts(self, alert_id: str) -> Sequence[Whereabouts]:
        """Return where the alerts with this document id went (several when indices share an id)."""
        rows = self._scan(pl.col("id") == alert_id).sort("index", "run_id")
        return [self._whereabouts(row) for row in rows.iter_rows(named=True)]

    def _whereabouts(self, row: Mapping[str, Any]) -> Whereabouts:
        """Say where a ledger row is now: an activity may have moved to another incident in a later run."""
        outcome, incident_id = row["outcome"], row["incident_id"]
        moved = self._row("SELECT outcome, incident_id FROM placements WHERE activity = ?", row["activity"])
        if moved:
            outcome, incident_id = (outcome if outcome == "duplicate" else moved[0]), moved[1]
        reason = self._reason(row, outcome, incident_id)
        return Whereabouts(
            AlertRef(row["index"], row["id"]), outcome, incident_id, row["activity"], row["run_id"], reason
        )

    def _reason(self, row: Mapping[str, Any], outcome: str, incident_id: str) -> str:
        if outcome == "dead_letter":
            letters = self.dead_letters(row["run_id"])
            return next(
                (d.reason for d in letters if (d.index, d.alert_id) == (row["index"], row["id"])), _REASONS[outcome]
            )
        incident = self._newest_incident(incident_id)
        parts = [_REASONS.get(outcome, ""), incident.verdict_reason if incident else ""]
        return "; ".join(part for part in parts if part)

    # --- audit ------------------------------------------------------------------------------------------------------

    def record(self, actor: str, action: str, detail: Mapping[str, Any]) -> str:
        """Append to the audit log and return the hash that seals it."""
        with self._transaction() as db:
            return audit.append(db, self._now(), actor, action, detail)

    def audit_entries(self, limit: int = 1000) -> Sequence[audit.AuditEntry]:
        """Return the newest ``limit`` entries of the audit log, oldest first."""
        with self._reading() as db:
            return audit.entries(db, limit)

    def audit_broken_at(self) -> int | None:
        """Return the number of the first audit entry whose seal does not fit, or None when the chain holds."""
        with self._reading() as db:
            return audit.first_broken(db)


_INCIDENT_BODIES = (
    "SELECT i.rank, b.body FROM incidents i JOIN runs r ON r.seq = i.run JOIN incident_bodies b USING (hash)"
)


def _held(rows: pl.DataFrame, segments: Sequence[_Segment], within: pl.Expr) -> pl.Series:
    """Return the numbers of the rows that are in one of the segments, among what of them is ``within``."""
    if not segments:
        return rows["row"].clear()
    seen = pl.scan_parquet([s.path for s in segments], glob=False).filter(within).select("index", "id")
    return rows.lazy().join(seen, on=["id", "index"], how="semi").collect()["row"]


def _advice(error: sqlite3.Error | OSError) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return "another process is writing; try again when it is done"
    if "full" in text:
        return "free disk space and repeat the command, nothing is lost"
    if "malformed" in text or "not a database" in text:
        return "the file is damaged; restore it from a backup or use a new state folder"
    return "check that the folder exists and is writable"
