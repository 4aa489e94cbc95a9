"""Incidents as a list shows them: a card knows its columns at once and reads the rest when somebody looks.

Ten thousand incidents are opened in the time that validating a few hundred would take, and a list that is never
scrolled never reads what lies below. A card has the names of ``models.Incident`` for what it has, so that filters and
columns take either.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from sys import intern
from typing import Any, NamedTuple

from triage.times import moment

BETWEEN = "\x1f"
"""Divides names within a text; nothing that a cleaned value holds."""


class Name(NamedTuple):
    """An entity by kind and value."""

    kind: str
    value: str


class Fired(NamedTuple):
    """A rule on the timeline and its alerts there."""

    rule: str
    alert_count: int


class Columns(NamedTuple):
    """What the list of incidents itself holds about one."""

    incident_id: str
    rank: int
    urgency: float
    disposition: str
    title: str
    first: int
    """Microseconds since the epoch, as ``last``."""
    last: int
    alert_count: int
    key: bytes
    """Hash of the body: equal keys are equal incidents."""


class Detail(NamedTuple):
    """What the body of an incident adds, kept small: names as one text, rules with their sums."""

    summary: str
    verdict_reason: str
    activity_count: int
    names: str
    """``kind:value`` of every entity, divided by BETWEEN, in the incident's order."""
    fired: tuple[Fired, ...]
    """By first appearance on the timeline."""
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]
    detectors: tuple[str, ...]
    cause: str = ""
    """Name of what it most likely is; '' for everyday groups."""


def detail(body: Mapping[str, Any]) -> Detail:
    """Return what a list needs of an incident's JSON values."""
    fired: dict[str, int] = {}
    for entry in body["timeline"]:
        fired[intern(entry["rule"])] = fired.get(entry["rule"], 0) + int(entry["alert_count"])
    return Detail(
        body["summary"],
        body["verdict_reason"],
        int(body["activity_count"]),
        BETWEEN.join(f"{entity['kind']}:{entity['value']}" for entity in body["entities"]),
        tuple(Fired(rule, alerts) for rule, alerts in fired.items()),
        tuple(map(intern, body["techniques"])),
        tuple(map(intern, body["tactics"])),
        tuple(map(intern, body["detectors"])),
        intern((body.get("cause") or {}).get("name", "")),
    )


class Card:
    """One incident of a list. Reading an attribute of ``Detail`` reads the body when it was not read before."""

    __slots__ = ("_detail", "_read", "columns")

    def __init__(self, columns: Columns, read: Callable[[bytes], Detail]) -> None:
        """``read`` returns the detail of a key; may raise StateError."""
        self.columns = columns
        self._read = read
        self._detail: Detail | None = None

    def __repr__(self) -> str:
        return f"Card({self.incident_id!r})"

    @property
    def loaded(self) -> bool:
        """True when looking costs nothing any more."""
        return self._detail is not None

    def take(self, found: Detail) -> None:
        """Keep a detail that was read for many at once."""
        self._detail = found

    @property
    def detail(self) -> Detail:
        """Return what the body adds."""
        if self._detail is None:
            self._detail = self._read(self.columns.key)
        return self._detail

    @property
    def incident_id(self) -> str:
        """Return the id."""
        return self.columns.incident_id

    @property
    def rank(self) -> int:
        """Return the rank, 1 first."""
        return self.columns.rank

    @property
    def urgency(self) -> float:
        """Return the urgency, 0-100."""
        return self.columns.urgency

    @property
    def disposition(self) -> str:
        """Return attack, suspicious or benign."""
        return self.columns.disposition

    @property
    def title(self) -> str:
        """Return the title."""
        return self.columns.title

    @property
    def first_seen(self) -> datetime:
        """Return the time of the first alert."""
        return moment(self.columns.first)

    @property
    def last_seen(self) -> datetime:
        """Return the time of the last alert."""
        return moment(self.columns.last)

    @property
    def alert_count(self) -> int:
        """Return the number of alerts."""
        return self.columns.alert_count

    @property
    def summary(self) -> str:
        """Return the narrative with its citations."""
        return self.detail.summary

    @property
    def verdict_reason(self) -> str:
        """Return which rule decided the disposition."""
        return self.detail.verdict_reason

    @property
    def activity_count(self) -> int:
        """Return the number of activities."""
        return self.detail.activity_count

    @property
    def entities(self) -> tuple[Name, ...]:
        """Return the entities in the incident's order."""
        names = self.detail.names
        parts = (text.partition(":") for text in names.split(BETWEEN)) if names else ()
        return tuple(Name(kind, value) for kind, _, value in parts)

    @property
    def timeline(self) -> tuple[Fired, ...]:
        """Return the rules of the timeline with their alerts."""
        return self.detail.fired

    @property
    def techniques(self) -> tuple[str, ...]:
        """Return the ATT&CK techniques."""
        return self.detail.techniques

    @property
    def tactics(self) -> tuple[str, ...]:
        """Return the tactics in kill-chain order."""
        return self.detail.tactics

    @property
    def detectors(self) -> tuple[str, ...]:
        """Return the products that wrote the alerts."""
        return self.detail.detectors
