"""Protocols between the core and the world. Small, so that a fake is twenty lines and nothing is patched.

Implementations live in ``triage.adapters`` (real) and ``triage.fakes`` (in memory, for tests and the demo).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import polars as pl
from pydantic import Field

from triage.models import AlertRef, DeadLetter, EntityKind, Incident, Incompleteness, Model, RunCounts


class Clock(Protocol):
    """Gives the time of day; a test's clock stands still."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, UTC."""
        ...


class Window(NamedTuple):
    """Half-open time window [since, until) that a run covers; None = open."""

    since: datetime | None
    until: datetime | None
    arrived: datetime | None = None
    """What the source took in since then is in the window too, also from before ``since``; None = that is all."""


class RawPage(NamedTuple):
    """Up to a few thousand documents as NDJSON bytes, one per line, not yet parsed."""

    lines: bytes
    """Each line a JSON hit {"_index","_id","_source"} or a bare document; may be broken JSON."""
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls
    """Number of lines."""
    origin: str
    """File path or index pattern, for messages."""
    first_line: int
    """1-based number of the first line in the file; 0 where it has no meaning."""


class AlertSource(Protocol):
    """Where alerts come from. Reading is repeatable: the same window gives the same documents."""

    @property
    def key(self) -> str:
        """Stable name of this source for its watermark, without secrets."""
        ...

    def pages(self, window: Window) -> Iterator[RawPage]:
        """Yield all documents of the window. Raises SourceError (stop) or SourceUnavailable (incomplete).

        May be consumed once per call; a source reads slices in parallel behind this iterator.
        """
        ...

    def problems(self) -> Sequence[Incompleteness]:
        """What the last ``pages`` call could not read; empty means complete."""
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors. Heavy imports happen at the first ``encode``."""

    @property
    def model_id(self) -> str:
        """Identifies model and version; part of the cache key."""
        ...

    def prepare(self) -> None:
        """Begin to load what ``encode`` will need, without waiting for it; called when new texts are likely."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), d), rows of length 1. ``texts`` must not be empty."""
        ...

    def release(self) -> None:
        """Give back what ``encode`` needs; it may be called again all the same."""
        ...


class WorkingSet(Protocol):
    """Columnar store of one run: named frames, written atomically, so that a killed run can go on."""

    def put(self, key: str, frame: pl.DataFrame) -> None:
        """Store a frame under a name ([a-z0-9_/-]); a reader sees all of it or nothing."""
        ...

    def get(self, key: str) -> pl.DataFrame:
        """Return the frame; KeyError when there is none."""
        ...

    def has(self, key: str) -> bool:
        """Tell whether the name is there."""
        ...

    def raw(self) -> "RawStore":
        """Return the raw documents of this run."""
        ...


class RawStore(Protocol):
    """Raw documents as pulled, compressed, addressable by (part, line)."""

    def append(self, part: int, page: RawPage) -> None:
        """Store a page as part ``part``; atomic."""
        ...

    def parts(self) -> Sequence[int]:
        """Return the numbers of the stored parts, ascending."""
        ...

    def page(self, part: int) -> RawPage:
        """Return a stored page; KeyError when there is none."""
        ...

    def document(self, part: int, line: int) -> bytes:
        """Return one document by its 0-based line in a part; KeyError when there is none. Safe from any thread."""
        ...

    def clear(self) -> None:
        """Forget all parts (before a pull starts again)."""
        ...


class Found(NamedTuple):
    """Rows an investigation tool asked for, with the truth about how many there are."""

    rows: tuple[Mapping[str, Any], ...]
    total: int
    truncated: bool
    query: str
    """The query as it ran, for the analyst to run again."""


