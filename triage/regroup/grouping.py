"""The grouping of a run's activities under some constraints, and what of it differs from another one."""

from typing import Any, NamedTuple

import polars as pl


class Grouping(NamedTuple):
    """Which activities belong together, why, and how that rates."""

    membership: pl.DataFrame
    """candidate, activity, core: every activity in one candidate or everyday group."""
    joins: pl.DataFrame
    """correlate.JOINS."""
    ratings: pl.DataFrame
    """candidates.RATINGS."""


def changed(before: Grouping, after: Grouping) -> frozenset[str]:
    """Return the candidates of ``after`` that are not the very same in ``before``."""
    old, new = _contents(before), _contents(after)
    return frozenset(key for key, content in new.items() if old.get(key) != content)


def _contents(grouping: Grouping) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for frame in grouping:
        for row in frame.sort(frame.columns).select("candidate", pl.exclude("candidate")).iter_rows():
            found.setdefault(row[0], []).append(row[1:])
    return found
