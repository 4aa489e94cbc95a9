"""Cards and bodies of incidents, read from the state database."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

import orjson

from triage.adapters import records
from triage.desk.cards import Card, Columns, Detail, detail
from triage.models import Incident

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]

_LAST_RUN = "SELECT seq FROM runs WHERE published IS NOT NULL ORDER BY published DESC LIMIT 1"
_COLUMNS = f"""
SELECT incident_id, rank, urgency, disposition, title, first, last, alert_count, hash
FROM incidents WHERE run = ({_LAST_RUN}) ORDER BY rank
"""  # noqa: S608 - a constant
_BODY = "SELECT hash, body FROM incident_bodies WHERE hash = ?"


class CardFile:
    """Reads the incidents of the last run that published. Methods raise StateError."""

    def __init__(self, reading: Opened) -> None:
        """``reading`` holds the connection while a block runs."""
        self._reading = reading

    def cards(self) -> Sequence[Card]:
        """Return a card per incident, by rank; no body is read."""
        with self._reading() as db:
            rows = db.execute(_COLUMNS).fetchall()
        return [Card(Columns._make(row), self.detail) for row in rows]

    def detail(self, key: bytes) -> Detail:
        """Return what one body adds to its card. KeyError when there is no such body."""
        return self.details([key])[key]

    def details(self, keys: Iterable[bytes]) -> Mapping[bytes, Detail]:
        """Return what many bodies add, by key; the connection is held for the query alone."""
        return {key: detail(orjson.loads(records.unpacked(body))) for key, body in self._bodies(keys).items()}

    def incidents(self, cards: Sequence[Card]) -> Sequence[Incident]:
        """Return the incidents behind cards, in their order."""
        bodies = self._bodies(card.columns.key for card in cards)
        return [records.incident(card.rank, bodies[card.columns.key]) for card in cards]

    def _bodies(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        with self._reading() as db:
            return {key: body for wanted in keys for key, body in db.execute(_BODY, (wanted,))}
