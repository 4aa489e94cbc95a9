"""Marks the facts of documents in which somebody wrote to whoever triages alerts.

Every text of the document counts, whatever its field; so does what two fields say only together.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from triage.columns import Facts
from triage.injection import MODEL_PROMPT, PLANTED, scan
from triage.models import EntityKind

_SHORTEST = 4
_PIECE = 200
"""Characters of a field up to which it may be a piece of a text that is spread over fields."""
_CACHED = 100_000


class InstructionMarks:
    """Remembers the texts it has read, so that what a page repeats is scanned once."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, ...]] = {}

    def on(self, facts: Facts, source: Mapping[str, Any]) -> Facts:
        """Return the facts, with flags for instruction-like text in the document where there is any.

        An alert about an AI model quotes what was said to that model; it is marked, but apart.
        """
        kinds = self._of(list(_texts(source)))
        if not kinds:
            return facts
        about_model = any(ref.kind == EntityKind.MODEL for ref in facts.entities)
        marks = {MODEL_PROMPT if about_model else PLANTED, *(f"{PLANTED}:{kind}" for kind in kinds)}
        return facts._replace(flags=tuple(sorted({*facts.flags, *marks})))

    def _of(self, texts: list[str]) -> set[str]:
        kinds = {kind for text in texts for kind in self._one(text)}
        return kinds or {finding.kind for finding in scan("\n".join(text for text in texts if len(text) <= _PIECE))}

    def _one(self, text: str) -> tuple[str, ...]:
        kinds = self._kinds.get(text)
        if kinds is None:
            if len(self._kinds) >= _CACHED:
                self._kinds.clear()
            kinds = self._kinds[text] = tuple(finding.kind for finding in scan(text))
        return kinds


def _texts(value: object) -> Iterator[str]:
    """Yield every text below a value in the order of the document, without recursion."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if len(one) >= _SHORTEST:
                yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
