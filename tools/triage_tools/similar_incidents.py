"""Tool: earlier incidents like this one, and how, by whom and when they were closed."""

from datetime import datetime
from typing import Annotated

from langchain_core.tools import StructuredTool
from pydantic import AwareDatetime, Field, JsonValue

from triage.ports import Closing
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
                "incident": one.incident_id,
                "title": limits.text(one.title),
                "likeness": round(one.likeness, 3),
                "first_seen": one.first.isoformat(),
                **_closing(one.closing, limits),
            }
            for one in found[: limits.rows]
        ]
        query = f"incidents before {before.isoformat()} alike in {len(signatures)} kinds of alert"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "incidents": rows}

    return StructuredTool.from_function(
        run,
        name="similar_incidents",
        description="Earlier incidents whose alerts mean much the same, and how, by whom and when they were closed.",
        args_schema=Alike,
    )


def _closing(closing: Closing | None, limits: ToolLimits) -> dict[str, JsonValue]:
    """Return how an incident was closed; a note is what somebody typed, cleaned as any other text."""
    if closing is None:
        return {"closed": "", "by": "", "at": "", "note": ""}
    typed = {"closed": closing.reason, "by": closing.by, "note": closing.note}
    at = closing.at.isoformat() if closing.at else ""
    return {**{key: limits.text(text) for key, text in typed.items()}, "at": at}
