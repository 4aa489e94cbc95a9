"""Plain lists: one indicator a line, or CSV with a header; ``#`` and ``//`` begin a comment."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from triage.intelligence.reading import Gathered, moment_of
from triage.intelligence.values import KINDS

_VALUE: Final = ("value", "indicator", "ioc", "ioc_value", "url", "domain", "ip", "ip_address", "dst_ip", "sha256_hash")
"""Names that the column of the indicator has in widespread lists, the first one present counts."""
_LINE_CHARS: Final = 10_000
_BARE: Final = frozenset(KINDS)


def read_list(lines: Iterable[str], gathered: Gathered) -> None:
    """Take a list; a line that is no indicator is counted.

    The first line tells whether it has columns: value, kind, confidence, valid_from, valid_until, labels, threat, tlp,
    id, all but the first optional.
    """
    told = _lines(lines, gathered)
    first = next(told, None)
    if first is None:
        return
    names = [name.strip().strip('"').lower() for name in first.split(",")]
    column = next((name for name in _VALUE if name in names), None)
    if column is None:
        for line in chain([first], told):
            gathered.value("", line.split(",")[0].split()[0].strip('"'))
        return
    for row in csv.DictReader(told, names, skipinitialspace=True, strict=False):
        _row(row, column, gathered)


def _row(row: Mapping[str | None, str | None], column: str, gathered: Gathered) -> None:
    def text(name: str) -> str:
        value = row.get(name)
        return value.strip() if isinstance(value, str) else ""

    confidence = text("confidence")
    gathered.value(
        kind if (kind := text("kind")) in _BARE else "",
        text(column),
        confidence=int(confidence) if confidence.isascii() and confidence.isdigit() and len(confidence) <= 3 else None,
        since=moment_of(text("valid_from")),
        until=moment_of(text("valid_until")),
        labels=tuple(text("labels").replace(";", " ").replace("|", " ").split()),
        threats=(text("threat"),) if text("threat") else (),
        tlp=text("tlp"),
        ref=text("id"),
    )


def _lines(lines: Iterable[str], gathered: Gathered) -> Iterator[str]:
    for line in lines:
        if len(line) > _LINE_CHARS:
            gathered.leave("line too long")
        elif (bare := line.replace("\0", "").strip()) and not bare.startswith(("#", "//")):
            yield bare
