"""Tool: the alerts that name an entity in a time window, oldest first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.models import EntityKind
from triage.ports import EventSearch
from triage_tools.arguments import AboutEntity, Within, check_length
from triage_tools.limits import ToolLimits


class AroundEntity(AboutEntity, Within):
    """An entity, a window and how many alerts to return."""

    limit: int = Field(default=50, ge=1, le=1000, description="alerts to return")


def alerts_around_entity(search: EventSearch, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a search."""

    def run(kind: EntityKind, value: str, since: datetime, until: datetime, limit: int = 50) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        most = min(limit, limits.rows)
        found = search.around(kind, value, since, until, most)
        rows: list[JsonValue] = [_row(row, limits) for row in found.rows[:most]]
        return {"total": found.total, "truncated": found.total > len(rows), "query": found.query, "rows": rows}

    return StructuredTool.from_function(
        run,
        name="alerts_around_entity",
        description="Alerts that name an entity in a time window, oldest first, with the true total.",
        args_schema=AroundEntity,
    )


def _row(row: Mapping[str, Any], limits: ToolLimits) -> dict[str, JsonValue]:
    severity = row.get("severity")
    return {
        "time": row["time"].isoformat(),
        "index": str(row["index"]),
        "id": str(row["id"]),
        "detector": limits.text(row["detector"]),
        "rule": limits.text(row["rule"]),
        "severity": None if severity is None else float(severity),
        "message": limits.text(row.get("message") or ""),
        "entities": [limits.text(entity) for entity in list(row.get("entities") or ())[: limits.entities]],
    }
