"""Passages in doubt: what no phrase and no word gives away, but what names some of what an order to a reader would.

They deserve a second look at their meaning (``likeness``), which costs more than this first one.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from triage.trust.concepts import Mention
from triage.trust.directive import APART, LEET, Form, forms, is_prose, is_sentence
from triage.trust.disguise import View, fold, windows
from triage.trust.injection import EXCERPT_CHARS, PLANTED, Finding
from triage.trust.untrusted import clean

KIND = "likeness"
FLAG = f"{PLANTED}:{KIND}"
"""Flag of facts that hold a passage which means an order."""
WORDS = 30
"""Words of a passage, about; what the embedding model reads of one text is several times that."""
MOST = 16
"""Passages of one text, and of one document."""
_GARBLED = (LEET, APART)
"""Disguises that cannot be undone well enough for a model of language: l read as i, no blanks between words."""
_WHY = "means in words of its own what an order to its reader means"
_PASSAGE_CHARS = 400
_OVERLAP, _AROUND = 10, 3
_MOST_OF_IT = 0.8
"""Share of a sentence from which on a part of it is told instead of the whole, too."""
_SENTENCE = re.compile(r"(?:[^.!?;\n\u3002\uff01\uff1f\\]|[.!?;](?!\s)|\\(?!n))+[.!?;\u3002\uff01\uff1f]?")
_WORD = re.compile(r"\S+")
_DIGITS = re.compile(r"\d+")


class Doubt(NamedTuple):
    """A passage that deserves a second look."""

    text: str
    """``as_read``, so that what a template repeats with other numbers is looked at once."""
    span: tuple[int, int]
    """Where in the original: of the passage where it stands there openly, else of what encodes it."""


def doubts(text: str) -> tuple[Doubt, ...]:
    """Return the passages that deserve a second look, each once, at most ``MOST``. Pure; linear in the text."""
    found: dict[str, Doubt] = {}
    for start, view in windows(text):
        for doubt in _of_view(view):
            moved = doubt._replace(span=(doubt.span[0] + start, doubt.span[1] + start))
            found.setdefault(doubt.text, moved)
            if len(found) == MOST:
                return tuple(found.values())
    return tuple(found.values())


def as_read(passage: str) -> str:
    """Return a passage as it is embedded: folded, its numbers all alike, bounded."""
    return _DIGITS.sub("0", fold(passage))[:_PASSAGE_CHARS]


def findings(text: str) -> tuple[Finding, ...]:
    """Return the doubts of a text whose alert was flagged, as what they were then found to be."""
    return tuple(
        Finding(KIND, doubt.span, clean(text[slice(*doubt.span)], EXCERPT_CHARS), _WHY) for doubt in doubts(text)
    )


def _of_view(view: View) -> Iterator[Doubt]:
    if not is_prose(view.text):
        return
    for form in forms(fold(view.text)):
        if form.disguise in _GARBLED:
            continue
        exact = not view.disguise and len(form.text) == len(view.text)
        for start, end in _passages(form):
            passage = as_read(form.text[start:end])
            if is_prose(passage) and is_sentence(passage):
                yield Doubt(passage, (start, end) if exact else view.span)


def _passages(form: Form) -> Iterator[tuple[int, int]]:
    """Yield where sentences name something: each by itself, and those that stand together."""
    sentences = list(_naming(form.text, sorted(form.found, key=_begin)))
    told = {sentence.span for sentence in sentences if _is_most(sentence)}
    yield from (sentence.core for sentence in sentences)
    yield from (place for place in _together(sentences) if place not in told)


class _Sentence(NamedTuple):
    span: tuple[int, int]
    core: tuple[int, int]
    """From a little before the first to a little behind the last word that names something: what stands there in front
    of an order, as in a user agent, would speak louder than it."""
    words: int


def _is_most(sentence: _Sentence) -> bool:
    """Tell whether the core is most of the sentence, which then need not be read twice."""
    (start, end), (first, last) = sentence.span, sentence.core
    return last - first >= _MOST_OF_IT * (end - start)


def _together(sentences: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """Join sentences as long as they are not more than ``WORDS`` together."""
    start = end = words = 0
    for sentence in sentences:
        if words and words + sentence.words > WORDS:
            yield start, end
            words = 0
        start, end, words = start if words else sentence.span[0], sentence.span[1], words + sentence.words
    if words:
        yield start, end


def _naming(text: str, found: Sequence[Mention]) -> Iterator[_Sentence]:
    """Yield each sentence that names a concept; of a long one its parts, which overlap."""
    for sentence in _SENTENCE.finditer(text):
        words = [word.span() for word in _WORD.finditer(text, *sentence.span())]
        for first in range(0, max(1, len(words) - _OVERLAP), WORDS):
            part = words[first : first + WORDS + _OVERLAP]
            named = _within(found, part[0][0], part[-1][1]) if part else ()
            if named:
                yield _Sentence((part[0][0], part[-1][1]), _core(part, named), len(part))


def _core(words: Sequence[tuple[int, int]], named: Sequence[Mention]) -> tuple[int, int]:
    first = bisect_right(words, named[0].span[0], key=itemgetter(0)) - 1
    last = bisect_right(words, named[-1].span[0], key=itemgetter(0)) - 1
    return words[max(0, first - _AROUND)][0], words[min(len(words) - 1, last + _AROUND)][1]


def _within(found: Sequence[Mention], start: int, end: int) -> Sequence[Mention]:
    """Return of mentions, sorted by where they begin, those that begin between two places."""
    return found[bisect_left(found, start, key=_begin) : bisect_left(found, end, key=_begin)]


def _begin(mention: Mention) -> int:
    return mention.span[0]
