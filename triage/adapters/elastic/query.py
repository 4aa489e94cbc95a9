"""Queries of a pull: the user's own filter, the window, and its division into parts by time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from triage.errors import ConfigError
from triage.ports import Window

TIME = "@timestamp"
ARRIVAL = "event.ingested"
"""When Elasticsearch took a document in; Elastic Agent and its pipelines write it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = "strict_date_optional_time"
_MILLISECOND = timedelta(milliseconds=1)


class Part(NamedTuple):
    """Documents with low <= ``@timestamp`` < high (milliseconds since the epoch, None = open), or those without one.

    Where ``arrived`` is given, only those of them that were indexed since then.

    Parts are cut by time and not by Elasticsearch's slices, because the slices of a point in time are made of
    internal document numbers: after an expired point in time a new one deals the documents out differently.
    """

    low: int | None = None
    high: int | None = None
    timed: bool = True
    arrived: datetime | None = None


def own_query(text: str) -> Mapping[str, Any] | None:
    """Return the user's filter as query DSL: JSON when it starts with '{', else a query string. Raises ConfigError."""
    text = text.strip()
    if not text:
        return None
    if not text.startswith("{"):
        return {"query_string": {"query": text, "analyze_wildcard": True}}
    try:
        parsed: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"elasticsearch.query starts with '{{' but is not JSON: {error}") from error
    inner: Mapping[str, Any] = parsed["query"] if set(parsed) == {"query"} else parsed
    return inner


def whole(window: Window) -> Part:
    """Return the window as one part, widened to whole milliseconds."""
    low = None if window.since is None else (window.since - EPOCH) // _MILLISECOND
    high = None if window.until is None else -((EPOCH - window.until) // _MILLISECOND)
    return Part(low, high)


def parts(window: Window, edges: Sequence[float]) -> list[Part]:
    """Divide a window at the given times (milliseconds).

    The parts, what came late from before the window, and the untimed rest cover every document once.
    """
    low, high = whole(window)[:2]
    inside = sorted(
        {int(edge) for edge in edges if (low is None or edge > low) and (high is None or int(edge) < high)} - {low}
    )
    cuts = [low, *inside, high]
    late = [] if window.arrived is None or low is None else [Part(high=low, arrived=window.arrived)]
    return [Part(start, end) for start, end in pairwise(cuts)] + late + [Part(timed=False)]


def query_of(own: Mapping[str, Any] | None, part: Part) -> dict[str, Any]:
    """Return the query for one part, without scoring."""
    must = [] if own is None else [own]
    if not part.timed:
        return {"bool": {"filter": must, "must_not": [{"exists": {"field": TIME}}]}}
    bounds: dict[str, Any] = {"format": "epoch_millis"}
    if part.low is not None:
        bounds["gte"] = part.low
    if part.high is not None:
        bounds["lt"] = part.high
    timed = {"range": {TIME: bounds}} if len(bounds) > 1 else {"exists": {"field": TIME}}
    return {"bool": {"filter": [*must, timed, *_arrived(part.arrived)]}}


def _arrived(since: datetime | None) -> list[dict[str, Any]]:
    """Return a condition that no document meets in an index without the field."""
    if since is None:
        return []
    return [{"range": {ARRIVAL: {"gte": since.isoformat(timespec="milliseconds"), "format": _ISO}}}]


def query_of_window(own: Mapping[str, Any] | None, window: Window) -> dict[str, Any]:
    """Return the query for all documents of a window, those without a time included."""
    either = [query_of(None, whole(window)), query_of(None, Part(timed=False))]
    within = {"bool": {"should": either, "minimum_should_match": 1}}
    return {"bool": {"filter": [within] if own is None else [own, within]}}
