"""The local copy of all sources in the state: who said what since when, and the indicators as columns on disk.

Every version of a source is kept in the table; segments are named after their content, on disk before the row that
names them, and taken away once no run can need them.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field

from triage.adapters.segments import FolderWorkingSet
from triage.intelligence.adversary import Profile
from triage.intelligence.matching import SOURCED
from triage.intelligence.reading import Gathered
from triage.models import Model

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]
Origin = Literal["file", "taxii", "misp", "index"]
KEPT_VERSIONS = 3
"""Versions of a source whose indicators stay on disk."""


class Contents(Model):
    """What a version of a source holds besides its indicators."""

    indicators: int = Field(default=0, ge=0)
    networks: int = Field(default=0, ge=0)
    left_out: Mapping[str, int] = {}
    profiles: tuple[Profile, ...] = ()


class Version(Model):
    """A source as it was at one time."""

    version: int
    source: str
    origin: Origin
    at: datetime
    digest: str
    segment: str
    contents: Contents


class IntelligenceCopy:
    """Reads and writes the local copy; safe to share between threads."""

    def __init__(self, folder: Path, transaction: Opened, reading: Opened, now: Callable[[], datetime]) -> None:
        """``folder`` takes the segments; ``transaction`` commits to disk at its end; ``now`` stamps versions only."""
        self._segments = FolderWorkingSet(folder)
        self._transaction = transaction
        self._reading = reading
        self._now = now

    def current(self) -> Sequence[Version]:
        """Return the version in force of every source, by name."""
        sql = (
            "SELECT version, source, origin, at, digest, segment, body FROM intelligence WHERE version IN"
            " (SELECT max(version) FROM intelligence GROUP BY source) AND digest != '' ORDER BY source"
        )
        with self._reading() as db:
            return [_version(*row) for row in db.execute(sql).fetchall()]

    def save(self, source: str, origin: Origin, digest: str, gathered: Gathered) -> Version:
        """Keep what a source says now; the same again changes nothing."""
        frame = gathered.frame()
        networks = frame.filter(pl.col("kind") == "network").height
        left_out = dict(sorted(gathered.left_out.items()))
        contents = Contents(
            indicators=frame.height, networks=networks, left_out=left_out, profiles=tuple(gathered.profiles)
        )
        segment = sha256(f"{source}\x1f{digest}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._segments.put(segment, frame.with_columns(source=pl.lit(source)).select(SOURCED.names()))
        self._append(source, origin, digest, segment, contents)
        self._tidy(source)
        return next(one for one in self.current() if one.source == source)

    def drop(self, source: str, origin: Origin) -> None:
        """Take a source out that the settings do not name any more; its earlier versions stay in the table."""
        self._append(source, origin, "", "", Contents())

    def indicators(self, segments: Sequence[str]) -> pl.LazyFrame:
        """Return SOURCED of those segments, read as they are needed."""
        paths = [self._segments.path(segment) for segment in segments]
        present = [path for path in paths if path.exists()]
        return pl.scan_parquet(present, glob=False) if present else pl.LazyFrame(schema=SOURCED)

    def _append(self, source: str, origin: Origin, digest: str, segment: str, contents: Contents) -> None:
        with self._transaction() as db:
            last = db.execute(
                "SELECT digest FROM intelligence WHERE source = ? ORDER BY version DESC LIMIT 1", (source,)
            ).fetchone()
            if last is None or last[0] != digest:
                values = (source, origin, self._now().isoformat(), digest, segment, contents.model_dump_json())
                db.execute(
                    "INSERT INTO intelligence (source, origin, at, digest, segment, body) VALUES (?, ?, ?, ?, ?, ?)",
                    values,
                )

    def _tidy(self, source: str) -> None:
        """Remove segments of old versions; the table keeps what they were."""
        sql = "SELECT DISTINCT segment FROM intelligence WHERE source = ? AND segment != '' ORDER BY version DESC"
        with self._reading() as db:
            named = list(dict.fromkeys(row[0] for row in db.execute(sql, (source,)).fetchall()))
        for old in named[KEPT_VERSIONS:]:
            self._segments.path(old).unlink(missing_ok=True)


def _version(number: int, source: str, origin: Origin, at: str, digest: str, segment: str, body: str) -> Version:
    return Version(
        version=number,
        source=source,
        origin=origin,
        at=datetime.fromisoformat(at),
        digest=digest,
        segment=segment,
        contents=Contents.model_validate_json(body),
    )
