"""Tool: the tree of processes around one of them, by the events of its host, and what those processes did."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from langchain_core.tools import StructuredTool
from pydantic import Field, JsonValue

from triage.models import EntityKind
from triage.ports import EventCategory, EventLog
from triage_tools.arguments import Name, Within, check_length
from triage_tools.events_around import event_row, the_log
from triage_tools.limits import ToolLimits

_DEEPEST = 16
"""Generations that are followed up or down."""
_DID: tuple[EventCategory, ...] = ("network", "dns", "file")
_LOOKED_INTO = 3
"""Processes of the asked-for name whose own events are asked for."""


class OnHost(Within):
    """A process of a host, and a window."""

    host: Name = Field(description="name of the host")
    process: Name = Field(description="name of the program, or process.entity_id of the one process")


class Started(NamedTuple):
    """A process that started."""

    key: str
    """process.entity_id, else the process id."""
    parent: str
    row: Mapping[str, Any]


def process_events(log: EventLog | None, limits: ToolLimits) -> StructuredTool:
    """Make the tool over a log of events."""

    def run(since: datetime, until: datetime, host: str, process: str) -> dict[str, JsonValue]:
        check_length(until - since, limits.window)
        events = the_log(log)
        found = events.starts(host, since, until, limits.beats)
        started: dict[str, Started] = {}
        for row in found.rows:
            started.setdefault(_key(row, "process"), Started(_key(row, "process"), _key(row, "process.parent"), row))
        meant = [one for one in started.values() if _is(one, process)]
        tree = list(_tree(meant, started))
        asked = [key for one in meant[:_LOOKED_INTO] if (key := str(one.row.get("process.entity_id", "")))]
        did = [events.around(EntityKind.LINEAGE, key, since, until, _DID, limits.rows) for key in asked]
        counts: dict[str, JsonValue] = {name: sum(one.counts.get(name, 0) for one in did) for name in _DID}
        shown: list[JsonValue] = [_told(depth, one, limits) for depth, one in tree[: limits.rows]]
        acts = [row for one in did for row in one.found.rows][: limits.rows]
        rows: list[JsonValue] = [event_row(row, limits) for row in acts]
        return {
            "total": len(tree),
            "truncated": found.truncated or len(tree) > len(shown) or len(meant) > _LOOKED_INTO,
            "query": found.query,
            "matching": len(meant),
            "looked_through": found.total,
            "tree": shown,
            "did": counts,
            "rows": rows,
        }

    return StructuredTool.from_function(
        run,
        name="process_events",
        description="Ancestors and descendants of a process by the events of its host, with command lines, and its "
        "network, DNS and file events.",
        args_schema=OnHost,
    )


def _key(row: Mapping[str, Any], of: str) -> str:
    return str(row.get(f"{of}.entity_id") or row.get(f"{of}.pid") or row.get(f"{of}.name") or "")


def _is(one: Started, process: str) -> bool:
    names = {one.row.get("process.entity_id"), one.row.get("process.name")}
    executable = str(one.row.get("process.executable", "")).replace("\\", "/").rpartition("/")[2]
    return process.casefold() in {str(name).casefold() for name in (*names, executable) if name}


def _tree(meant: Sequence[Started], started: Mapping[str, Started]) -> Iterator[tuple[int, Started]]:
    """Yield (generation, process) of those meant, from the oldest known ancestor down, each process once."""
    children: dict[str, list[Started]] = {}
    for one in started.values():
        children.setdefault(one.parent, []).append(one)
    seen: set[str] = set()
    for one in meant:
        lines = _ancestors(one, started)
        fresh = [(depth, above) for depth, above in enumerate(lines) if above.key not in seen]
        seen.update(above.key for above in lines)
        yield from fresh
        yield from _descendants(one, children, seen, len(lines))


def _ancestors(one: Started, started: Mapping[str, Started]) -> list[Started]:
    """Return the line from the oldest known ancestor down to the process; process ids that loop end it."""
    line = [one]
    while len(line) < _DEEPEST and (above := started.get(line[-1].parent)) and above not in line:
        line.append(above)
    return line[::-1]


def _descendants(
    one: Started, children: Mapping[str, Sequence[Started]], seen: set[str], depth: int
) -> Iterator[tuple[int, Started]]:
    for below in children.get(one.key, ()):
        if below.key not in seen and depth < 2 * _DEEPEST:
            seen.add(below.key)
            yield depth, below
            yield from _descendants(below, children, seen, depth + 1)


def _told(depth: int, one: Started, limits: ToolLimits) -> dict[str, JsonValue]:
    row = one.row
    parent = row.get("process.parent.executable") or row.get("process.parent.name") or ""
    return {
        "generation": depth,
        "time": row["time"].isoformat(),
        "parent": limits.text(parent),
        "child": limits.text(row.get("process.executable") or row.get("process.name") or one.key),
        "command": limits.text(row.get("process.command_line", "")),
        "user": limits.text(row.get("user.name", "")),
    }
