"""Tool: how often and from where a user signed in, by events: what of it failed, and which places are new."""

from datetime import datetime

from langchain_core.tools import StructuredTool
from pydantic import JsonValue

from triage.ports import EventLog
from triage_tools.arguments import check_length
from triage_tools.events_around import the_log
from triage_tools.limits import ToolLimits
from triage_tools.logon_history import UserBefore


def logon_events(log: EventLog | None, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a log of events."""

    def run(since: datetime, until: datetime, user: str, fresh: datetime) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        found = the_log(log).logons(user, since, fresh, until, limits.rows)
        new = [place for place in found.places if place.first >= fresh]
        shown: list[JsonValue] = [
            {"place": limits.text(f"{one.kind}:{one.value}"), "first": one.first.isoformat(), "count": one.count}
            for one in sorted(new, key=lambda one: (one.first, one.kind, one.value))[: limits.entities]
        ]
        return {
            "total": found.total,
            "truncated": len(new) > len(shown) or len(new) == len(found.places) < found.place_total,
            "query": found.query,
            "before": found.before,
            "failed": found.failed,
            "known_places": max(0, found.place_total - len(new)),
            "new_places": len(new),
            "new": shown,
        }

    return StructuredTool.from_function(
        run,
        name="logon_events",
        description="Sign-ins of a user by events: how many, how many failed, and hosts and addresses of a window that "
        "they came from for the first time.",
        args_schema=UserBefore,
    )
