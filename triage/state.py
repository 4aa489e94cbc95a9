"""The state of a run's graph, and the handles its nodes work with.

State is small and serialisable: ids, counts, and what each investigation found. The alerts themselves lie in
the run's working set under the names in ``Frames`` and never enter a checkpoint.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple, Protocol

import polars as pl
from typing_extensions import TypedDict

from triage import watermarks
from triage.config import Settings
from triage.events import Event
from triage.intelligence.adversary import Campaign, Meaning, Traits
from triage.investigation import Advisor, CandidateBrief, Investigation, InvestigationContext
from triage.judgement.baseline import Weights
from triage.judgement.calendar import NOTHING_PLANNED, Calendar
from triage.judgement.constraints import InForce
from triage.judgement.links import Rules
from triage.judgement.urgency import Scale
from triage.models import AlertRef, Incident, Incompleteness, Model, RunCounts
from triage.ports import AlertSource, AssetInventory, Clock, Embedder, RunRecord, StateStore, Window, WorkingSet
from triage.watermarks import Marks


class Frames:
    """Names of a run's frames in its working set."""

    ALERTS = "alerts"
    """columns.ALERTS plus activity (after condense): the alerts this run judges."""
    FACTS = "facts"
    DEAD_LETTERS = "dead_letters"
    DOUBTS = "doubts"
    ACTIVITIES = "activities"
    """columns.ACTIVITIES, new and grown."""
    SIGHTINGS = "sightings"
    """baseline.OBSERVED of this run."""
    COMPARED = "compared"
    """Activities of the horizon (columns.ACTIVITIES) with baseline.BASELINE."""
    RHYTHM = "rhythm"
    """rhythm.RHYTHM of the activities of the horizon."""
    PEERS = "peers"
    """peers.PEERS of the activities of the horizon."""
    PEER_GROUPS = "peer_groups"
    """peers.GROUPS."""
    KIN = "kin"
    """Signatures with alike meaning: signature, other, similarity."""
    VECTORS = "vectors"
    """signature, vector (list of float32), model."""
    MEANINGS = "incident_meanings"
    """intelligence.adversary.Meaning of the shown incidents."""
    MEMBERSHIP = "membership"
    """candidate, activity, core."""
    JOINS = "joins"
    RATINGS = "ratings"
    """candidates.RATINGS."""
    INTELLIGENCE = "intelligence"
    """source, segment, profiles: what this run uses of each source, so that a resumed run uses the same."""
    KNOWN_BAD = "known_bad"
    """activity, telling and intelligence.matching.MATCHES: what of each activity is known to be bad."""
    CAMPAIGNS = "campaigns"
    """body: the campaigns as JSON."""
    TRAITS = "incident_traits"
    """incident_id, body: what may come up again, as JSON; '' for incidents that are none any more."""
    PLACED = "placed"
    """activity, incident_id."""


class Pulled(Model):
    """What ``pull`` read."""

    documents: int = 0
    parts: int = 0
    ends: tuple[int, ...] = ()
    """The part after the last one of each source, in their order."""
    incomplete: tuple[Incompleteness, ...] = ()


def merge_investigations(
    left: tuple[Investigation, ...], right: tuple[Investigation, ...] | None
) -> tuple[Investigation, ...]:
    """Reducer of the parallel branches: by candidate id, in order of id, so the order of arrival is forgotten.

    None forgets them all: once they are incidents, no later checkpoint needs to hold them.
    """
    if right is None:
        return ()
    found = {one.candidate_id: one for one in (*left, *right)}
    return tuple(found[key] for key in sorted(found))


class RunState(TypedDict):
    """State of one run."""

    run_id: str
    pulled: Pulled
    counts: RunCounts
    candidates: tuple[str, ...]
    investigations: Annotated[tuple[Investigation, ...], merge_investigations]
    incidents: tuple[Incident, ...]


class RunUpdate(TypedDict, total=False):
    """What a node may return; every key is a key of RunState."""

    pulled: Pulled
    counts: RunCounts
    candidates: tuple[str, ...]
    investigations: tuple[Investigation, ...] | None
    incidents: tuple[Incident, ...]


