"""Cuts JSON that is not one document a line into its documents, without parsing them and in bounded memory.

For arrays and for objects written one after the other over several lines. A broken document is passed on as it is and
becomes a dead letter; brackets that never close swallow the rest of the file, which the caller then reports.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import orjson

ELEMENT_BYTES: Final = 64 << 20
"""A longer element is given up; a Zircolite rule with many matches is long and still one element."""

_SKIPPED: Final = rb'(?:[^"{}\[\]%s]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]%s])'
_BETWEEN: Final = re.compile(_SKIPPED % (b",", b","), re.DOTALL)
_INSIDE: Final = re.compile(_SKIPPED % (b"", b""), re.DOTALL)
_OPENING: Final = frozenset(b"{[")
_NEWLINES: Final = re.compile(rb"[\r\n]+")


class Element(NamedTuple):
    """One document as one line, without the newline."""

    line: bytes
    whole: bool
    """False when the input ended, or the element was given up, before its brackets closed."""


def elements(pieces: Iterable[bytes], *, array: bool) -> Iterator[Element]:
    """Yield the elements of a JSON array, or the objects that follow one another where ``array`` is False."""
    scanner = _Scanner(base=1 if array else 0)
    for piece in pieces:
        yield from scanner.feed(piece)
        if scanner.held > ELEMENT_BYTES:
            break
    yield from scanner.end()


class _Scanner:
    """Follows brackets and strings; ``base`` is the depth at which elements stand."""

    def __init__(self, base: int) -> None:
        self._base = base
        self._depth = 0
        self._buffer = b""
        self._at = 0  # where to look on
        self._start = 0  # where the present element begins

    @property
    def held(self) -> int:
        """Bytes of the element that is not complete yet."""
        return len(self._buffer) - self._start

    def feed(self, piece: bytes) -> Iterator[Element]:
        """Yield the elements that are complete with this piece."""
        self._buffer = self._buffer[self._start :] + piece
        self._at, self._start = self._at - self._start, 0
        while match := (_INSIDE if self._depth > self._base else _BETWEEN).match(self._buffer, self._at):
            self._at = match.end()
            yield from self._token(match[1][0])

    def _token(self, token: int) -> Iterator[Element]:
        before = self._depth
        if token in _OPENING:
            self._depth += 1
        elif token != ord(","):
            self._depth = max(before - 1, 0)
        if before < self._base:  # the bracket that opens the array
            self._start = self._at
        elif self._base == 0 and before == 1 and self._depth == 0:
            yield from self._cut(self._at)
        elif self._base == 1 and before == 1 and self._depth <= 1 and token not in _OPENING:
            yield from self._cut(self._at - 1)
            self._start = self._at

    def _cut(self, end: int) -> Iterator[Element]:
        line = _one_line(self._buffer[self._start : end])
        self._start = end
        if line:
            yield Element(line, whole=True)

    def end(self) -> Iterator[Element]:
        """Yield what is left, which is no whole element."""
        line = _one_line(self._buffer[self._start :])
        if line or self._depth:
            yield Element(line, whole=False)


def _one_line(text: bytes) -> bytes:
    return _NEWLINES.sub(b" ", text.strip())


def unfold(line: bytes) -> list[bytes]:
    """Return the alerts of an element: the matches of a Zircolite rule, the hits of a search response, else itself.

    A Zircolite match becomes ``{"title", "id", "description", "rule_level", "tags", "match": {...}}``.
    """
    if b'"matches"' not in line and b'"hits"' not in line:
        return [line]
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return [line]
    inner = _matches(document) if isinstance(document, dict) else None
    return [line] if inner is None else [orjson.dumps(each) for each in inner]


_RULE_KEYS: Final = ("title", "id", "description", "rule_level", "tags")


def _matches(document: dict[str, Any]) -> list[Any] | None:
    hits = document.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        found: list[Any] = hits["hits"]
        return found
    matches = document.get("matches")
    if isinstance(matches, list) and "title" in document:
        rule = {key: document[key] for key in _RULE_KEYS if key in document}
        return [rule | {"match": match} for match in matches]
    return None