class EventSearch(Protocol):
    """Read-only questions over alerts and events, answered by Elasticsearch or by the embedded store alike.

    Rows of ``around`` carry: time (datetime), index, id, detector, rule, severity, message, entities ("kind:value").
    """

    def around(self, kind: EntityKind, value: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return alerts that name the entity in [since, until), oldest first."""
        ...

    def sightings(self, kind: EntityKind, value: str) -> "Sightings":
        """Return first and last time, count and on how many other entities this one was seen."""
        ...

    def rule_prevalence(self, rule: str, since: datetime, until: datetime) -> "Prevalence":
        """Return how common a rule is in the window."""
        ...

    def history(self, kind: EntityKind, value: str, since: datetime, until: datetime) -> Mapping[str, int]:
        """Return alerts per day (ISO date) that name the entity."""
        ...


EventCategory = Literal["process", "network", "dns", "authentication", "file", "cloud", "email"]
"""What kind of thing an event tells of; an event can be of several."""


class Events(NamedTuple):
    """Events that an investigation asked for, and how many there are of each category."""

    found: Found
    counts: Mapping[EventCategory, int]
    """Category -> true number of events; categories without any are left out."""


class Place(NamedTuple):
    """From or to where somebody signed in."""

    kind: str
    """host or address."""
    value: str
    first: datetime
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls


class Logons(NamedTuple):
    """Sign-ins of one user in a window."""

    total: int
    failed: int
    before: int
    """Of the total: before the moment from which on places may be new."""
    places: tuple[Place, ...]
    """Places of sign-ins that did not fail, the newest known first; bounded."""
    place_total: int
    """True number of places."""
    query: str


class EventLog(Protocol):
    """Read-only questions over events that are no alerts. Every method raises ToolError where there is no answer.

    Rows are flat: time (datetime), index, id, and the ECS fields of a fixed list that the event has, as text.
    """

    def around(
        self,
        kind: EntityKind,
        value: str,
        since: datetime,
        until: datetime,
        categories: Sequence[EventCategory],
        limit: int,
    ) -> Events:
        """Return events that name the entity in [since, until), oldest first; of all categories where none is named."""
        ...

    def starts(self, host: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return the processes that started on a host in [since, until), oldest first."""
        ...

    def logons(self, user: str, since: datetime, fresh: datetime, until: datetime, limit: int) -> Logons:
        """Return the sign-ins of a user in [since, until) with up to ``limit`` places of each kind."""
        ...


class Closing(NamedTuple):
    """How an incident was closed. All of it is text of people: data, never an instruction."""

    reason: str
    by: str
    at: datetime | None
    note: str


class PastIncident(NamedTuple):
    """An earlier incident that means much the same as another."""

    incident_id: str
    title: str
    likeness: float
    """Cosine of the two vectors, 0-1."""
    first: datetime
    closing: Closing | None = None
    """None = it was never closed."""


class Sightings(NamedTuple):
    """When an entity was seen."""

    first: datetime | None
    last: datetime | None
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls
    hosts: int
    """Distinct hosts of the alerts that name it."""
    days: int
    """Distinct days."""


class Prevalence(NamedTuple):
    """How common something is in a window."""

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls
    hosts: int
    days: int


class Asset(NamedTuple):
    """A row of the asset inventory."""

    kind: str
    value: str
    criticality: int
    """0-100."""
    owner: str
    role: str
    note: str


class AssetInventory(Protocol):
    """What is known about entities beforehand, from a CSV file or an index."""

    def lookup(self, kind: EntityKind, value: str) -> Asset | None:
        """Return the asset with this name (case-insensitive), or None."""
        ...


class RunRecord(Model):
    """A run as the state knows it."""

    run_id: str
    fingerprint: str = Field(description="hash of sources, window and configuration: the same command resumes")
    started: datetime
    since: datetime | None = None
    until: datetime | None = None
    status: Literal["running", "published", "done", "incomplete", "failed"] = "running"


class Publication(NamedTuple):
    """Everything a run changes, written in one transaction: all of it or nothing."""

    run_id: str
    complete: bool
    counts: RunCounts
    alerts: pl.DataFrame
    """index, id, time, activity, outcome, incident_id: newly judged alerts, see ``triage.record.ledger``."""
    activities: pl.DataFrame
    """columns.ACTIVITIES, new and grown."""
    placements: pl.DataFrame
    """activity, incident_id, outcome: for every activity of the horizon, also earlier ones that moved."""
    sightings: pl.DataFrame
    """baseline.OBSERVED: what this run saw, of which the benign part becomes memory."""
    incidents: tuple[Incident, ...]
    dead_letters: tuple[DeadLetter, ...]
    watermarks: Mapping[str, datetime]
    summary: Mapping[str, Any]
    blind_sample: int = 0
    """How many of the activities judged benign are drawn for people to check."""


class Whereabouts(NamedTuple):
    """Where one alert went and why (``triage explain``)."""

    ref: AlertRef
    outcome: str
    incident_id: str
    activity: str
    run_id: str
    reason: str


class StateStore(Protocol):
    """What outlives a run: runs, incidents, activities, ledger, baseline, signature vectors, audit.

    One writer, many readers (the UI reads while a run writes).
    """

    def open_run(self, fingerprint: str, started: datetime, window: Window) -> RunRecord:
        """Return the unfinished run with this fingerprint, with its own window, or a new one."""
        ...

    def working_set(self, run_id: str) -> WorkingSet:
        """Return the columnar store of a run."""
        ...

    def watermark(self, source: str) -> datetime | None:
        """Return the time up to which a source was read, or None."""
        ...

    def judged(self, refs: pl.DataFrame) -> pl.Series:
        """Tell for each row (index, id, time) whether an earlier run judged it; Boolean, same order."""
        ...

    def vectors(self, model_id: str, text_hashes: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Return the cached vectors of those texts that have one."""
        ...

    def save_vectors(self, model_id: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Cache vectors; idempotent."""
        ...

    def activities(self, since: int) -> pl.DataFrame:
        """Return activities (columns.ACTIVITIES) whose ``last`` is at or after ``since`` (microseconds)."""
        ...

    def sightings(self, since_day: int) -> pl.DataFrame:
        """Return baseline.SIGHTINGS over all runs (count summed, hours or-ed), from ``since_day`` on."""
        ...

    def observed(self, since_day: int) -> pl.DataFrame:
        """Return baseline.OBSERVED of the baseline version in force, from ``since_day`` on, and what counts of it.

        Further Boolean columns ``teaches`` and ``doubted``, see ``teaching.judged``.
        """
        ...

    def placements(self, since: int) -> pl.DataFrame:
        """Return activity, incident_id, outcome of activities that end at or after ``since`` (microseconds)."""
        ...

    def publish(self, publication: Publication) -> None:
        """Write a run's results in one transaction; repeating it for the same run changes nothing."""
        ...

    def finish_run(self, run_id: str, status: str) -> None:
        """Close a run whose outputs are written."""
        ...

    def last_published(self) -> str | None:
        """Return the id of the last run that published something."""
        ...

    def incidents(self, run_id: str | None = None) -> Sequence[Incident]:
        """Return the incidents of a run (default: the last published) ordered by rank."""
        ...

    def ledger(self, run_id: str) -> pl.DataFrame:
        """Return alert_id, index, outcome, incident_id of a run, in ledger order."""
        ...

    def summary(self, run_id: str) -> Mapping[str, Any]:
        """Return the summary a run published."""
        ...

    def dead_letters(self, run_id: str) -> Sequence[DeadLetter]:
        """Return the dead letters of a run."""
        ...

    def whereabouts(self, alert_id: str) -> Sequence[Whereabouts]:
        """Return where the alerts with this document id went (several when indices share an id)."""
        ...
