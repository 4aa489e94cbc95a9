"""Finds text that directs its reader in words nobody listed: by which concepts it names close to each other.

``injection.py`` knows phrases; this knows that "whom it speaks to", "what to do with the case" and "how harmless it is"
within a few words are an order, whatever the words and the language. A linear model over concepts and pairs of them
(``concepts.py``) says how much a passage is one; ``scripts/train_directive.py`` makes its weights
(``data/directive.csv``) from the corpus beside it. Honest text asks, reports and refers; it seldom gives a verdict and
an order at once.
"""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations
from typing import NamedTuple

from triage.trust.concepts import Mention, mentions, mentions_in_run
from triage.trust.disguise import View, fold, is_mixed, joined, leet, skeleton

REACH = 20
"""Words of one passage."""
NEAR = 4
"""Words within which one concept stands right before another."""
THRESHOLD = 1.5
"""Weight from which on a passage directs its reader."""
LEAST = 3
"""Different concepts without which a passage is not looked at."""
WORDS_PER_SIGN = 4
"""Words between signs of code, at least."""
_SIGNS = re.compile(r"[{}\[\]<>|&;=\\/$@#\"+*^`_]|[.:](?=\w)")
_PROSE = re.compile(
    r"(?<![^\W\d_])(?:[^\W\d_]++[\W_]{1,4}+){3}[^\W\d_]{2}|(?:[^\W\d_][\W_]{1,3}){8}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{6}"
)
_BIAS = "bias"
_OTHER = "other"
_A_HAIR = 0.001
LEET, APART = "leetspeak", "letters set apart"
"""Names of disguises."""
_FORMS_KEPT = 8
"""Texts just read, which are looked at once more by their meaning."""


class Form(NamedTuple):
    """One way in which a text is read."""

    text: str
    disguise: str
    """What was undone to read it; '' = nothing."""
    found: list[Mention]
    """The concepts that it names."""


class Passage(NamedTuple):
    """Words close to each other and how much they direct their reader."""

    weight: float
    text: str
    """The folded text they stand in."""
    span: tuple[int, int]
    """Where."""
    disguise: str
    """What was undone to read them, beside what their view undid; '' = nothing."""


def is_prose(text: str) -> bool:
    """Tell whether a text holds words one after the other, as whatever speaks to a reader does. Cheap."""
    return _PROSE.search(text) is not None


def is_sentence(passage: str) -> bool:
    """Tell whether words follow each other as in speech; in code, paths and records more signs stand between them."""
    read = passage if " " in passage else passage.replace("_", " ")
    return len(_SIGNS.findall(read)) * WORDS_PER_SIGN <= len(read.split())


def directing(view: View) -> Passage | None:
    """Return the passage of a reading of a text which directs its reader; None where there is none."""
    if not is_prose(view.text):
        return None
    for form in forms(fold(view.text)):
        best = strongest(form.found, THRESHOLD)
        if best and best[0] >= THRESHOLD and is_sentence(form.text[slice(*best[1])]):
            return Passage(best[0], form.text, best[1], form.disguise)
    return None


@lru_cache(maxsize=_FORMS_KEPT)
def forms(folded: str) -> tuple[Form, ...]:
    """Return the ways in which a folded text is read, with what is named in each."""
    return tuple(_forms(folded))


def _forms(folded: str) -> Iterator[Form]:
    latin = skeleton(folded)
    yield Form(folded, "", mentions(folded))
    if latin != folded:
        yield Form(latin, "look-alike letters", mentions(latin))
    if is_mixed(latin):
        read = leet(latin)
        yield Form(read, LEET, mentions(read, like_leet=True))
    if whole := joined(latin):
        yield Form(whole, APART, mentions_in_run(whole))


def strongest(found: Sequence[Mention], least: float = -math.inf) -> tuple[float, tuple[int, int]] | None:
    """Return of mentions, in the order of their places, how much the most directing passage is one, and its span.

    Passages that cannot weigh ``least`` are left out.
    """
    best = None
    for passage in passages(found):
        named = _named(tuple(sorted({one.concept for one in passage})))
        if named.most < least:
            continue
        total = round(_total(named, passage), 4)
        if best is None or total > best[0]:
            best = total, (passage[0].span[0], passage[-1].span[1])
    return best


def passages(found: Sequence[Mention]) -> Iterator[Sequence[Mention]]:
    """Yield the passages that hold enough to be weighed: from each mention on, a short and a long one.

    What stands behind a short order cannot so soften it.
    """
    for reach in (REACH // 2, REACH):
        end = 0
        for start, mention in enumerate(found):
            if start and mention.place == found[start - 1].place:
                continue
            while end < len(found) and found[end].place < mention.place + reach:
                end += 1
            if len({one.concept for one in found[start:end]}) >= LEAST:
                yield found[start:end]


class _Named(NamedTuple):
    weight: float
    """Of the bias, the concepts and their pairs."""
    most: float
    """What no passage that names these concepts weighs more than."""


def weight(passage: Sequence[Mention]) -> float:
    """Return how much the model takes a passage for an order: its ``features`` times their weights."""
    return _total(_named(tuple(sorted({one.concept for one in passage}))), passage)


def _total(named: _Named, passage: Sequence[Mention]) -> float:
    known, total = weights(), named.weight
    for pair in _following(passage):
        total += known.get(pair, 0.0)
    return total + known.get(_OTHER, 0.0) * _others(passage)


@lru_cache(maxsize=1 << 14)
def _named(present: tuple[str, ...]) -> _Named:
    known = weights()
    total = sum(known.get(name, 0.0) for name in _naming(present))
    pairs = (_pair(one, other) for one in present for other in present)
    gains = sum(max(0.0, known.get(name, 0.0)) for name in (*pairs, _OTHER))
    return _Named(total, total + gains + _A_HAIR)


def features(passage: Sequence[Mention]) -> dict[str, float]:
    """Return what the model weighs of a passage: concepts, pairs of them, what follows what closely, other words."""
    present = tuple(sorted({one.concept for one in passage}))
    return dict.fromkeys((*_naming(present), *_following(passage)), 1.0) | {_OTHER: _others(passage)}


def _naming(present: tuple[str, ...]) -> tuple[str, ...]:
    return (_BIAS, *present, *(f"{one}+{other}" for one, other in combinations(present, 2)))


def _following(passage: Sequence[Mention]) -> dict[str, None]:
    """Return, each once and in order, which concept stands closely behind which."""
    told: dict[str, None] = {}
    for number, (place, concept, _) in enumerate(passage, start=1):
        for other in passage[number:]:
            if other.place > place + NEAR:
                break
            if other.place > place:
                told[_pair(concept, other.concept)] = None
    return told


@cache
def _pair(concept: str, other: str) -> str:
    return f"{concept}>{other}"


def _others(passage: Sequence[Mention]) -> float:
    """Return the words that name nothing, as a share of the longest passage."""
    words = passage[-1].place - passage[0].place + 1
    return max(0, words - len({one.place for one in passage})) / REACH


@cache
def weights() -> dict[str, float]:
    """Return the weight of each feature; one that is not there weighs nothing."""
    text = (files("triage") / "data" / "directive.csv").read_text(encoding="utf-8")
    return {row["feature"]: float(row["weight"]) for row in csv.DictReader(text.splitlines())}
