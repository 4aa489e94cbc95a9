"""Marks the facts of documents in which somebody wrote to whoever triages alerts.

Every text of the document counts, whatever its field; so does what two fields say only together.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from triage.columns import Facts
from triage.models import EntityKind
from triage.trust.doubts import MOST, doubts
from triage.trust.injection import MODEL_PROMPT, PLANTED, Finding, listed, scan, unlisted

_SHORTEST = 1
_PIECE = 200
"""Characters of a field up to which it may be a piece of a text that is spread over fields."""
_PHRASE = re.compile(r"(?:[^\W\d_]+[,.;:!?]? +){2}[^\W\d_]|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}")
"""A piece of a sentence: three words, or letters of a script without blanks."""
_CACHED_CHARS = 4_000_000
"""Of texts whose kinds are remembered; beyond this all are forgotten."""

_QUOTING = re.compile(
    r"\.(?:(?:prompt|completion|response)(?:s|_\w+)?|inputs?|outputs?|messages?|content|text|system_instructions"
    r"|arguments|result|reason|description)$|\.rule\.name$|\.threat\.(?:tactic|technique)\.\w+$",
    re.IGNORECASE,
)
"""Fields in which alerts of AI services tell what was said to a model, after OpenTelemetry's ``gen_ai``; and their own
words about it."""
_OWN_WORDS = re.compile(r"^\.(?:message|reason|description)$|\.(?:reason|description)$|\.rule\.name$", re.IGNORECASE)
"""Those of them in which an alert speaks for itself. It may quote there, too, what a model was told to do, yet nothing
that tells whoever triages the alert what to make of it."""
_ADVICE = re.compile(
    r"(?:description|remediation|recommend|mitigation|resolution|extended_?properties|reason|guide|note|help|advice)\w*$",
    re.IGNORECASE,
)
"""Fields in which a vendor tells the reader what an alert means and what to do: there, advice alone says nothing.
What the listed patterns find there still counts, and what means an order."""
_DIRECTING = frozenset({"verdict", "suppress", "claim"})
_OF_ENTITY = re.compile(
    r"\.(?:user|user_agent|host|source|destination|client|server|url|http|file|process|email|dns|tls|device|observer"
    r"|agent|related|labels|tags|cloud|organization|service|registry|network)\b",
    re.IGNORECASE,
)
"""Fields about whom or what an alert is; nobody quotes a conversation there."""


class Marked(NamedTuple):
    """What was found in the texts of a document."""

    facts: Facts
    """With flags for instruction-like text, where there is any."""
    doubts: tuple[str, ...]
    """Passages that deserve a second look, see ``trust.doubts``; none where the document is flagged."""


class _Read(NamedTuple):
    kinds: tuple[str, ...]
    doubts: tuple[str, ...]


class InstructionMarks:
    """Remembers the texts it has read, so that what documents repeat is scanned once."""

    __slots__ = ("_chars", "_read")

    def __init__(self) -> None:
        self._read: dict[tuple[str, bool], _Read] = {}
        self._chars = 0

    def on(self, facts: Facts, source: Mapping[str, Any]) -> Marked:
        """Return the facts, marked where the document holds instruction-like text, or else the passages in doubt.

        An alert of an AI service quotes what was said to its model; it is marked, but apart, if such text stands
        nowhere but where those quote. Whoever names a model cannot so hide what is in a user name, URL or host.
        """
        placed = list(_placed(source))
        kinds = self._of(placed)
        if not kinds:
            return Marked(facts, self._doubts(list(_unquoted(source)) if _is_about_model(facts) else placed))
        quoted = _is_about_model(facts) and not self._of(list(_unquoted(source))) and not self._directs(source)
        marks = {MODEL_PROMPT if quoted else PLANTED, *(f"{PLANTED}:{kind}" for kind in kinds)}
        return Marked(facts._replace(flags=tuple(sorted({*facts.flags, *marks}))), ())

    def _of(self, placed: list[tuple[str, str]]) -> set[str]:
        kinds = {kind for path, text in placed for kind in self._one(text, advice=_is_advice(path)).kinds}
        return kinds or {finding.kind for finding in _spread([one for one in placed if len(one[1]) <= _PIECE])}

    def _doubts(self, placed: list[tuple[str, str]]) -> tuple[str, ...]:
        """Return the passages in doubt of a document."""
        read = (self._one(text, advice=_is_advice(path)) for path, text in placed)
        return tuple(dict.fromkeys(doubt for one in read for doubt in one.doubts))[:MOST]

    def _directs(self, source: Mapping[str, Any]) -> bool:
        """Tell whether the alert's own words tell its reader what to make of it."""
        own = (text for path, text in _placed(source) if _OWN_WORDS.search(path) and not _OF_ENTITY.match(path))
        return any(_DIRECTING & set(self._one(text, advice=False).kinds) for text in own)

    def _one(self, text: str, *, advice: bool) -> _Read:
        read = self._read.get((text, advice))
        if read is None:
            self._chars += len(text)
            if self._chars > _CACHED_CHARS:
                self._read.clear()
                self._chars = len(text)
            read = self._read[text, advice] = _look(text, advice=advice)
        return read


def _look(text: str, *, advice: bool) -> _Read:
    found = listed(text) if advice else scan(text)
    kinds = tuple(finding.kind for finding in found)
    return _Read(kinds, () if kinds else tuple(doubt.text for doubt in doubts(text)))


def _is_advice(path: str) -> bool:
    return _ADVICE.search(path) is not None


def _spread(pieces: list[tuple[str, str]]) -> tuple[Finding, ...]:
    """Return what short fields say only together. Names and states beside each other are no sentence in free words."""
    spoken = [text for path, text in pieces if _PHRASE.search(text) and not _is_advice(path)]
    return listed("\n".join(text for _, text in pieces)) or unlisted("\n".join(spoken))


def _is_about_model(facts: Facts) -> bool:
    return any(ref.kind == EntityKind.MODEL for ref in facts.entities)


def _unquoted(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every text but those in fields where an alert of an AI service tells what was said to its model."""
    return ((path, text) for path, text in _placed(source) if _OF_ENTITY.match(path) or not _QUOTING.search(path))


def _placed(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every text in the order of the document, with the path of its field, which begins with a dot."""
    waiting: list[tuple[str, object]] = [("", source)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, str):
            if len(one) >= _SHORTEST:
                yield path, one
        elif isinstance(one, dict):
            waiting.extend((f"{path}.{name}", inner) for name, inner in reversed(one.items()))
        elif isinstance(one, list):
            waiting.extend((path, inner) for inner in reversed(one))
