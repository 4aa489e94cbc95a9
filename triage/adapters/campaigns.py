"""Campaigns and the traits of incidents in the state database."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from triage.adapters.records import micros
from triage.intelligence.adversary import Campaign, Meaning, Traits

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]


class CampaignMemory:
    """Keeps what of each incident may come up again, and the campaigns as they were linked last."""

    def __init__(self, transaction: Opened, reading: Opened) -> None:
        """``transaction`` commits to disk at its end; ``reading`` holds the connection."""
        self._transaction = transaction
        self._reading = reading

    def traits(self, since: int = 0) -> Sequence[Traits]:
        """Return the traits of incidents whose last alert is at or after ``since`` (microseconds), by id."""
        sql = "SELECT body FROM incident_traits WHERE last >= ? ORDER BY incident_id"
        with self._reading() as db:
            return [Traits.model_validate_json(body) for (body,) in db.execute(sql, (since,)).fetchall()]

    def campaigns(self) -> Sequence[Campaign]:
        """Return the campaigns, the one active last first."""
        sql = "SELECT body FROM campaigns ORDER BY last DESC, campaign_id"
        with self._reading() as db:
            return [Campaign.model_validate_json(body) for (body,) in db.execute(sql).fetchall()]

    def meanings(self, model: str, limit: int) -> Sequence[Meaning]:
        """Return what the newest incidents mean by the vectors of an embedding model, the newest first."""
        sql = "SELECT * FROM incident_vectors WHERE model = ? ORDER BY last DESC, incident_id LIMIT ?"
        with self._reading() as db:
            return [Meaning(*row) for row in db.execute(sql, (model, limit)).fetchall()]

    def save(
        self,
        traits: Sequence[Traits],
        gone: Sequence[str],
        campaigns: Sequence[Campaign],
        meanings: Sequence[Meaning] = (),
    ) -> None:
        """Replace traits and meanings of those incidents, forget those that are ``gone``, replace all campaigns."""
        with self._transaction() as db:
            db.executemany("DELETE FROM incident_vectors WHERE incident_id = ?", [(name,) for name in gone])
            db.executemany("INSERT OR REPLACE INTO incident_vectors VALUES (?, ?, ?, ?, ?, ?)", meanings)
            db.executemany(
                "INSERT OR REPLACE INTO incident_traits VALUES (?, ?, ?)",
                [(one.incident_id, micros(one.last), one.model_dump_json()) for one in traits],
            )
            db.executemany("DELETE FROM incident_traits WHERE incident_id = ?", [(name,) for name in gone])
            db.execute("DELETE FROM campaigns")
            db.executemany(
                "INSERT INTO campaigns VALUES (?, ?, ?)",
                [(one.campaign_id, micros(one.last_seen), one.model_dump_json()) for one in campaigns],
            )
