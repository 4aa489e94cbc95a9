"""The log of responses in the state database: each event on disk, with its audit entry, before anything follows."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from triage.adapters import audit
from triage.adapters.decisions import Opened
from triage.errors import StateError
from triage.models import Model
from triage.responding.models import Act, Event


class SqliteResponses:
    """``responding.ResponseLog`` on the connection of the state store."""

    def __init__(self, transaction: Opened, reading: Opened, now: Callable[[], datetime], folder: Path) -> None:
        """``folder`` gets the lock of whoever is carrying something out."""
        self._transaction = transaction
        self._reading = reading
        self._now = now
        self._lock = folder / "respond.lock"

    def now(self) -> datetime:
        """Return the time that events are stamped with."""
        return self._now()

    def record(self, request_id: str, act: Act, author: str, body: Model) -> bool:
        """Append an event; False where the request had it, or its opposite, before. Raises StateError."""
        now, values = self._now(), body.model_dump(mode="json", exclude_defaults=True)
        row = (request_id, now.isoformat(), author, act, orjson.dumps(values).decode())
        with self._transaction() as db:
            columns = "INSERT INTO responses (request_id, at, author, act, body) VALUES (?, ?, ?, ?, ?)"
            if not db.execute(f"{columns} ON CONFLICT DO NOTHING", row).rowcount:
                return False
            audit.append(db, now, author, f"response.{act}", {"request_id": request_id, **values})
        return True

    def events(self) -> Sequence[Event]:
        """Return all events in the order in which they were recorded."""
        with self._reading() as db:
            rows = db.execute("SELECT request_id, act, author, at, body FROM responses ORDER BY seq").fetchall()
        return [_event(*row) for row in rows]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who carries something out; freed by the system when the process dies. Raises StateError."""
        self._lock.touch(mode=0o600, exist_ok=True)
        with closing(sqlite3.connect(self._lock, timeout=0)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise StateError(
                    "somebody else is carrying out a response just now: try again when it is done"
                ) from error
            yield


def _event(request_id: str, act: Act, author: str, at: str, body: str) -> Event:
    return Event(request_id=request_id, act=act, author=author, at=datetime.fromisoformat(at), body=orjson.loads(body))
