"""What the terminal UI asks of a session: ``triage.session.Session`` fits, and so does a fake of thirty lines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from triage.desk.cards import Card, Detail
from triage.desk.decisions import Change, Decision, Status, Step
from triage.desk.filters import Filter
from triage.desk.pivots import Question, Slice
from triage.models import DeadLetter, Incident


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
