"""Tool: from where a user acted before, and what of a window is new: first-time hosts and addresses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import AwareDatetime, Field, JsonValue, model_validator

from triage.casework import kql
from triage.models import EntityKind
from triage.ports import EventSearch
from triage_tools.arguments import Name, Within, check_length
from triage_tools.limits import ToolLimits

_PLACES = ("host:", "address:")


class UserBefore(Within):
    """A user, a window, and the moment in it from which things may be new."""

    user: Name = Field(description="name of the user")
    fresh: AwareDatetime = Field(description="what was not seen before this moment is new")

    @model_validator(mode="after")
    def _inside(self) -> "UserBefore":
        if not self.since <= self.fresh < self.until:
            raise ValueError("fresh must lie in the window")
        return self


def logon_history(search: EventSearch, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a search."""

    def run(since: datetime, until: datetime, user: str, fresh: datetime) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        before = search.around(EntityKind.USER, user, since, fresh, limits.beats)
        now = search.around(EntityKind.USER, user, fresh, until, limits.beats)
        known, seen = _places(before.rows), _places(now.rows)
        new = [place for place in seen if place not in known]
        shown: list[JsonValue] = [limits.text(place) for place in new[: limits.entities]]
        return {
            "total": before.total + now.total,
            "truncated": before.truncated or now.truncated or len(new) > len(shown),
            "query": kql.every(kql.entity(EntityKind.USER, user), kql.within(since, until)),
            "before": before.total,
            "known_places": len(known),
            "new_places": len(new),
            "new": shown,
            "history_cut": before.truncated,
        }

    return StructuredTool.from_function(
        run,
        name="logon_history",
        description="Hosts and addresses that alerts name together with a user for the first time in a window.",
        args_schema=UserBefore,
    )


def _places(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return hosts and addresses in order of their first alert."""
    found = (entity for row in rows for entity in row.get("entities") or () if entity.startswith(_PLACES))
    return list(dict.fromkeys(found))
