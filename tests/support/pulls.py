"""Pulls for tests: a corpus on a server, and everything that a source gives and says about it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from triage.adapters.elastic.client import connect
from triage.adapters.elastic.source import ElasticSource
from triage.config import ElasticSettings
from triage.models import Incompleteness
from triage.ports import Window

EVERYTHING = Window(None, None)
START = 1_700_000_000_000  # milliseconds
Ids = set[tuple[str, str]]


class Corpus(NamedTuple):
    """Documents on a server."""

    url: str
    pattern: str
    ids: Ids


class Pulled(NamedTuple):
    """What came of a pull."""

    ids: list[tuple[str, str]]
    problems: Sequence[Incompleteness]
    sizes: Sequence[int]
    waits: Sequence[float]


Pull = Callable[..., Pulled]


def read(settings: ElasticSettings, window: Window, sizes: Sequence[int] = ()) -> Pulled:
    """Pull everything without ever really waiting."""
    waits = list[float]()
    with connect(settings) as client:
        source = ElasticSource(client, settings, sleep=waits.append, jitter=lambda longest: longest)
        found = [orjson.loads(line) for page in source.pages(window) for line in page.lines.split(b"\n")]
    return Pulled([(hit["_index"], hit["_id"]) for hit in found], source.problems(), list(sizes), waits)
