"""How far a source was read: from where the next run goes on, so that it reads what is new and little else.

Two marks for each source. ``events`` is the latest time that an alert read so far gives for itself, never one in the
future: a source that stood still for hours, or whose clock is slow, is taken up where it stood. ``arrivals`` is the
start of the last run that read all that had come by then: what came later is read however old it says it is, where
the documents say when they came (``event.ingested``).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from triage.ports import Window

_ARRIVALS = " arrivals"
"""Ends the name under which the state keeps the second mark of a source."""


class Marks(NamedTuple):
    """How far one source was read; None = never."""

    events: datetime | None
    arrivals: datetime | None


def names(source: str) -> tuple[str, str]:
    """Return the names of a source's two marks in the state."""
    return source, source + _ARRIVALS


def window(asked: Window, marks: Marks, overlap: timedelta) -> Window:
    """Return what to read: the window asked for, or all from the marks on less the overlap where it names no start."""
    if asked.since is not None or marks.events is None:
        return asked
    return Window(marks.events - overlap, asked.until, (marks.arrivals or marks.events) - overlap)


def moved(asked: Window, marks: Marks, newest: datetime | None, started: datetime) -> Marks:
    """Return the marks after a complete run that began at ``started``.

    ``newest`` is the latest time of the new alerts, None without any. A window that begins after a mark leaves
    something unread between them, so it does not move that mark.
    """
    events, arrivals = marks
    touching = asked.since is None or events is None or asked.since <= events
    if newest is not None and touching:
        events = newest if events is None else max(events, newest)
    if asked.since is None or arrivals is None:
        arrivals = started
    return Marks(events, arrivals)


def named(source: str, marks: Marks) -> Mapping[str, datetime]:
    """Return the marks by the names under which the state keeps them."""
    return {name: mark for name, mark in zip(names(source), marks, strict=True) if mark is not None}
