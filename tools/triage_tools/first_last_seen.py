"""Tool: since when an entity is known and how widely it was seen."""

from langchain_core.tools import StructuredTool
from pydantic import JsonValue

from triage.casework import kql
from triage.models import EntityKind
from triage.ports import EventSearch
from triage_tools.arguments import AboutEntity


def first_last_seen(search: EventSearch) -> StructuredTool:
    """Make the tool over a search."""

    def run(kind: EntityKind, value: str) -> dict[str, JsonValue]:
        seen = search.sightings(kind, value)
        return {
            "total": seen.count,
            "truncated": False,
            "query": kql.entity(kind, value),
            "first": seen.first.isoformat() if seen.first else None,
            "last": seen.last.isoformat() if seen.last else None,
            "hosts": seen.hosts,
            "days": seen.days,
        }

    return StructuredTool.from_function(
        run,
        name="first_last_seen",
        description="First and last alert that names an entity, how many there are, on how many hosts and days.",
        args_schema=AboutEntity,
    )
