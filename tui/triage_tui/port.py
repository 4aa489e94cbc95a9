"""What the terminal UI asks of a session: ``triage.session.Session`` fits, and so does a fake of thirty lines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from triage.desk.cards import Card, Detail
from triage.desk.decisions import Change, Decision, Status, Step
from triage.desk.filters import Filter
from triage.desk.pivots import Question, Slice
from triage.models import DeadLetter, Incident

if TYPE_CHECKING:
    from datetime import timedelta

    from triage.desk.suppression import Draft
    from triage.intelligence.adversary import Campaign
    from triage.judgement.confidence import Calibration
    from triage.judgement.quality import Quality, Sample
    from triage.judgement.teaching import Verdict
    from triage.models import Narrative
    from triage.regrouping import Regrouping
    from triage.responding.responses import Responses


class CardsPort(Protocol):
    """Incidents of the last run that published."""

    def cards(self) -> Sequence[Card]:
        """Return a card per incident, by rank; no body is read."""
        ...

    def details(self, keys: Iterable[bytes]) -> Mapping[bytes, Detail]:
        """Return what many bodies add, by key."""
        ...

    def incidents(self, cards: Sequence[Card]) -> Sequence[Incident]:
        """Return the incidents behind cards, in their order."""
        ...


class ArchivePort(Protocol):
    """Alerts of stored runs."""

    def incident(self, incident_id: str) -> Slice:
        """Return all alerts of an incident."""
        ...

    def table(self, incident_id: str) -> pl.DataFrame:
        """Return time (µs), index, id, activity of all alerts of an incident, oldest first."""
        ...

    def night(self) -> Slice:
        """Return all alerts of the last run that judged any."""
        ...

    def ask(self, question: Question) -> Slice:
        """Return the alerts of all runs that a question is about."""
        ...

    def naming(self, values: Iterable[str]) -> Slice:
        """Return the alerts of all runs that name one of some entities, by value."""
        ...

    def placed(self, activities: Iterable[str]) -> Mapping[str, str]:
        """Return where activities are: activity -> incident id."""
        ...


class QualityPort(Protocol):
    """Blind samples of what was judged benign, and the answers to them."""

    def samples(self) -> "Sequence[Sample]":
        """Return all samples, oldest first."""
        ...

    def answer(self, sample: int, answer: "Verdict", author: str) -> "Sample":
        """Keep an answer; on disk when this returns."""
        ...

    def quality(self) -> "Quality":
        """Return what the answers say about misses."""
        ...


class SessionPort(Protocol):
    """Results of the last run that published, and decisions about them. Methods raise TriageError."""

    @property
    def cards(self) -> CardsPort:
        """Return the incidents."""
        ...

    @property
    def archive(self) -> ArchivePort:
        """Return the alerts."""
        ...

    @property
    def quality(self) -> QualityPort:
        """Return the blind samples."""
        ...

    @property
    def can_ask(self) -> bool:
        """Tell whether a language model is configured."""
        ...

    def ask(self, incident_id: str, question: str) -> "Narrative":
        """Return what the configured language model answers about an incident, checked. Raises TriageError."""
        ...

    def regrouping(self) -> "Regrouping":
        """Return what splits, merges and moves incidents."""
        ...

    def responses(self, *, readonly: bool = False) -> "Responses":
        """Return what proposes, approves and carries out steps. Raises ConfigError."""
        ...

    def suppression_draft(self, incident_id: str, lasts: "timedelta | None" = None) -> "Draft":
        """Draft a rule exception for a harmless incident. Raises UsageError."""
        ...

    def campaigns(self) -> "Sequence[Campaign]":
        """Return the campaigns, the one active last first."""
        ...

    def calibration(self) -> "Calibration":
        """Return how likely an incident of some urgency is a real attack."""
        ...

    def summary(self) -> Mapping[str, Any]:
        """Return the summary of the run; empty when none published yet."""
        ...

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return the documents that could not be parsed."""
        ...

    def statuses(self) -> Mapping[str, Status]:
        """Return the status of every incident that has a decision."""
        ...

    def changes(self) -> Mapping[str, Change]:
        """Return what the last run did to each incident."""
        ...

    def filter(self, text: str) -> Filter:
        """Read a filter. Raises FilterError."""
        ...

    def decide(self, decision: Decision) -> Step:
        """Make a decision; on disk when this returns."""
        ...

    def undo(self) -> Step | None:
        """Take back the last decision that stands."""
        ...

    def redo(self) -> Step | None:
        """Make the decision again that was undone last."""
        ...

    def log(self, limit: int = 200) -> Sequence[Step]:
        """Return the newest decisions, oldest first."""
        ...

    def activities(self, incident_id: str) -> pl.DataFrame:
        """Return the activities (columns.ACTIVITIES) of an incident, oldest first."""
        ...

    def document(self, index: str, id: str) -> bytes | None:  # noqa: A002 - Elasticsearch's name for it
        """Return the raw line behind an alert, not cleaned; None when there is none."""
        ...
