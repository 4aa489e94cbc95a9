"""Reads single documents through the normaliser, for tests that look at what it found."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from triage.config import Limits
from triage.normalise import normalise_page
from triage.ports import RawPage

RECEIVED = 1_700_000_000_000_000


class Read(NamedTuple):
    """One alert as a test wants to see it."""

    time: datetime
    time_source: str
    place: str
    """Index."""
    id: str
    fact: dict[str, Any]
    entities: set[tuple[str, str, str]]


def read(document: dict[str, Any], limits: Limits | None = None) -> Read:
    """Normalise one document; it must become an alert."""
    line = json.dumps(document).encode()
    batch = normalise_page(RawPage(line, 1, "test", 1), 0, limits or Limits(), RECEIVED)
    [alert] = batch.alerts.to_dicts()
    fact = batch.facts.row(alert["fact"], named=True)
    entities = {(entity["kind"], entity["role"], entity["value"]) for entity in fact["entities"]}
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=alert["time"])
    return Read(time, alert["time_source"], alert["index"], alert["id"], fact, entities)
