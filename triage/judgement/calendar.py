"""Planned changes, scans and tests, as the configuration names them; no alert can add one.

The file is CSV with the columns from,to,kind,scope,title: times in ISO 8601 (UTC unless they say otherwise), the scope
a name or pattern (``web*``) of the assets concerned, several divided by blanks, ``*`` for all.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

from triage.errors import ConfigError

_HEADER: Final = ["from", "to", "kind", "scope", "title"]


class Planned(NamedTuple):
    """One entry of the calendar; half-open in time."""

    since: datetime
    until: datetime
    kind: str
    scope: tuple[str, ...]
    """Lower-case patterns."""
    title: str

    def concerns(self, names: Sequence[str]) -> bool:
        """Tell whether one of the names is in its scope."""
        return any(fnmatchcase(name.lower(), pattern) for name in names for pattern in self.scope)


class Calendar(NamedTuple):
    """All entries, by start."""

    entries: tuple[Planned, ...]

    def during(self, since: datetime, until: datetime, names: Sequence[str]) -> list[Planned]:
        """Return the entries that overlap [since, until] and concern one of the names."""
        return [one for one in self.entries if one.since <= until and since < one.until and one.concerns(names)]


NOTHING_PLANNED: Final = Calendar(())


def read_calendar(path: Path) -> Calendar:
    """Read a calendar. Raises ConfigError that names file, line and field."""
    try:
        rows = csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        if (header := next(rows, [])) != _HEADER:
            raise ConfigError(f"calendar.file {path}, line 1: the columns must be {','.join(_HEADER)}, found {header}")
        entries = [_planned(row, f"calendar.file {path}, line {rows.line_num}") for row in rows if row]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise ConfigError(f"calendar.file {path}: cannot be read: {exc}") from exc
    return Calendar(tuple(sorted(entries)))


def _planned(row: Sequence[str], place: str) -> Planned:
    if len(row) != len(_HEADER):
        raise ConfigError(f"{place}: expected {len(_HEADER)} fields, found {len(row)}")
    since, until, kind, scope, title = (field.strip() for field in row)
    start, end = _time(since, place, "from"), _time(until, place, "to")
    if start >= end:
        raise ConfigError(f"{place}: from must be before to")
    if not scope or not title:
        raise ConfigError(f"{place}: scope and title must not be empty; the scope * means all")
    return Planned(start, end, kind, tuple(scope.lower().split()), title)


def _time(text: str, place: str, field: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{place}: {field} {text[:40]!r} is no time such as 2026-01-31T08:00Z") from exc
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
