"""Tool: whether the alerts that name an entity come at a steady beat, as the calls of an implant to its server do."""

from datetime import datetime
from itertools import pairwise
from statistics import median

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.casework import kql
from triage.models import EntityKind
from triage.ports import EventSearch
from triage_tools.arguments import AboutEntity, Within, check_length
from triage_tools.limits import ToolLimits

LEAST = 8
"""Connections below which a beat says nothing."""
STEADY = 0.25
"""Jitter up to which a beat is steady: implants commonly vary their sleep by up to a quarter."""
SHORTEST_SECONDS = 5.0
"""A shorter period is a burst."""


class OfRule(AboutEntity, Within):
    """An entity, a window, and optionally the one rule whose alerts count."""

    rule: str = Field(default="", max_length=1000, description="only alerts of this rule; empty = of all")


def beacon_test(search: EventSearch, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a search."""

    def run(kind: EntityKind, value: str, since: datetime, until: datetime, rule: str = "") -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        found = search.around(kind, value, since, until, limits.beats)
        times = sorted({row["time"] for row in found.rows if not rule or row["rule"] == rule})
        query = kql.every(kql.entity(kind, value), kql.within(since, until))
        measured = _beat([(later - earlier).total_seconds() for earlier, later in pairwise(times)])
        return {"total": found.total, "truncated": found.truncated, "query": query, "counted": len(times), **measured}

    return StructuredTool.from_function(
        run,
        name="beacon_test",
        description="Period and jitter of the alerts that name an entity: a steady beat is typical of an implant.",
        args_schema=OfRule,
    )


def _beat(gaps: list[float]) -> dict[str, JsonValue]:
    """Return period (median gap, seconds), jitter (median deviation from it, relative) and whether it is steady.

    Medians, so that a missed beat or a retry does not hide it.
    """
    if len(gaps) < LEAST - 1:
        return {"period_seconds": None, "jitter": None, "steady": False}
    period = median(gaps)
    jitter = median(abs(gap - period) for gap in gaps) / period if period else 1.0
    steady = jitter <= STEADY and period >= SHORTEST_SECONDS
    return {"period_seconds": round(period, 3), "jitter": round(jitter, 3), "steady": steady}
