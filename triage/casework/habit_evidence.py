"""Facts from what was learned as normal: whether the time is usual, and whether the entity's peers do the same."""

from collections.abc import Mapping, Sequence

from triage.casework.findings import Answer, Finding, Reader, Setting, Supports, count_of, rows_of
from triage.wording import listed, number, plain, quoted

TOLD = 2
"""Deviations that are told in one statement; their number is told, too."""


def _rhythm(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "times")
    if not rows:
        return None
    known = [row for row in rows if row["of"]]
    if not known:
        days = max(count_of(row, "days") for row in rows)
        statement = f"Too little is known to call a time usual or not: {number(days, 'earlier day')} at most."
        return Finding("rhythm", statement, "usual_times")
    odd = [row for row in known if row["odd"]]
    if not odd:
        return Finding("rhythm", f"It came at a usual time: {_named(known[:1])}.", "usual_times")
    statement = f"{number(len(odd), 'activity', 'activities')} came at an unusual time: {_named(odd)}"
    return Finding("rhythm", f"{statement}; strength {odd[0]['strength']} of 1.", "usual_times", "attack")


def _peers(args: Answer, result: Answer, setting: Setting) -> Finding | None:  # noqa: ARG001
    rows = rows_of(result, "compared")
    if not rows:
        return None
    known = [row for row in rows if row["peers"]]
    if not known:
        return Finding("peers", "No peers are known: too few habits, or nobody behaves alike.", "peers")
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


READERS: Mapping[str, Reader] = {"usual_times": _rhythm, "peers": _peers}
"""By the name of the tool."""
