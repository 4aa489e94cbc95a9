"""The descent of incidents in the state database, written with the run that it is about."""

import sqlite3
from collections.abc import Sequence

import orjson
import polars as pl

from triage.ports import Publication
from triage.record.descent import heirs
from triage.record.lineage import Heir

_PLACED = "SELECT activity, incident_id FROM placements WHERE activity IN (SELECT value FROM json_each(?))"
_ALERTS = """
SELECT i.incident_id, i.alert_count FROM incidents i JOIN runs r ON r.seq = i.run
WHERE r.published = (SELECT max(published) FROM runs)
"""
_SCHEMA = {"activity": pl.String, "incident_id": pl.String}


def of_publication(db: sqlite3.Connection, publication: Publication) -> list[Heir]:
    """Return the descent of what is about to be published; call it before the placements are replaced."""
    if publication.placements.is_empty():
        return []
    wanted = orjson.dumps(publication.placements["activity"].to_list()).decode()
    before = pl.DataFrame(db.execute(_PLACED, (wanted,)).fetchall(), schema=_SCHEMA, orient="row")
    decided = int(db.execute("SELECT coalesce(max(seq), 0) FROM decisions").fetchone()[0])
    return heirs(before, publication.placements, publication.incidents, dict(db.execute(_ALERTS).fetchall()), decided)


def add(db: sqlite3.Connection, run: int, found: Sequence[Heir]) -> None:
    """Write the descent of a run, inside the caller's transaction."""
    if not found:
        return
    db.executemany(
        "INSERT INTO lineage (run, change, incident_id, origin, decided, alerts, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(run, *heir) for heir in found],
    )


def all_heirs(db: sqlite3.Connection) -> Sequence[Heir]:
    """Return the descent of all published runs, oldest first."""
    sql = (
        "SELECT l.change, l.incident_id, l.origin, l.decided, l.alerts, l.reason FROM lineage l"
        " JOIN runs r ON r.seq = l.run WHERE r.published IS NOT NULL ORDER BY r.published, l.change, l.incident_id"
    )
    return [Heir._make(row) for row in db.execute(sql)]


def of_run(db: sqlite3.Connection, run_id: str) -> Sequence[Heir]:
    """Return the descent that one run brought."""
    sql = (
        "SELECT l.change, l.incident_id, l.origin, l.decided, l.alerts, l.reason FROM lineage l"
        " JOIN runs r ON r.seq = l.run WHERE r.run_id = ? ORDER BY l.change, l.incident_id, l.origin"
    )
    return [Heir._make(row) for row in db.execute(sql, (run_id,))]
