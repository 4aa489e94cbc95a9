"""What tools know besides the alerts: intelligence, planned changes, past incidents, documents. Nothing by default."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from triage.judgement.calendar import Calendar

Entities = Sequence[tuple[str, str]]
"""(kind, value) pairs."""
Past = tuple[str, str, float, datetime, str]
"""Incident id, title, likeness (cosine of the mean vectors, 0-1), first time, reason it was closed with or ''."""


def _nothing(_: Entities, __: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return ()


def _no_document(_index: str, _id: str) -> Mapping[str, Any] | None:
    return None


def _no_past(_: Sequence[str], __: datetime) -> Sequence[Past]:
    return ()


class Background(NamedTuple):
    """Handles of the tools that look beyond the alerts."""

    indicators: Callable[[Entities, Sequence[str]], Sequence[Mapping[str, Any]]] = _nothing
    """(entities, keys of activities) -> rows of intelligence.matching.MATCHES, from the local copy."""
    calendar: Calendar = Calendar(())
    past: Callable[[Sequence[str], datetime], Sequence[Past]] = _no_past
    """(signatures, before when) -> incidents alike, the most alike first."""
    document: Callable[[str, str], Mapping[str, Any] | None] = _no_document
    """(index, id) -> the alert's document as it was pulled; None where it is not at hand."""
