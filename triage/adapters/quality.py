"""Blind samples and their answers in the state database; an answer is on disk before anybody is told."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from triage.adapters import audit
from triage.adapters.records import unpacked
from triage.errors import UsageError
from triage.judgement.confidence import Labelled, labelled_closures
from triage.judgement.quality import Quality, Sample, draw, quality
from triage.judgement.teaching import Verdict
from triage.ports import Publication
from triage.times import moment

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]

_ANSWERED = """
SELECT s.sample, s.activity, a.answer, a.author FROM quality_samples s LEFT JOIN quality_answers a ON a.seq = (
    SELECT max(seq) FROM quality_answers WHERE sample = s.sample
)
"""
_URGENCIES = """
SELECT i.incident_id, i.urgency, max(r.published) FROM incidents i JOIN runs r ON r.seq = i.run
WHERE i.disposition != 'benign' AND i.incident_id IN (SELECT value FROM json_each(?)) GROUP BY i.incident_id
"""


class QualityLog:
    """Reads the samples that runs drew and keeps the answers to them."""

    def __init__(self, transaction: Opened, reading: Opened, now: Callable[[], datetime]) -> None:
        """``transaction`` commits to disk at its end; ``reading`` holds the connection; ``now`` stamps answers."""
        self._transaction = transaction
        self._reading = reading
        self._now = now

    def samples(self) -> Sequence[Sample]:
        """Return all samples, oldest first."""
        with self._reading() as db:
            rows = db.execute(
                f"SELECT q.sample, r.run_id, c.body, q.answer, q.author FROM ({_ANSWERED}) q"  # noqa: S608 - ours
                " JOIN quality_samples s USING (sample) JOIN runs r ON r.seq = s.run"
                " JOIN activities c ON c.activity = q.activity ORDER BY q.sample"
            ).fetchall()
        return [_sample(*row) for row in rows]

    def answers(self) -> Mapping[str, Verdict]:
        """Return the answer that counts by activity."""
        with self._reading() as db:
            rows = db.execute(f"{_ANSWERED} WHERE a.answer IS NOT NULL").fetchall()
        return {activity: answer for _, activity, answer, _ in rows}

    def closures(self, reasons: Mapping[str, str]) -> list[Labelled]:
        """Return the closures (incident id -> reason) of shown incidents that say what an incident was."""
        with self._reading() as db:
            rows = db.execute(_URGENCIES, (orjson.dumps(list(reasons)).decode(),)).fetchall()
        return labelled_closures({name: urgency for name, urgency, _ in rows}, reasons)

    def quality(self) -> Quality:
        """Return what the answers say about misses."""
        with self._reading() as db:
            drawn = db.execute("SELECT count(*) FROM quality_samples").fetchone()[0]
            whole = db.execute(
                "SELECT coalesce(sum(n), 0) FROM (SELECT max(drawn_from) AS n FROM quality_samples GROUP BY run)"
            ).fetchone()[0]
        return quality(drawn, whole, tuple(self.answers().values()))

    def answer(self, sample: int, answer: Verdict, author: str) -> Sample:
        """Keep an answer; a later one replaces it. Raises UsageError for an unknown sample, StateError."""
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM quality_samples WHERE sample = ?", (sample,)).fetchone() is None:
                raise UsageError(f"there is no sample {sample}; 'triage quality' shows them")
            now = self._now()
            values = (now.isoformat(), author, sample, answer)
            db.execute("INSERT INTO quality_answers (at, author, sample, answer) VALUES (?, ?, ?, ?)", values)
            audit.append(db, now, author, "quality.answer", {"sample": sample, "answer": answer})
        return next(one for one in self.samples() if one.sample == sample)


def add(db: sqlite3.Connection, run: int, publication: Publication) -> None:
    """Draw from the new activities that a run judged benign, inside the caller's transaction; none is drawn twice."""
    placed = publication.placements.join(publication.activities.select("activity"), on="activity", how="semi")
    benign = placed.filter(pl.col("outcome") == "benign")["activity"].to_list()
    drawn = [(run, activity, len(benign)) for activity in draw(publication.run_id, benign, publication.blind_sample)]
    db.executemany("INSERT OR IGNORE INTO quality_samples (run, activity, drawn_from) VALUES (?, ?, ?)", drawn)


def _sample(sample: int, run_id: str, body: bytes, answer: Verdict | None, author: str | None) -> Sample:
    row: dict[str, Any] = orjson.loads(unpacked(body))
    return Sample(
        sample=sample,
        run_id=run_id,
        activity=row["activity"],
        detector=row["detector"],
        rule=row["rule"],
        message=row["message"],
        principal=row["principal"],
        first=moment(row["first"]),
        last=moment(row["last"]),
        count=row["count"],
        severity=row["severity"],
        entities=tuple(f"{entity['kind']}:{entity['value']}" for entity in row["entities"]),
        answer=answer,
        author=author or "",
    )
