"""The append-only audit log: who did what when, each row sealed by a hash over itself and the row before.

Changing, removing or inserting a row breaks every seal after it. The newest hash can be written down elsewhere to
notice a log that was cut off at its end.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

GENESIS = "0" * 64


class AuditEntry(NamedTuple):
    """One row of the log."""

    seq: int
    time: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]
    hash: str
    """SHA-256 over the previous hash and this row."""


def _seal(previous: str, seq: int, *texts: str) -> str:
    return hashlib.sha256(orjson.dumps([previous, seq, *texts])).hexdigest()


def append(db: sqlite3.Connection, time: datetime, actor: str, action: str, detail: Mapping[str, Any]) -> str:
    """Add a row inside the caller's transaction and return its hash."""
    last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone() or (0, GENESIS)
    seq, text = last[0] + 1, orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode()
    sealed = _seal(last[1], seq, time.isoformat(), actor, action, text)
    db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (seq, time.isoformat(), actor, action, text, sealed))
    return sealed


def _rows(db: sqlite3.Connection) -> Iterator[tuple[int, str, str, str, str, str]]:
    yield from db.execute("SELECT seq, time, actor, action, detail, hash FROM audit ORDER BY seq")


def entries(db: sqlite3.Connection, limit: int) -> tuple[AuditEntry, ...]:
    """Return the newest ``limit`` rows, oldest first."""
    rows = db.execute("SELECT seq, time, actor, action, detail, hash FROM audit ORDER BY seq DESC LIMIT ?", (limit,))
    newest = [AuditEntry(s, datetime.fromisoformat(t), a, n, orjson.loads(d), h) for s, t, a, n, d, h in rows]
    return tuple(reversed(newest))


def first_broken(db: sqlite3.Connection) -> int | None:
    """Return the sequence number of the first row whose seal does not fit, or None when the chain holds."""
    previous = GENESIS
    for expected, (seq, time, actor, action, detail, sealed) in enumerate(_rows(db), start=1):
        if seq != expected or sealed != _seal(previous, seq, time, actor, action, detail):
            return expected
        previous = sealed
    return None
