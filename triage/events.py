"""What a run tells while it goes on, and what ``triage doctor`` found: plain values that any front end can show.

Events are not persisted and carry no alert text; every count is a number of alerts unless its name says otherwise.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from triage.models import Incompleteness, RunCounts


class StageStarted(NamedTuple):
    """A stage of the graph begins."""

    stage: str
    """pull, normalise, condense, embed, baseline, correlate, investigate, rank or publish."""


class Progress(NamedTuple):
    """How far a stage has come."""

    stage: str
    done: int
    total: int | None
    """None while unknown."""


class StageEnded(NamedTuple):
    """A stage is over."""

    stage: str
    seconds: float
    counts: Mapping[str, int]
    """What it made, e.g. {"alerts": 1200, "dead letters": 3}."""


class Notice(NamedTuple):
    """Something the user should know now."""

    level: Literal["info", "warning", "error"]
    text: str


class RunEnded(NamedTuple):
    """The last event of every run that did not fail."""

    run_id: str
    status: Literal["done", "incomplete"]
    counts: RunCounts
    incompletenesses: tuple[Incompleteness, ...]
    output: str
    """Folder of the written files; '' where none was asked for."""


Event = StageStarted | Progress | StageEnded | Notice | RunEnded


class Check(NamedTuple):
    """One finding of ``triage doctor``."""

    name: str
    ok: bool
    detail: str
    advice: str
    """What to do about it; '' when ok."""
