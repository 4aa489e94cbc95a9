"""Hits that differ in nothing but their id and their time: only the first of them has to be parsed.

Both values are cut out of the line. What is left the same, around values that need no escape, is the same JSON with
other values at the same two places; that these places are the hit's own ``_id`` and ``@timestamp`` is tried out once.
"""

from typing import Any, NamedTuple

import orjson

Cut = tuple[bytes, bytes, bytes]
"""The line without its two values, its id, its time. A plain tuple, because every line has one."""


class Spelling(NamedTuple):
    """How a page writes what stands before the two values."""

    id: bytes
    time: bytes


COMPACT = Spelling(b'"_id":"', b'"@timestamp":"')
SPACED = Spelling(b'"_id": "', b'"@timestamp": "')


def spelling(lines: bytes) -> Spelling:
    """Return the spelling of a page's first hit."""
    return COMPACT if COMPACT.id in lines else SPACED


def cut(line: bytes, marks: Spelling) -> Cut | None:
    """Cut the first id and the first time after it out of a line; None where there are none."""
    id_mark, time_mark = marks
    found = line.find(id_mark)
    if found < 0:
        return None
    start = found + len(id_mark)
    stop = line.find(b'"', start)
    found = line.find(time_mark, stop)
    if found < 0:
        return None
    first = found + len(time_mark)
    last = line.find(b'"', first)
    return line[:start] + line[stop:first] + line[last:], line[start:stop], line[first:last]


def plain(value: bytes) -> str:
    """Return the text of a JSON string that has neither an escape nor a control character; '' for any other."""
    if b"\\" in value:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def are_own(line: bytes, parts: Cut, marks: Spelling) -> bool:
    """Tell whether what was cut out of a line is the id and the time of that hit, and not of something inside it."""
    rest, own_id, stamp = parts
    start = rest.find(marks.id) + len(marks.id)
    first = rest.find(marks.time, start) + len(marks.time)
    other = rest[:start] + own_id + b"?" + rest[start:first] + stamp + b"?" + rest[first:]
    names = plain(own_id), plain(stamp)
    return _values(line) == names and _values(other) == tuple(f"{name}?" for name in names)


def _values(line: bytes) -> tuple[Any, Any]:
    """Return id and time of a hit as they are read; any other JSON has none."""
    try:
        hit = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, None
    source = hit.get("_source") if isinstance(hit, dict) else None
    return (hit.get("_id"), source.get("@timestamp")) if isinstance(source, dict) else (None, None)
