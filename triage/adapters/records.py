"""How domain values become rows of the state database, and back. Knows the tables, begins no transaction."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import polars as pl
import zstandard

from triage.columns import ACTIVITIES
from triage.errors import StateError
from triage.models import Incident
from triage.ports import Publication, RunRecord
from triage.times import PLAUSIBLE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = """
INSERT INTO placements (activity, incident_id, outcome, run) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET incident_id = excluded.incident_id, outcome = excluded.outcome, run = excluded.run
WHERE incident_id != excluded.incident_id OR outcome != excluded.outcome
"""
"""Each run places all activities of the horizon, nearly all of them where they are; those cost no write."""


def micros(time: datetime) -> int:
    """Return microseconds since the epoch."""
    return (time - EPOCH) // timedelta(microseconds=1)


def iso(time: datetime | None) -> str | None:
    """Return a time as sortable text in UTC."""
    return None if time is None else time.astimezone(UTC).isoformat()


def parsed(text: str | None) -> datetime | None:
    """Return the time of a text that ``iso`` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def packed(body: bytes) -> bytes:
    """Return a small body compressed."""
    return _packer()(body)


def _packer() -> Callable[[bytes], bytes]:
    """Return what compresses small bodies, for one thread; making it costs more than using it."""
    return zstandard.ZstdCompressor(level=3, write_checksum=False).compress


def unpacked(body: bytes) -> bytes:
    """Return what ``packed`` compressed."""
    return zstandard.ZstdDecompressor().decompress(body)


def run_record(row: Sequence[Any]) -> RunRecord:
    """Return the run of a row: run_id, fingerprint, started, since, until, status, and more that is ignored."""
    run_id, fingerprint, started, since, until, status = row[:6]
    return RunRecord(
        run_id=run_id,
        fingerprint=fingerprint,
        started=datetime.fromisoformat(started),
        since=parsed(since),
        until=parsed(until),
        status=status,
    )


def incident(rank: int, body: bytes) -> Incident:
    """Return the incident of a stored body and the rank it had in a run."""
    return Incident.model_validate_json(unpacked(body)[:-1] + b',"rank":%d}' % rank)


def activity_frame(rows: Iterable[tuple[bytes]]) -> pl.DataFrame:
    """Return stored activities as columns.ACTIVITIES, by first time and key."""
    unpack = zstandard.ZstdDecompressor().decompress  # one for all: making one costs more than using it
    lines = [unpack(body) for (body,) in rows]
    if not lines:
        return pl.DataFrame(schema=ACTIVITIES)
    return pl.read_ndjson(b"\n".join(lines), schema=ACTIVITIES).sort("first", "activity")


def write(db: sqlite3.Connection, publication: Publication, ledger: pl.DataFrame) -> int:
    """Write everything but segments and memory, inside the caller's transaction, and return the run's number."""
    row = db.execute("SELECT seq FROM runs WHERE run_id = ? AND published IS NULL", (publication.run_id,)).fetchone()
    if row is None:
        raise StateError(f"run {publication.run_id!r} was never opened in this state, or another process published it")
    run: int = row[0]
    _close_run(db, run, publication, ledger)
    _publish_incidents(db, run, publication.incidents)
    _publish_activities(db, run, publication)
    db.executemany(
        "INSERT INTO watermarks VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
        [(source, micros(until)) for source, until in sorted(publication.watermarks.items())],
    )
    return run


def plausible() -> pl.Expr:
    """Tell whether a time (microseconds; null = none) can be that of an alert."""
    return pl.col("time").is_between(*PLAUSIBLE, "left").fill_null(value=False)


def _close_run(db: sqlite3.Connection, run: int, publication: Publication, ledger: pl.DataFrame) -> None:
    """Write what a run was; its time range is that of plausible times, so that one stray date does not span years."""
    times = ledger.filter(plausible())["time"]
    db.execute(
        "UPDATE runs SET status = 'published', published = (SELECT coalesce(max(published), 0) + 1 FROM runs),"
        " complete = ?, alerts = ?, timeless = ?, first_time = ?, last_time = ?, counts = ?, summary = ? WHERE seq = ?",
        (
            publication.complete,
            ledger.height,
            ledger.height - times.len(),
            times.min(),
            times.max(),
            publication.counts.model_dump_json(),
            packed(orjson.dumps(publication.summary)),
            run,
        ),
    )


def _publish_incidents(db: sqlite3.Connection, run: int, incidents: Iterable[Incident]) -> None:
    pack = _packer()
    for one in incidents:
        body = one.model_dump_json(exclude={"rank"}).encode()
        key = hashlib.sha256(body).digest()
        db.execute("INSERT OR IGNORE INTO incident_bodies VALUES (?, ?)", (key, pack(body)))
        columns = (one.rank, one.incident_id, one.disposition, one.urgency, one.title)
        times = (micros(one.first_seen), micros(one.last_seen))
        values = (run, *columns, *times, one.alert_count, key)
        db.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _publish_activities(db: sqlite3.Connection, run: int, publication: Publication) -> None:
    frame = publication.activities.select(ACTIVITIES.names())
    pack = _packer()
    bodies = [pack(line) for line in frame.write_ndjson().encode().splitlines()]
    db.executemany(
        "INSERT OR REPLACE INTO activities VALUES (?, ?, ?)",
        zip(frame["activity"].to_list(), frame["last"].to_list(), bodies, strict=True),
    )
    placements = publication.placements.select("activity", "incident_id", "outcome", pl.lit(run))
    db.executemany(_PLACE, placements.iter_rows())
