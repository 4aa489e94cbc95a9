"""Tool: events that name an entity in a time window, of any index of events that the configuration names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.errors import ToolError
from triage.models import EntityKind
from triage.ports import EventCategory, EventLog
from triage_tools.arguments import AboutEntity, Within, check_length
from triage_tools.limits import ToolLimits

_APART = frozenset({"time", "index", "id"})


class AroundEvents(AboutEntity, Within):
    """An entity, a window, which categories of events, and how many to return."""

    categories: tuple[EventCategory, ...] = Field(default=(), max_length=7, description="empty = of all")
    limit: int = Field(default=20, ge=1, le=1000, description="events to return")


def events_around(log: EventLog | None, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a log of events."""

    def run(
        kind: EntityKind,
        value: str,
        since: datetime,
        until: datetime,
        categories: tuple[EventCategory, ...] = (),
        limit: int = 20,
    ) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        events = the_log(log).around(kind, value, since, until, categories, min(limit, limits.rows))
        found = events.found
        rows: list[JsonValue] = [event_row(row, limits) for row in found.rows]
        counts: dict[str, JsonValue] = {str(name): count for name, count in events.counts.items()}
        return {
            "total": found.total,
            "truncated": found.truncated,
            "query": found.query,
            "counts": counts,
            "rows": rows,
        }

    return StructuredTool.from_function(
        run,
        name="events_around",
        description="Process, network, DNS, sign-in, file, cloud and e-mail events that name an entity in a time "
        "window, oldest first, with the true number of each category.",
        args_schema=AroundEvents,
    )


def the_log(log: EventLog | None) -> EventLog:
    """Return the log. Raises ToolError where the configuration names no index of events."""
    if log is None:
        raise ToolError("no index of events is configured (investigate.events)")
    return log


def event_row(row: Mapping[str, Any], limits: ToolLimits) -> dict[str, JsonValue]:
    """Return an event fit for an answer: its known fields, each one clean, bounded line."""
    said: dict[str, JsonValue] = {key: limits.text(value) for key, value in row.items() if key not in _APART}
    return {"time": row["time"].isoformat(), "index": limits.text(row["index"]), "id": limits.text(row["id"]), **said}
