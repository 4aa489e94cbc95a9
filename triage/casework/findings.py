"""A fact before it has a number, and what the readers of tool answers need to know besides the answer."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import JsonValue

from triage.investigation import CandidateBrief
from triage.models import AlertRef
from triage.wording import plain

_GAP = timedelta(minutes=1)

Supports = Literal["attack", "benign", "context"]
Topic = Literal[
    "scope",
    "rule",
    "planted",
    "join",
    "asset",
    "sightings",
    "prevalence",
    "history",
    "around",
    "attack",
    "intelligence",
    "calendar",
    "similar",
    "logon",
    "beat",
    "process",
    "guide",
    "rhythm",
    "events",
    "peers",
]


class Finding(NamedTuple):
    """A fact before it has a number."""

    topic: Topic
    statement: str
    tool: str
    supports: Supports = "context"
    alerts: tuple[AlertRef, ...] = ()
    alert_count: int = 0


class Setting(NamedTuple):
    """What the readers of tool answers need to know besides the answer."""

    brief: CandidateBrief
    known_since: datetime | None
    """First alert known about any main entity; None where it was not asked or there is none."""

    @property
    def has_past(self) -> bool:
        """Tell whether there is any history that the candidate can be compared with."""
        return self.known_since is not None and self.known_since < self.brief.first - _GAP


Answer = Mapping[str, JsonValue]
Reader = Callable[[Answer, Answer, Setting], Finding | None]
"""(arguments, answer, setting) -> the fact; None where the answer says nothing."""


def count_of(result: Answer, key: str) -> int:
    """Return a number of an answer, 0 where there is none."""
    value = result.get(key)
    return value if isinstance(value, int) else 0


def rows_of(result: Answer, key: str) -> list[Answer]:
    """Return the objects of a list in an answer."""
    value = result.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def entity_text(args: Answer) -> str:
    """Return the entity of a tool call as kind:value."""
    return plain(f"{args['kind']}:{args['value']}")
