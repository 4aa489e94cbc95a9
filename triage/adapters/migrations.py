"""The schema of the state database and how older versions become the newest one.

Migrations are applied in order, each in one transaction with the version it leads to. A database written by a newer
program is refused: guessing at its meaning could lose alerts.
"""

import sqlite3
from pathlib import Path

from triage.errors import StateError

BUSY_MILLISECONDS = 10_000

_INITIAL = """
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    started TEXT NOT NULL,
    since TEXT,
    until TEXT,
    status TEXT NOT NULL,
    published INTEGER UNIQUE,       -- order of publication, null = nothing of this run may be read
    complete INTEGER NOT NULL DEFAULT 1,
    alerts INTEGER NOT NULL DEFAULT 0,
    timeless INTEGER NOT NULL DEFAULT 0,
    first_time INTEGER,             -- of its alerts, microseconds
    last_time INTEGER,
    counts TEXT NOT NULL DEFAULT '{}',
    summary BLOB
);
CREATE INDEX runs_open ON runs (fingerprint, status);
CREATE INDEX runs_time ON runs (last_time, first_time) WHERE published IS NOT NULL;

CREATE TABLE incident_bodies (      -- content-addressed: an incident that did not change costs nothing in the next run
    hash BLOB PRIMARY KEY,
    body BLOB NOT NULL              -- zstd of the JSON without rank
) WITHOUT ROWID;
CREATE TABLE incidents (
    run INTEGER NOT NULL REFERENCES runs (seq),
    rank INTEGER NOT NULL,
    incident_id TEXT NOT NULL,
    disposition TEXT NOT NULL,
    urgency REAL NOT NULL,
    title TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    alert_count INTEGER NOT NULL,
    hash BLOB NOT NULL REFERENCES incident_bodies (hash),
    PRIMARY KEY (run, rank)
) WITHOUT ROWID;
CREATE INDEX incidents_id ON incidents (incident_id, run);

CREATE TABLE activities (
    activity TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    body BLOB NOT NULL              -- zstd of the row as JSON
) WITHOUT ROWID;
CREATE INDEX activities_last ON activities (last);

CREATE TABLE placements (
    activity TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    run INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX placements_incident ON placements (incident_id);

CREATE TABLE sightings (
    day INTEGER NOT NULL,
    signature TEXT NOT NULL,
    principal TEXT NOT NULL,
    run INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hours INTEGER NOT NULL,         -- bit h set: seen in hour h of the day
    PRIMARY KEY (day, signature, principal, run)
) WITHOUT ROWID;
CREATE TABLE baseline_versions (
    version INTEGER PRIMARY KEY,    -- the run that made it
    added INTEGER NOT NULL          -- sightings it added
);

CREATE TABLE vectors (
    model TEXT NOT NULL,
    hash TEXT NOT NULL,
    vector BLOB NOT NULL,           -- float32, little endian
    PRIMARY KEY (model, hash)
) WITHOUT ROWID;

CREATE TABLE watermarks (source TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""

_DECISIONS = """
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo')),
    body TEXT CHECK ((body IS NULL) = (act != 'decide')),
    seen TEXT NOT NULL              -- incident id -> alerts it had when it was decided on
);
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
"""

MIGRATIONS: tuple[str, ...] = (_INITIAL, _DECISIONS)
"""Script ``n`` leads from schema version n to n + 1. Published scripts are never edited."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the state database for one writer and many readers, brought to the newest schema.

    The connection is in autocommit mode: transactions are begun explicitly. Raises StateError, sqlite3.Error.
    """
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply what is missing; two processes may come here at once, so the version is read again under the lock."""
    while (found := _version(connection)) != len(MIGRATIONS):
        if found > len(MIGRATIONS):
            raise StateError(
                f"{path} has schema version {found}, this program knows {len(MIGRATIONS)}: install the newer version"
            )
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) == found:
                _apply(connection, found)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _apply(connection: sqlite3.Connection, version: int) -> None:
    """Run one script statement by statement: ``executescript`` would commit the transaction in between."""
    statement = ""
    for line in MIGRATIONS[version].splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA user_version = {version + 1}")
