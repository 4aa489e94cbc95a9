"""One page of raw documents becomes one batch: every line ends as one alert row or one dead letter."""

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import polars as pl

from triage.columns import ALERTS, DEAD_LETTERS, DOUBTS, Batch, Facts
from triage.config import Limits
from triage.normalise.alike import Cut, are_own, cut, plain, spelling
from triage.normalise.batches import facts_frame
from triage.normalise.family import STAMP
from triage.normalise.reading import ID_CHARS, Readings
from triage.normalise.text import clean
from triage.normalise.timestamps import parse_time
from triage.ports import RawPage

EXCERPT_CHARS = 500
_KINDS_KEPT = 1000  # of lines in a page; where there are more, alike lines are too rare to be worth remembering
_SAYING = pl.Schema({name: ALERTS[name] for name in ("index", "time_source", "fact")})

_Row = tuple[int, str, int]
"""Time, id, and number of the saying of one alert. A plain tuple, because every alert has one."""


class _Broken(Exception):  # noqa: N818 - a refusal, not an error of this program
    """A line that cannot become an alert; ``str()`` is the reason."""

    def __init__(self, reason: str, index: str = "", alert_id: str = "") -> None:
        super().__init__(reason)
        self.index = index
        self.alert_id = alert_id


def normalise_page(page: RawPage, part: int, limits: Limits, received: int, readings: Readings | None = None) -> Batch:
    """Turn a page of raw documents into a batch. Pure and picklable: runs in a worker process.

    ``readings`` (of the same limits) saves work where pages repeat each other, and changes no result.

    ``received`` (microseconds) is the time of documents that have none. ``alerts.line`` counts from 0 within the page.
    A bare document without an id of its own gets the first 20 hex digits of its line's SHA-256 as id; its index is the
    name of its family, e.g. ``wazuh``. Never raises for what is in the page.
    """
    return _PageReader(page, limits, received, readings or Readings(limits)).read(part)


class _Kind(NamedTuple):
    """What all lines say that differ in id and ``@timestamp`` only."""

    saying: int
    time: int | None
    """A time to be taken instead of ``@timestamp``, or None."""


class _PageReader:
    """Reads one page. Alerts of one signature differ mostly in id and time, so readings are kept by content."""

    def __init__(self, page: RawPage, limits: Limits, received: int, readings: Readings) -> None:
        self._page = page
        self._limits = limits
        self._received = received
        self._spelling = spelling(page.lines)
        self._kinds: dict[bytes, _Kind] = {}
        self._stamps: dict[bytes, int | None] = {}
        self._readings = readings
        self._facts: dict[Facts, int] = {}
        self._sayings: dict[tuple[str, str, int], int] = {}
        self._doubts: dict[tuple[int, str], None] = {}
        self._dead: list[tuple[str, str, str, str, str]] = []

    def read(self, part: int) -> Batch:
        rows: list[_Row] = []
        numbers: list[int] = []
        for number, line in enumerate(_lines(self._page.lines)):
            parts = cut(line, self._spelling) if len(line) <= self._limits.document_bytes else None
            try:
                row = (parts and self._known(parts)) or self._parsed(line, parts)
            except _Broken as broken:
                self._bury(number, line, broken.index, broken.alert_id, str(broken))
                continue
            rows.append(row)
            numbers.append(number)
        doubts = pl.DataFrame(list(self._doubts), schema=DOUBTS, orient="row")
        return Batch(self._alerts(part, rows, numbers), facts_frame(self._facts), self._dead_letters(), doubts)

    def _known(self, parts: Cut) -> _Row | None:
        """Return the row of a line that differs from an earlier one in nothing but plain values of id and time."""
        rest, own_id, stamp = parts
        kind = self._kinds.get(rest)
        if kind is None:
            return None
        if stamp not in self._stamps:
            self._stamps[stamp] = parse_time(plain(stamp))
        time, name = self._stamps[stamp], plain(own_id)
        if time is None or not name or len(name) > ID_CHARS:
            return None
        return kind.time if kind.time is not None else time, name, kind.saying

    def _parsed(self, line: bytes, parts: Cut | None) -> _Row:
        """Return the row of a line, and remember its kind where the next one may be alike."""
        document = _parse(line, self._limits)
        index, alert_id, source = _open(document)
        stamp = _stamp(source)
        if not source:
            raise _Broken("the document is empty", index, alert_id)
        reading = self._readings.of(source, timed=stamp is not None)
        fact = self._facts.setdefault(reading.facts, len(self._facts))
        self._doubts |= dict.fromkeys((fact, passage) for passage in reading.doubts)
        saying = self._sayings.setdefault((index or reading.family, reading.time_source, fact), len(self._sayings))
        if parts and stamp is not None and len(self._kinds) < _KINDS_KEPT and are_own(line, parts, self._spelling):
            self._kinds[parts[0]] = _Kind(saying, reading.time)
        time = reading.time if reading.time is not None else self._received if stamp is None else stamp
        return time, alert_id or reading.alert_id or _content_id(line), saying

    def _bury(self, number: int, line: bytes, index: str, alert_id: str, reason: str) -> None:
        first = self._page.first_line
        origin = f"{self._page.origin}:{first + number}" if first else f"{index}/{alert_id}" if index else ""
        origin = origin or self._page.origin
        name = alert_id or f"{origin}#{_content_id(line)[:12]}"
        excerpt = clean(line[: EXCERPT_CHARS * 4].decode("utf-8", "replace"), EXCERPT_CHARS)
        self._dead.append((index, name, origin, reason, excerpt))

    def _alerts(self, part: int, rows: list[_Row], numbers: list[int]) -> pl.DataFrame:
        times, ids, sayings = zip(*rows, strict=True) if rows else ((), (), ())
        said = pl.DataFrame(list(self._sayings), schema=_SAYING, orient="row")
        columns = {
            "time": times,
            "id": ids,
            "part": pl.repeat(part, len(rows), dtype=ALERTS["part"], eager=True),
            "line": numbers,
        }
        own = pl.DataFrame(columns, schema={name: ALERTS[name] for name in columns})
        gathered = said.select(pl.all().gather(pl.Series(sayings, dtype=pl.UInt32)))
        return own.hstack(gathered).select(ALERTS.names())

    def _dead_letters(self) -> pl.DataFrame:
        return pl.DataFrame(self._dead, schema=DEAD_LETTERS, orient="row")


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


def source_of(line: bytes) -> dict[str, Any] | None:
    """Return the document of a line without its envelope, read as it was for its alert; None where it is broken."""
    try:
        return _open(_parse(line, Limits(document_bytes=max(1000, len(line)))))[2]
    except _Broken:
        return None


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
    return value if isinstance(value, str) and len(value) <= ID_CHARS else ""


def _content_id(line: bytes) -> str:
    return hashlib.sha256(line.strip()).hexdigest()[:20]
