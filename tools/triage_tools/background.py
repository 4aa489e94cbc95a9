"""What tools know besides the alerts: intelligence, planned changes, past incidents, documents. Nothing by default."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from triage.judgement.calendar import Calendar
from triage.ports import EventLog, PastIncident

Entities = Sequence[tuple[str, str]]
"""(kind, value) pairs."""


def _nothing(_: Entities, __: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return ()


def _no_document(_index: str, _id: str) -> Mapping[str, Any] | None:
    return None


def _no_past(_: Sequence[str], __: datetime) -> Sequence[PastIncident]:
    return ()


def _no_habits(_: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return ()


class Background(NamedTuple):
    """Handles of the tools that look beyond the alerts."""

    indicators: Callable[[Entities, Sequence[str]], Sequence[Mapping[str, Any]]] = _nothing
    """(entities, keys of activities) -> rows of intelligence.matching.MATCHES, from the local copy."""
    calendar: Calendar = Calendar(())
    past: Callable[[Sequence[str], datetime], Sequence[PastIncident]] = _no_past
    """(signatures, before when) -> incidents alike, the most alike first."""
    document: Callable[[str, str], Mapping[str, Any] | None] = _no_document
    """(index, id) -> the alert's document as it was pulled; None where it is not at hand."""
    rhythm: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]] = _no_habits
    """Keys of activities -> rows of judgement.rhythm.RHYTHM with rule and principal, the oddest first."""
    peers: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]] = _no_habits
    """Keys of activities -> rows of judgement.peers.PEERS with rule, principal and alike, the most unlike first."""
    zone: str = "UTC"
    """Whose wall clock the rhythm is told in."""
    events: EventLog | None = None
    """Events that are no alerts; None where the configuration names no index of them."""
