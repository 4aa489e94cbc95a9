"""Small frames for tests of the pure logic: alerts in a line or two each."""

from collections.abc import Iterable, Sequence

import polars as pl

from triage.columns import ACTIVITIES, ALERTS, DEAD_LETTERS, FACTS, Batch
from triage.times import micros, moment

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 20_000 * DAY
"""Midnight of a fixed day."""

__all__ = ["DAY", "HOUR", "MINUTE", "START", "activity", "batch", "fact", "frame", "micros", "moment"]


def entity(text: str) -> dict[str, str]:
    kind, value = text.split(":", 1)
    return {"kind": kind, "role": "", "value": value}


def fact(
    rule: str, principal: str, *entities: str, severity: float | None = None, message: str = ""
) -> dict[str, object]:
    return {
        "detector": "test",
        "family": "ecs",
        "rule": rule,
        "rule_id": "",
        "message": message or rule,
        "severity": severity,
        "techniques": [],
        "tactics": [],
        "principal": principal,
        "entities": [entity(text) for text in (principal, *entities) if text],
        "flags": [],
    }


def batch(facts: Sequence[dict[str, object]], alerts: Iterable[tuple[int, int]]) -> Batch:
    """Make a batch of (time, fact number) pairs; ids follow the order given."""
    rows = [
        {"time": time, "time_source": "event", "index": "i", "id": f"a{n:06}", "fact": number, "part": 0, "line": n}
        for n, (time, number) in enumerate(alerts)
    ]
    table = pl.DataFrame([{"fact": n, **one} for n, one in enumerate(facts)], schema=FACTS)
    return Batch(
        pl.DataFrame(rows, schema=ALERTS).sort("time", "index", "id"), table, pl.DataFrame(schema=DEAD_LETTERS)
    )


def activity(key: str, rule: str, principal: str, first: int, **more: object) -> dict[str, object]:
    """Make one row of columns.ACTIVITIES."""
    entities = more.pop("entities", ())
    row: dict[str, object] = {
        "activity": key,
        "signature": f"s-{rule}",
        "detector": "test",
        "rule": rule,
        "message": rule,
        "principal": principal,
        "first": first,
        "last": first,
        "count": 1,
        "variety": 1,
        "severity": None,
        "techniques": [],
        "tactics": [],
        "entities": [entity(text) for text in (principal, *entities) if text],  # type: ignore[misc]
        "entity_total": 1,
        "flags": [],
    }
    return row | more


def frame(rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    """Make a columns.ACTIVITIES frame."""
    return pl.DataFrame(list(rows), schema=ACTIVITIES)
