"""The part of STIX patterning that says "this value is bad": equality, alternatives, networks.

A pattern that needs more than one observation cannot be answered by looking at one value, so it is not used, and
counted. The grammar's reference implementation needs milliseconds per pattern, this a few microseconds.
https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html section 9
"""

import re
from typing import Final

from triage.intelligence.values import Key, normal

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<op>ISSUBSET\b|IN\b|AND\b|OR\b|[=\[\](),])"
    r"|(?P<path>[a-z0-9-]+:[A-Za-z0-9_.\[\]*-]+(?:\.?'[^']*')?[A-Za-z0-9_.\[\]*]*))",
    re.IGNORECASE,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PATHS: Final = {
    "ipv4-addr:value": "network",
    "ipv6-addr:value": "network",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "mailbox",
    "email-message:from_ref.value": "mailbox",
    "email-message:sender_ref.value": "mailbox",
    "network-traffic:dst_ref.value": "",
    "network-traffic:src_ref.value": "",
}
MOST_CHARS: Final = 20_000


class _Reader:
    """Reads tokens from left to right; ValueError = more than this part of the language."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self.joins: set[str] = set()
        """How the comparisons inside brackets are joined."""

    def comparisons(self) -> list[tuple[str, list[str]]]:
        """Return (path, values) of every comparison of an alternative of observations."""
        found = self._observation()
        while self._at < len(self._pattern.rstrip()):
            self._expect("OR")
            found += self._observation()
        return found

    def _observation(self) -> list[tuple[str, list[str]]]:
        self._expect("[")
        found = [self._comparison()]
        while (joined := self._next("op")) in {"AND", "OR"}:
            self.joins.add(joined)
            found.append(self._comparison())
        if joined != "]":
            raise ValueError(joined)
        return found

    def _comparison(self) -> tuple[str, list[str]]:
        path = self._next("path")
        operator = self._next("op")
        if operator in {"=", "ISSUBSET"}:
            return path, [self._text()]
        if operator != "IN":
            raise ValueError(operator)
        self._expect("(")
        values = [self._text()]
        while (after := self._next("op")) == ",":
            values.append(self._text())
        if after != ")":
            raise ValueError(after)
        return path, values

    def _text(self) -> str:
        return _ESCAPED.sub(r"\1", self._next("text")[1:-1])

    def _expect(self, token: str) -> None:
        if self._next("op") != token:
            raise ValueError(token)

    def _next(self, kind: str) -> str:
        found = _TOKEN.match(self._pattern, self._at)
        if found is None or found[kind] is None:
            raise ValueError(kind)
        self._at = found.end()
        return found[kind].upper() if kind == "op" else found[kind]


def keys_of(pattern: str) -> list[Key]:
    """Return the values of which each one alone fulfils the pattern; empty where it asks for more than one thing.

    A file given by name *and* hash is known by its hash; a name alone is nobody's.
    """
    if len(pattern) > MOST_CHARS:
        return []
    reader = _Reader(pattern)
    try:
        compared = reader.comparisons()
    except ValueError:
        return []
    found = [key for path, texts in compared for text in texts if (key := _key(path, text))]
    if "AND" not in reader.joins:
        return found
    hashes = [key for key in found if key.kind == "hash"]
    return hashes if reader.joins == {"AND"} else []


def _key(path: str, text: str) -> Key | None:
    if path.lower().startswith("file:hashes"):
        return normal("hash", text)
    return normal(_PATHS[path.lower()], text) if path.lower() in _PATHS else None
