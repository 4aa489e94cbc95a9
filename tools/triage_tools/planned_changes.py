"""Tool: planned changes, scans and tests that concern given assets in a time window."""

from datetime import datetime
from typing import Annotated

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage_tools.arguments import Name, Within, check_length
from triage_tools.background import Background
from triage_tools.limits import ToolLimits

Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]


class Concerned(Within):
    """Assets and a window."""

    names: Names = Field(description="names of assets, users or addresses")


def planned_changes(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a calendar."""

    def run(since: datetime, until: datetime, names: tuple[str, ...]) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        found = background.calendar.during(since, until, names)
        rows: list[JsonValue] = [
            {
                "since": one.since.isoformat(),
                "until": one.until.isoformat(),
                "kind": limits.text(one.kind),
                "scope": limits.text(" ".join(one.scope)),
                "title": limits.text(one.title),
            }
            for one in found[: limits.rows]
        ]
        query = f"calendar {since.isoformat()} to {until.isoformat()} for {limits.text(' '.join(names))}"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "planned": rows}

    return StructuredTool.from_function(
        run,
        name="planned_changes",
        description="Planned changes, scans and tests of the calendar that concern assets in a time window.",
        args_schema=Concerned,
    )
