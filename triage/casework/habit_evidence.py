"""Facts from what was learned as normal: whether the time is usual, and whether the entity's peers do the same."""

from collections.abc import Iterator, Mapping, Sequence

from triage.casework.findings import Answer, Finding, Reader, Setting, Supports, count_of, rows_of
from triage.investigation import Observation
from triage.wording import listed, number, plain, quoted

TOLD = 2
"""Deviations that are told in one statement; their number is told, too."""


def _rhythm(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "times")
    known = [row for row in rows if row["of"]]
    if not known:
        return None
    odd = [row for row in known if row["odd"]]
    if not odd:
        return Finding("rhythm", f"It came at a usual time: {_named(known[:1])}.", "usual_times")
    statement = f"{number(len(odd), 'activity', 'activities')} came at an unusual time: {_named(odd)}"
    return Finding("rhythm", f"{statement}; strength {odd[0]['strength']} of 1.", "usual_times", "attack")


def _peers(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "compared")
    known = [row for row in rows if row["peers"]]
    if not known:
        return None
    unlike, usual = ([row for row in known if row[name]] for name in ("unlike", "usual"))
    supports: Supports = "attack" if unlike else "benign" if len(usual) == len(rows) else "context"
    chosen = unlike or known
    alike = chosen[0]["alike"]
    names = listed([str(name) for name in alike]) if isinstance(alike, list) else ""
    counted = f"{number(len(chosen), 'activity', 'activities')} of {len(rows):,} compared with peers"
    statement = f"{counted}: {_named(chosen)}; {plain(str(chosen[0]['entity']))} behaves like {names}."
    return Finding("peers", statement, "peers", supports)


def _named(rows: Sequence[Answer]) -> str:
    told = [f"{quoted(str(row['rule']))} on {plain(str(row['entity']))}, {row['told']}" for row in rows[:TOLD]]
    return " / ".join(told)


def unknown_habits(observations: Sequence[Observation]) -> Iterator[str]:
    """Say what too short a memory, or nobody alike, leaves unknown."""
    for observation in observations:
        rows = rows_of(observation.result or {}, _ROWS.get(observation.call.name, ""))
        if observation.call.name == "usual_times" and rows and not any(row["of"] for row in rows):
            days = max(count_of(row, "days") for row in rows)
            yield f"Too little is known to call a time usual or not: {number(days, 'earlier day')} at most."
        if observation.call.name == "peers" and rows and not any(row["peers"] for row in rows):
            yield "No peers are known: too few habits, or nobody behaves alike."


_ROWS = {"usual_times": "times", "peers": "compared"}
READERS: Mapping[str, Reader] = {"usual_times": _rhythm, "peers": _peers}
"""By the name of the tool."""
