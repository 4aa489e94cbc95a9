"""Tool: earlier incidents like this one, and how they were closed."""

from datetime import datetime
from typing import Annotated

from langchain_core.tools import StructuredTool
from pydantic import AwareDatetime, Field, JsonValue

from triage_tools.arguments import Arguments, Name
from triage_tools.background import Background
from triage_tools.limits import ToolLimits

Signatures = Annotated[tuple[Name, ...], Field(min_length=1, max_length=200)]


class Alike(Arguments):
    """What the incident is made of, and before when others count."""

    signatures: Signatures = Field(description="keys of its kinds of alert")
    before: AwareDatetime = Field(description="only incidents that ended before this")


def similar_incidents(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over the memory of incidents."""

    def run(signatures: tuple[str, ...], before: datetime) -> dict[str, JsonValue]:
        found = background.past(signatures, before)
        rows: list[JsonValue] = [
            {
                "incident": incident_id,
                "title": limits.text(title),
                "likeness": round(likeness, 3),
                "first_seen": first.isoformat(),
                "closed": limits.text(closed),
            }
            for incident_id, title, likeness, first, closed in found[: limits.rows]
        ]
        query = f"incidents before {before.isoformat()} alike in {len(signatures)} kinds of alert"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "incidents": rows}

    return StructuredTool.from_function(
        run,
        name="similar_incidents",
        description="Earlier incidents whose alerts mean much the same, and the reason they were closed with.",
        args_schema=Alike,
    )
