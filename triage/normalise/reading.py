"""What a document says apart from ``@timestamp``. Documents repeat themselves, so readings are kept by content."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from triage.columns import Facts
from triage.config import Limits, MappingSettings
from triage.normalise.family import STAMP, Moment
from triage.normalise.fields import Document
from triage.normalise.instructions import InstructionMarks
from triage.normalise.mapped import mapped_family
from triage.normalise.registry import claimed
from triage.normalise.timestamps import parse_time

ID_CHARS = 512
"""Elasticsearch's own limit of an ``_id`` (in bytes)."""
_KEPT_BYTES = 8_000_000
"""Of documents whose readings are kept; beyond this all are forgotten."""


class Reading(NamedTuple):
    """What all documents say that differ in nothing but ``@timestamp``."""

    family: str
    facts: Facts
    alert_id: str
    time: int | None
    """A time (µs) to be taken instead of ``@timestamp``, or None."""
    time_source: str
    """What ``time`` is, or else what ``@timestamp`` means here."""
    doubts: tuple[str, ...] = ()
    """Passages that deserve a second look, see ``trust.doubts``."""


class Readings:
    """Reads documents, and remembers what it has read. Pickles small before its first use."""

    def __init__(self, limits: Limits, mappings: Sequence[MappingSettings] = ()) -> None:
        """``mappings`` are a team's own; they go before what the families would find."""
        self._limits = limits
        self._own = tuple(map(mapped_family, mappings))
        self._marks = InstructionMarks()
        self._known: dict[tuple[bytes, bool], Reading] = {}
        self._bytes = 0

    def of(self, source: dict[str, Any], *, timed: bool) -> Reading:
        """Return the reading of a document without ``@timestamp``; ``timed`` tells whether that held a time."""
        try:
            key = (orjson.dumps(source), timed)
        except orjson.JSONEncodeError:  # nested deeper than it writes
            return self._read(source, timed=timed)
        reading = self._known.get(key)
        if reading is None:
            reading = self._read(source, timed=timed)
            self._keep(key, reading)
        return reading

    def _keep(self, key: tuple[bytes, bool], reading: Reading) -> None:
        self._bytes += len(key[0])
        if self._bytes > _KEPT_BYTES:
            self._known.clear()
            self._bytes = len(key[0])
        self._known[key] = reading

    def _read(self, source: dict[str, Any], *, timed: bool) -> Reading:
        family, document = claimed(Document(source, self._limits), self._own)
        time, time_source = _time(family.moments(document), timed=timed)
        facts, doubts = self._marks.on(family.facts(document), source)
        if time_source in {"ingested", "run"}:
            facts = facts._replace(flags=tuple(sorted({*facts.flags, "time_missing"})))
        own_id = document.text(*family.ids)[:ID_CHARS] if family.ids else ""
        return Reading(family.name, facts, own_id, time, time_source, doubts)


def _time(moments: Iterable[Moment], *, timed: bool) -> tuple[int | None, str]:
    """Return the time that goes before ``@timestamp``, or None and what ``@timestamp`` means.

    Where ``@timestamp`` holds no time, the best other time; without any, None and 'run'.
    """
    for field, value, source in moments:
        if field == STAMP:
            if timed:
                return None, source
        else:
            time = parse_time(value)
            if time is not None:
                return time, source
    return None, "event" if timed else "run"
