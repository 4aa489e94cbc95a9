"""Revisions: a night's incidents as an analyst regrouped them, stored as a run of their own that judged no alert anew.

The night keeps its record. Its ledger, with the outcomes as they are now, is the revision's; the alerts stay the
night's, so that each is counted once however often a night is revised.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import polars as pl

from triage.adapters import lineage, records
from triage.adapters.archive import LEDGER_KEY
from triage.adapters.segments import FolderWorkingSet
from triage.models import DeadLetter
from triage.ports import Publication
from triage.record.ledger import LEDGER
from triage.record.lineage import Heir

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]

DEAD_LETTERS_KEY = "published/dead_letters"
_LETTERS = dict.fromkeys(DeadLetter.model_fields, pl.String)


class Stand(NamedTuple):
    """What is shown now, and the night that it is about."""

    run_id: str
    night: str
    """The same run where nobody revised it."""


class Revisions:
    """Finds what can be revised, and writes revisions. Methods raise StateError."""

    def __init__(self, reading: Opened, working_set: Callable[[str], FolderWorkingSet]) -> None:
        """``reading`` holds the connection while a block runs; ``working_set`` finds the segments of a run."""
        self._reading = reading
        self._working_set = working_set

    def stand(self) -> Stand | None:
        """Return what was published last; None when nothing was."""
        sql = "SELECT run_id, coalesce(revises, run_id) FROM runs WHERE published IS NOT NULL ORDER BY published DESC"
        with self._reading() as db:
            row = db.execute(f"{sql} LIMIT 1").fetchone()
        return Stand(*row) if row else None

    def nights(self) -> dict[str, str]:
        """Return every published run, oldest first, and the night that it is about."""
        sql = "SELECT run_id, coalesce(revises, run_id) FROM runs WHERE published IS NOT NULL ORDER BY published"
        with self._reading() as db:
            return dict(db.execute(sql).fetchall())

    def descent(self, run_id: str) -> list[Heir]:
        """Return how the incidents of a run came out of those before it."""
        with self._reading() as db:
            return list(lineage.of_run(db, run_id))

    def prepare(self, publication: Publication) -> pl.DataFrame:
        """Put the segments of a publication on disk and return its ledger; nothing counts before it is written."""
        ledger = publication.alerts.select(LEDGER.names()).cast(LEDGER)
        ledger = ledger.sort("time", "index", "id", nulls_last=True)
        working = self._working_set(publication.run_id)
        letters = pl.DataFrame([letter.model_dump() for letter in publication.dead_letters], _LETTERS)
        working.put(LEDGER_KEY, ledger)
        working.put(DEAD_LETTERS_KEY, letters)
        return ledger

    def write(self, db: sqlite3.Connection, publication: Publication, ledger: pl.DataFrame, night: str) -> None:
        """Write a revision of a night inside the caller's transaction."""
        descent = lineage.of_publication(db, publication)
        run = records.write(db, publication, ledger)
        # Without alerts of its own: who looks for alerts finds them at the night.
        db.execute(
            "UPDATE runs SET revises = ?, status = ?, alerts = 0, timeless = 0, first_time = NULL, last_time = NULL"
            " WHERE seq = ?",
            (night, "done" if publication.complete else "incomplete", run),
        )
        lineage.add(db, run, descent)
