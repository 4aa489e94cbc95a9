"""What widgets tell their screen, and what lines of a sheet point at."""

from typing import NamedTuple

from textual.message import Message


class Cite(NamedTuple):
    """Points at evidence by its id."""

    evidence_id: str


class AlertTarget(NamedTuple):
    """Points at one alert."""

    index: str  # type: ignore[assignment]  # hides tuple.index
    id: str


class ActivityTarget(NamedTuple):
    """Points at the alerts of one activity."""

    activity: str
    title: str


class EvidenceTarget(NamedTuple):
    """Points at the alerts behind one piece of evidence."""

    evidence_id: str


class EntityTarget(NamedTuple):
    """Points at everything in the queue that names an entity."""

    kind: str
    value: str


class IncidentTarget(NamedTuple):
    """Points at another incident."""

    incident_id: str


class FieldTarget(NamedTuple):
    """Points at a field of alerts."""

    field: str


class ValueTarget(NamedTuple):
    """Points at the alerts with a value in a field."""

    field: str
    value: str


class FlipTarget(NamedTuple):
    """Points at what would flip the verdict: a sentence that ends in a query."""

    sentence: str


class JoinTarget(NamedTuple):
    """Points at the join of two activities."""

    left: str
    right: str


class StepTarget(NamedTuple):
    """Points at a step of the response plan."""

    number: int
    """From 1."""


class CampaignTarget(NamedTuple):
    """Points at a campaign."""

    campaign_id: str


class SampleTarget(NamedTuple):
    """Points at a blind sample."""

    sample: int


Target = (
    IncidentTarget
    | JoinTarget
    | StepTarget
    | CampaignTarget
    | SampleTarget
    | FieldTarget
    | ValueTarget
    | FlipTarget
    | Cite
    | AlertTarget
    | ActivityTarget
    | EvidenceTarget
    | EntityTarget
)


class Moved(Message):
    """The cursor of a list is on another line."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__()


class Opened(Message):
    """A line was opened; ``target`` is what it points at, if at anything."""

    def __init__(self, line: int, target: Target | None) -> None:
        self.line = line
        self.target = target
        super().__init__()
