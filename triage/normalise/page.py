"""One page of raw documents becomes one batch: every line ends as one alert row or one dead letter."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
import polars as pl

from triage.columns import ALERTS, DEAD_LETTERS, Batch, Facts
from triage.config import Limits
from triage.normalise.batches import facts_frame
from triage.normalise.family import STAMP, Moment
from triage.normalise.fields import Document
from triage.normalise.instructions import InstructionMarks
from triage.normalise.registry import claimed
from triage.normalise.text import clean
from triage.normalise.timestamps import parse_time
from triage.ports import RawPage

EXCERPT_CHARS = 500
_ID_CHARS = 512  # Elasticsearch's own limit of an _id in bytes


class _Broken(Exception):  # noqa: N818 - a refusal, not an error of this program
    """A line that cannot become an alert; ``str()`` is the reason."""


class _Reading(NamedTuple):
    """What a document says apart from ``@timestamp``; shared by all documents that differ in nothing else."""

    family: str
    fact: int
    alert_id: str
    time: int | None
    """A time to be taken instead of ``@timestamp``, or None."""
    time_source: str
    """What ``time`` is, or else what ``@timestamp`` means here."""


def normalise_page(page: RawPage, part: int, limits: Limits, received: int) -> Batch:
    """Turn a page of raw documents into a batch. Pure and picklable: runs in a worker process.

    ``received`` (microseconds) is the time of documents that have none. ``alerts.line`` counts from 0 within the page.
    A bare document without an id of its own gets the first 20 hex digits of its line's SHA-256 as id; its index is the
    name of its family, e.g. ``wazuh``. Never raises for what is in the page.
    """
    return _PageReader(page, limits, received).read(part)


class _PageReader:
    """Reads one page. Alerts of one signature differ mostly in their time, so readings are kept by content."""

    def __init__(self, page: RawPage, limits: Limits, received: int) -> None:
        self._page = page
        self._limits = limits
        self._received = received
        self._timed: dict[bytes, _Reading] = {}
        self._untimed: dict[bytes, _Reading] = {}
        self._facts: dict[Facts, int] = {}
        self._marks = InstructionMarks()
        self._rows: tuple[list[int], list[str], list[str], list[str], list[int], list[int]] = ([], [], [], [], [], [])
        self._dead: list[tuple[str, str, str, str, str]] = []

    def read(self, part: int) -> Batch:
        times, sources, indices, ids, facts, lines = self._rows
        for number, line in enumerate(_lines(self._page.lines)):
            index = alert_id = ""
            try:
                document = _parse(line, self._limits)
                index, alert_id, source = _open(document)
                stamp = _stamp(source)
                reading = self._reading(source, line, timed=stamp is not None)
            except _Broken as broken:
                self._bury(number, line, index, alert_id, str(broken))
                continue
            times.append(reading.time if reading.time is not None else self._received if stamp is None else stamp)
            sources.append(reading.time_source)
            indices.append(index or reading.family)
            ids.append(alert_id or reading.alert_id or _content_id(line))
            facts.append(reading.fact)
            lines.append(number)
        return Batch(self._alerts(part), facts_frame(self._facts), self._dead_letters())

    def _reading(self, source: dict[str, Any], line: bytes, *, timed: bool) -> _Reading:
        """Return the reading of a document without ``@timestamp``, from memory where its like was read before."""
        readings = self._timed if timed else self._untimed
        try:
            key = orjson.dumps(source)
        except orjson.JSONEncodeError:  # nested deeper than it writes: is its own key
            key = line
        reading = readings.get(key)
        if reading is None:
            if not source:
                raise _Broken("the document is empty")
            reading = readings[key] = self._understand(Document(source, self._limits), timed=timed)
        return reading

    def _understand(self, source: Document, *, timed: bool) -> _Reading:
        family, document = claimed(source)
        time, time_source = _time(family.moments(document), timed=timed)
        facts = self._marks.on(family.facts(document), source.source)
        if time_source in {"ingested", "run"}:
            facts = facts._replace(flags=tuple(sorted({*facts.flags, "time_missing"})))
        fact = self._facts.setdefault(facts, len(self._facts))
        own_id = document.text(*family.ids)[:_ID_CHARS] if family.ids else ""
        return _Reading(family.name, fact, own_id, time, time_source)

    def _bury(self, number: int, line: bytes, index: str, alert_id: str, reason: str) -> None:
        first = self._page.first_line
        origin = f"{self._page.origin}:{first + number}" if first else f"{index}/{alert_id}" if index else ""
        excerpt = clean(line[: EXCERPT_CHARS * 4].decode("utf-8", "replace"), EXCERPT_CHARS)
        self._dead.append((index, alert_id, origin or self._page.origin, reason, excerpt))

    def _alerts(self, part: int) -> pl.DataFrame:
        times, sources, indices, ids, facts, lines = self._rows
        columns = {
            "time": times,
            "time_source": sources,
            "index": indices,
            "id": ids,
            "fact": facts,
            "part": pl.repeat(part, len(times), dtype=pl.UInt32, eager=True),
            "line": lines,
        }
        return pl.DataFrame(columns, schema=ALERTS)

    def _dead_letters(self) -> pl.DataFrame:
        return pl.DataFrame(self._dead, schema=DEAD_LETTERS, orient="row")


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


def _stamp(source: dict[str, Any]) -> int | None:
    """Take ``@timestamp`` out of the document and return its time."""
    value = source.pop(STAMP, None)
    return parse_time(value[0] if isinstance(value, list) and value else value)


def _lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a page; a final line break ends the last line and begins no other."""
    if data:
        yield from data.removesuffix(b"\n").split(b"\n")


def _parse(line: bytes, limits: Limits) -> dict[str, Any]:
    if len(line) > limits.document_bytes:
        raise _Broken(f"the document has {len(line)} bytes, more than {limits.document_bytes}")
    try:
        document: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        document = _parse_leniently(line)
    if not isinstance(document, dict):
        raise _Broken("the line is JSON but no object")
    return document


def _parse_leniently(line: bytes) -> object:
    """Parse what orjson refuses but ``json`` takes: lone surrogates, bytes that are not UTF-8, NaN, huge integers."""
    if not line.strip():
        raise _Broken("the line is empty")
    try:
        loose = json.loads(
            line.decode("utf-8", "replace"), parse_int=_number, parse_float=_number, parse_constant=lambda _: None
        )
        return orjson.loads(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise _Broken("the document is nested too deeply") from error
    except ValueError as error:
        raise _Broken(f"the line is not JSON: {clean(str(error), 200)}") from error


def _number(digits: str) -> int | float | str:
    """Return a number that 64 bits hold, or else its digits as text."""
    if digits.lstrip("-").isdigit():
        return int(digits) if len(digits) < 19 else digits
    number = float(digits)
    return number if math.isfinite(number) else digits


def _open(document: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return index, id and source of a hit; a bare document is its own source and has neither."""
    source = document.get("_source")
    if type(source) is dict and source:
        return _name(document.get("_index")), _name(document.get("_id")), source
    fields = document.get("fields")
    if "_id" in document and "_index" in document:
        index, alert_id = _name(document["_index"]), _name(document["_id"])
        return index, alert_id, dict(fields) if type(fields) is dict else {}
    return "", "", document


def _name(value: object) -> str:
    """Return an index name or id exactly as it is; '' for what Elasticsearch would never have given out."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and len(value) <= _ID_CHARS else ""


def _content_id(line: bytes) -> str:
    return hashlib.sha256(line.strip()).hexdigest()[:20]
