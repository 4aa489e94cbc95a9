"""Tool: at which hours and on which days of the week kinds of alert usually come, and how odd a time is."""

from collections.abc import Mapping
from typing import Annotated, Any

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.judgement.rhythm import is_odd, said_rhythm, strength
from triage_tools.arguments import Arguments, Name
from triage_tools.background import Background
from triage_tools.limits import ToolLimits

Keys = Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]


class OfActivities(Arguments):
    """Activities of one incident."""

    activities: Keys = Field(description="keys of activities")


def usual_times(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over what was learned as normal."""

    def run(activities: tuple[str, ...]) -> dict[str, JsonValue]:
        found = background.rhythm(activities)
        rows: list[JsonValue] = [_row(row, background.zone, limits) for row in found[: limits.rows]]
        query = f"usual times of {len(activities)} activities, hours in {background.zone}"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "times": rows}

    return StructuredTool.from_function(
        run,
        name="usual_times",
        description="Usual hours and days of the week of activities, by their past, and how odd their times are (0-1).",
        args_schema=OfActivities,
    )


def _row(row: Mapping[str, Any], zone: str, limits: ToolLimits) -> dict[str, JsonValue]:
    return {
        "activity": row["activity"],
        "rule": limits.text(row["rule"]),
        "entity": limits.text(row["principal"]),
        "of": row["rhythm_of"],
        "days": row["days"],
        "strength": strength(row),
        "odd": is_odd(row),
        "told": said_rhythm(row, zone),
    }
