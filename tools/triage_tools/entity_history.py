"""Tool: alerts per day that name an entity."""

from datetime import datetime

from langchain_core.tools import StructuredTool
from pydantic import JsonValue

from triage.casework import kql
from triage.models import EntityKind
from triage.ports import EventSearch
from triage_tools.arguments import AboutEntity, Within, check_length
from triage_tools.limits import ToolLimits


class EntityWithin(AboutEntity, Within):
    """An entity and a window."""


def entity_history(search: EventSearch, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a search."""

    def run(kind: EntityKind, value: str, since: datetime, until: datetime) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        per_day: dict[str, JsonValue] = dict(sorted(search.history(kind, value, since, until).items()))
        return {
            "total": sum(count for count in per_day.values() if isinstance(count, int)),
            "truncated": False,
            "query": kql.every(kql.entity(kind, value), kql.within(since, until)),
            "days": per_day,
        }

    return StructuredTool.from_function(
        run,
        name="entity_history",
        description="Alerts per UTC day that name an entity in a time window; days without alerts are absent.",
        args_schema=EntityWithin,
    )
