"""Which of a few concepts the words of a text name, in many languages: whom it speaks to, what it wants done, to what.

The words are in ``data/concepts.csv``: a concept, a language, and words of it, of which ``*`` marks beginnings. In
scripts without blanks a word may begin anywhere. Words are compared folded (``disguise.fold``).
"""

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from triage.trust.disguise import fold

PARTS = frozenset({"zh", "ja", "ko"})
"""Languages in which a word is looked for within runs of letters."""
NOTHING = "none"
"""Stands in the data file for words that name no concept though they begin like one that does."""
_WORD = re.compile(r"[^\W_]+")
_EAST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST = 12
"""Letters of a beginning that are compared."""
_LONG_PART = 5
"""Letters from which on a word is looked for within letters that were set apart."""


class Mention(NamedTuple):
    """A concept that a word names."""

    place: int
    """Number of the word in its text; a run without blanks counts as as many words as it may have."""
    concept: str
    span: tuple[int, int]
    """Where the word stands in the folded text."""


class _Words(NamedTuple):
    whole: dict[str, tuple[str, ...]]
    beginnings: dict[str, tuple[str, ...]]
    parts: dict[str, tuple[str, ...]]


def mentions(folded: str, *, like_leet: bool = False) -> list[Mention]:
    """Return the concepts that a folded text names, in its order; ``like_leet`` where every l is read as i."""
    found: list[Mention] = []
    place = 0
    for word in _WORD.finditer(folded):
        letters, start = word[0], word.start()
        if letters.isascii() or not _EAST.search(letters):
            if concepts := _of(letters, like_leet):
                found += [Mention(place, concept, word.span()) for concept in concepts]
            place += 1
        else:
            parts = _within(letters, east=True)
            found += [Mention(place + a // 2, concept, (start + a, start + b)) for a, b, concept in parts]
            place += 1 + len(letters) // 2
    return found


def mentions_in_run(letters: str) -> list[Mention]:
    """Return the concepts that a folded text without blanks names."""
    return [Mention(start // _LONG_PART, concept, (start, end)) for start, end, concept in _within(letters, east=False)]


@cache
def _words() -> _Words:
    text = (files("triage") / "data" / "concepts.csv").read_text(encoding="utf-8")
    whole: dict[str, list[str]] = {}
    beginnings: dict[str, list[str]] = {}
    parts: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        for word in row["words"].split():
            letters = fold(word.removesuffix("*"))
            table = parts if row["language"] in PARTS else beginnings if word.endswith("*") else whole
            table.setdefault(letters, []).append(row["concept"])
    return _Words(_frozen(whole), _frozen(beginnings), _frozen(parts))


def _frozen(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {word: tuple(sorted(set(names) - {NOTHING})) for word, names in table.items()}


@cache
def _words_like_leet() -> _Words:
    return _Words(*({word.replace("l", "i"): names for word, names in table.items()} for table in _words()))


@lru_cache(maxsize=1 << 16)
def _of(word: str, like_leet: bool) -> tuple[str, ...]:
    """Return the concepts of one word: those of the word itself, else of its longest known beginning."""
    whole, beginnings, _ = _words_like_leet() if like_leet else _words()
    if word in whole:
        return whole[word]
    for length in range(min(len(word), _LONGEST), 1, -1):
        if word[:length] in beginnings:
            return beginnings[word[:length]]
    return ()


def _within(run: str, *, east: bool) -> list[tuple[int, int, str]]:
    pattern, table = _any_part(east=east)
    return [(*hit.span(), concept) for hit in pattern.finditer(run) for concept in table[hit[0]]]


@cache
def _any_part(*, east: bool) -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    """Return a pattern for any word that is looked for within letters, the longest first, and its concepts."""
    whole, beginnings, parts = _words()
    latin = {word: names for word, names in (whole | beginnings).items() if len(word) >= _LONG_PART and word.isascii()}
    table = parts if east else latin
    return re.compile("|".join(map(re.escape, sorted(table, key=lambda word: (-len(word), word))))), table