class InvestigationTask(TypedDict):
    """Input of one ``Send`` branch."""

    candidate: str
    place: int
    """Among the candidates of the run, 0 = the most urgent: what they share is set aside in this order."""


class Dossier(Protocol):
    """What the investigations of a run share; made once, at the first question."""

    def brief(self, candidate: str) -> CandidateBrief:
        """Return the brief of a rated candidate."""
        ...

    def context(self) -> InvestigationContext:
        """Return the handles of an investigation."""
        ...

    def samples(self) -> Mapping[str, tuple[AlertRef, ...]]:
        """Return sample alerts of this run by activity."""
        ...


class Neighbours(Protocol):
    """Finds vectors of alike meaning."""

    def __call__(
        self, names: Sequence[str], vectors: Mapping[str, Sequence[float]], least: float
    ) -> Sequence[tuple[str, str, float]]:
        """Return (name, other, cosine) for all pairs of names with cosine of at least ``least``."""
        ...


class Publisher(Protocol):
    """Writes incidents to an index of our own; None in the context where there is none."""

    def __call__(self, incidents: Sequence[Incident], vectors: Mapping[str, Sequence[float]], run: RunRecord) -> int:
        """Return how many were written. Raises SourceError or SourceUnavailable."""
        ...


class Intelligence(Protocol):
    """What others know to be bad, as a run reads it; None in the context where no source is configured."""

    def pin(self, tell: Callable[[Event], None]) -> pl.DataFrame:
        """Bring local sources up to date and return what this run is to use: source, segment, profiles (JSON)."""
        ...

    def match(self, pinned: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
        """Return intelligence.matching.MATCHES of the entities (kind, value)."""
        ...


class CampaignMemory(Protocol):
    """What of incidents may come up again, over all nights."""

    def traits(self, since: int = 0) -> Sequence[Traits]:
        """Return the traits of incidents whose last alert is at or after ``since`` (microseconds), by id."""
        ...

    def campaigns(self) -> Sequence[Campaign]:
        """Return the campaigns as they were linked last."""
        ...

    def save(
        self,
        traits: Sequence[Traits],
        gone: Sequence[str],
        campaigns: Sequence[Campaign],
        meanings: Sequence[Meaning] = (),
    ) -> None:
        """Replace traits and meanings of those incidents, forget those that are ``gone``, replace all campaigns."""
        ...


class Heuristics(NamedTuple):
    """The constants of judgement; an eval swaps them to find out what each part of it adds."""

    weights: Weights = Weights()
    rules: Rules = Rules()
    scale: Scale = Scale()


HEURISTICS = Heuristics()


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Handles of one run; a test swaps any of them."""

    settings: Settings
    run: RunRecord
    window: Window
    sources: Sequence[AlertSource]
    store: StateStore
    work: WorkingSet
    embedder: Embedder
    assets: AssetInventory
    dossier: Dossier
    neighbours: Neighbours
    clock: Clock
    tell: Callable[[Event], None]
    """Receives events from any thread; must not block."""
    publisher: Publisher | None = None
    intelligence: Intelligence | None = None
    campaigns: CampaignMemory | None = None
    """Where incidents of other nights are remembered; None = nothing is linked."""
    advisor: Advisor | None = None
    """The language model behind its checks; None = no model."""
    constraints: Sequence[InForce] = ()
    """What analysts said about what belongs together, in the order of its saying."""
    calendar: Calendar = NOTHING_PLANNED
    """What is planned, as far as it may settle a verdict."""
    heuristics: Heuristics = HEURISTICS
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds per stage of this process; never part of a deterministic result."""

    def window_of(self, source: AlertSource) -> Window:
        """Return what to read of a source: the window asked for, else from its watermarks less the overlap."""
        return watermarks.window(self.window, self.marks(source), self.settings.pull.overlap)

    def marks(self, source: AlertSource) -> Marks:
        """Return how far earlier runs read a source."""
        return Marks(*map(self.store.watermark, watermarks.names(source.key)))
