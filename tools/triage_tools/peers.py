"""Tool: entities that behave like those of an incident, and whether they do what it did, too."""

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import JsonValue

from triage.judgement.peers import is_unlike, is_usual, said_peers
from triage_tools.background import Background
from triage_tools.limits import ToolLimits
from triage_tools.usual_times import OfActivities


def peers(background: Background, limits: ToolLimits) -> StructuredTool:
    """Make the tool over the groups of entities that behave alike."""

    def run(activities: tuple[str, ...]) -> dict[str, JsonValue]:
        found = background.peers(activities)
        rows: list[JsonValue] = [_row(row, limits) for row in found[: limits.rows]]
        query = f"peers of the entities of {len(activities)} activities"
        return {"total": len(found), "truncated": len(found) > len(rows), "query": query, "compared": rows}

    return StructuredTool.from_function(
        run,
        name="peers",
        description="Entities that behave like those of activities (found without labels), how alike they are (0-1), "
        "and how many of them show the same kind of alert.",
        args_schema=OfActivities,
    )


def _row(row: Mapping[str, Any], limits: ToolLimits) -> dict[str, JsonValue]:
    return {
        "activity": row["activity"],
        "rule": limits.text(row["rule"]),
        "entity": limits.text(row["principal"]),
        "peers": row["peers"],
        "doing": row["doing"],
        "own_days": row["own_days"],
        "unlike": is_unlike(row),
        "usual": is_usual(row),
        "alike": [f"{limits.text(name)} ({likeness:.2f})" for name, likeness in row["alike"]],
        "told": said_peers(row),
    }
