"""Candidates are examined in order of urgency, so that what they share goes to the most urgent."""

import orjson
import polars as pl

from triage.judgement.candidates import RATINGS
from triage.models import UrgencyPart
from triage.nodes.correlate import by_urgency


def row(candidate: str, *points: float) -> tuple[str, str, str, float, str]:
    parts = [UrgencyPart(name="behaviour", points=one, why="").model_dump() for one in points]
    return candidate, "suspicious", "", 1.0, orjson.dumps(parts).decode()


def test_the_most_urgent_comes_first_and_ids_decide_between_equals() -> None:
    rows = [row("a", 10), row("b", 30, 20), row("c"), row("d", 10)]
    assert by_urgency(pl.DataFrame(rows, schema=RATINGS, orient="row")) == ("b", "a", "d", "c")
    assert by_urgency(pl.DataFrame(schema=RATINGS)) == ()
