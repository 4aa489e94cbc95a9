"""Finds text in alerts that is written for whoever triages them: instructions, verdicts, fake turns, hidden characters.

It is a detector, not a defence: what it finds is evidence that raises urgency; nothing depends on its finding all. The
patterns and one example of each are in ``data/injection.csv``. Words are compared after folding (case, accents,
look-alikes), decoding (``disguise``) and with every separator read as one blank.

Not found, because honest text says the same: mere mood ("routine maintenance"), and code for other interpreters (SQL,
shell, script tags), which the detectors of those are there for.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from triage.trust.directive import APART, LEET, directing
from triage.trust.disguise import LEAST_APART, View, fold, is_mixed, joined, leet, skeleton, windows
from triage.trust.untrusted import clean

PLANTED = "injection"
"""Flag of facts that hold instruction-like text; ``injection:KIND`` says of which kinds."""
MODEL_PROMPT = "model_prompt"
"""The same in an alert about an AI model: what was said to that model, which such an alert always quotes."""
EXCERPT_CHARS = 160
_UNLISTED = "names whom it speaks to, what is to be done and how harmless it is close to each other"
_RECALLED_CHARS = 1_000
_STEM = 4
_WORD = re.compile(r"[^\W_]+")
_WITHOUT_BLANKS = frozenset({"zh", "ja", "ko", "ar"})
"""Languages in which a word may begin in the middle of a run of letters."""
_BEFORE, _AFTER, _REACH = 16, 48, 32
"""Words looked at before and after an anchor; no pattern reaches further than ``_REACH`` after it."""
_GAP = ((r"~~", 10), (r"~", 4))

_SIGNS: tuple[tuple[str, str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, why, literals, re.compile(pattern, re.IGNORECASE))
    for kind, why, literals, pattern in (
        (
            "terminal",
            "holds a terminal escape sequence",
            ("\x1b", "\\x1b", "\\x9", "#033", "\\033", "\\e]8", "\\u001b"),
            r"\x1b[\[\]PX^_(]|\x9b|\x9d|\\x1b[\[\]]|\\x9[bd]|#033[\[\]]|\\(?:033|e)\]8;;|\\u001b[\[\]]",
        ),
        (
            "hidden",
            "holds invisible tag characters",
            ("\\u000e00",),
            "[\U000e0020-\U000e007e]{4}|\\\\U000e00[2-7][0-9a-f]",
        ),
        ("hidden", "changes the direction of its letters", ("\\u202",), "[\u202d\u202e]|\\\\u202[de]"),
        (
            "turn",
            "holds the mark-up of a chat",
            ("<|", "<im_", "inst]", "sys>>", "_of_turn>", "instruction", "system_prompt>", "assistant>"),
            (
                r"<\|[a-z_]{3,20}\|>|<\|?im_(?:start|end)\|?>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>"
                r"|</?(?:instructions?|system_prompt|assistant)>"
            ),
        ),
        (
            "turn",
            "poses as a turn of a conversation",
            ("system", "assistant", "developer", "###"),
            (
                r"(?:\n|\\n|^)\s*(?:###?\s*)?(?:system|assistant|developer)\s*:\s*"
                r"(?:you\b|the user\b|ignore|this is|new |from now|always|override)"
                r"|###\s*(?:system|instructions?|new instructions?|response)\s*:|\"role\"\s*:\s*\"system\""
            ),
        ),
        (
            "task",
            "dictates the answer",
            ("respond", "repl", "answer", "say"),
            (
                r"\b(?:respond|reply|replying|answer|saying?)\s(?:only |simply |just |exactly )?(?:with\s|:\s?)?"
                "[\"'\u201c\u201d\u2018\u00ab]"
            ),
        ),
    )
)
"""Kind, why, and literals (in lower case) without one of which it cannot be in ASCII text."""
_WRITTEN_OUT = ("terminal", "escapes")
"""Honest scripts colour their output with escapes that are written out."""


class Finding(NamedTuple):
    """Text that is written for the reader of an alert."""

    kind: str
    """override, verdict, suppress, claim, address, role, leak, task, action, turn, terminal, hidden or directive; or
    likeness, see ``doubts``."""
    span: tuple[int, int]
    """Where in the text: of the words themselves where they stand there openly, else of what encodes them."""
    excerpt: str
    """What it says, decoded, cleaned and bounded; to be shown as a quotation, never to be followed."""
    why: str


class Pattern(NamedTuple):
    """A row of the data file, compiled for the three ways in which words are compared."""

    kind: str
    language: str
    anchors: tuple[str, ...]
    """Beginnings of words without which it cannot match (in scripts without blanks: parts of the text)."""
    also: frozenset[str]
    """Beginnings of further words without one of which it cannot match; empty = none is known."""
    why: str
    example: str
    words: re.Pattern[str]
    leet: re.Pattern[str]
    joined: re.Pattern[str]


def scan(text: str) -> tuple[Finding, ...]:
    """Return what the text tells its reader to do, one finding per kind, sorted by kind. Pure; linear in the text."""
    views = list(windows(text))
    return _merged(views, _in_view) or _merged(views, _directing)


def listed(text: str) -> tuple[Finding, ...]:
    """Return what ``scan`` finds by the listed patterns."""
    return _merged(windows(text), _in_view)


def unlisted(text: str) -> tuple[Finding, ...]:
    """Return what ``scan`` finds in words that no pattern lists, by what they are about."""
    return _merged(windows(text), _directing)


def _merged(views: Iterable[tuple[int, View]], look: Callable[[View], Iterable[Finding]]) -> tuple[Finding, ...]:
    """Return the first finding of each kind."""
    found: dict[str, Finding] = {}
    for start, view in views:
        for one in look(view):
            found.setdefault(one.kind, one._replace(span=(one.span[0] + start, one.span[1] + start)))
    return tuple(found[kind] for kind in sorted(found)) if found else ()


@lru_cache(maxsize=4096)
def recalled(text: str) -> tuple[Finding, ...]:
    """Return what ``scan`` says of a short text, which is read many times, as those of candidates are."""
    return scan(text)


def withheld(text: str, found: Iterable[Finding] | None = None) -> str:
    """Return the text with every instruction-like part replaced by a note that says of which kind it was.

    ``found`` are those parts; None = what ``scan`` finds.
    """
    end = len(text)
    if found is None:
        found = recalled(text) if end <= _RECALLED_CHARS else scan(text)
    for start, stop, kind in sorted(((*finding.span, finding.kind) for finding in found), reverse=True):
        if start < end:
            text = f"{text[:start]}(withheld: {kind}){text[min(stop, end) :]}"
            end = start
    return text


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return the patterns of the data file."""
    text = (files("triage") / "data" / "injection.csv").read_text(encoding="utf-8")
    return tuple(_pattern(row) for row in csv.DictReader(text.splitlines(), restval=""))


def _pattern(row: dict[str, str]) -> Pattern:
    source = row["pattern"]
    begin = "" if row["language"] in _WITHOUT_BLANKS else r"(?<!\w)"
    return Pattern(
        row["kind"],
        row["language"],
        tuple(fold(anchor)[:_STEM] for anchor in row["anchors"].split()),
        frozenset(row["also"].split()),
        row["why"],
        row["example"],
        re.compile(rf"{begin}(?:{_spaced(source)})"),
        re.compile(rf"{begin}(?:{_spaced(source)})".replace("l", "i")),
        re.compile(_unspaced(source)),
    )


def _spaced(source: str) -> str:
    """Compile ``~`` to a gap of up to four words, ``~~`` to one of up to ten."""
    for sign, words in _GAP:
        source = source.replace(sign, rf"(?:\w+ ){{0,{words}}}?")
    return _folded(source)


def _unspaced(source: str) -> str:
    for sign, words in _GAP:
        source = source.replace(sign, rf"\w{{0,{words * 7}}}?")
    return _folded(source).replace(" ", "").replace(r"\b", "").replace(r"\A", "")


def _folded(source: str) -> str:
    return source if source.isascii() else fold(source)


@cache
def _by_anchor(*, like_leet: bool = False) -> dict[str, tuple[int, ...]]:
    """Return the numbers of the patterns by anchor: numbers, because a compiled pattern is slow to hash."""
    index: dict[str, list[int]] = {}
    for number, pattern in enumerate(patterns()):
        for anchor in pattern.anchors:
            index.setdefault(anchor.replace("l", "i") if like_leet else anchor, []).append(number)
    return {anchor: tuple(dict.fromkeys(found)) for anchor, found in index.items()}


@cache
def _also(*, like_leet: bool) -> tuple[frozenset[str], ...]:
    """Return by number of pattern of what words one has to be there beside an anchor."""
    found = (pattern.also for pattern in patterns())
    return tuple(frozenset(stem.replace("l", "i") if like_leet else stem for stem in also) for also in found)


@cache
def _unspaced_anchors() -> tuple[str, ...]:
    return tuple(sorted({anchor for anchor in _by_anchor() if not anchor.isascii()}))


def _directing(view: View) -> Iterator[Finding]:
    if passage := directing(view):
        why = _why(_UNLISTED, passage.disguise or view.disguise)
        yield _finding(view, "directive", why, passage.span, passage.text)


def _in_view(view: View) -> Iterator[Finding]:
    yield from _in_signs(view)
    folded = fold(view.text)
    words = _WORD.findall(folded)
    yield from _in_words(view, folded, words, "")
    if not folded.isascii():
        latin = skeleton(folded)
        if latin != folded:
            folded, words = latin, _WORD.findall(latin)
            yield from _in_words(view, folded, words, "look-alike letters")
    if is_mixed(folded):
        read = leet(folded)
        yield from _in_words(view, read, _WORD.findall(read), LEET, like_leet=True)
    if list(map(len, words)).count(1) >= LEAST_APART and (whole := joined(folded)):
        yield from _in_joined(view, whole)


def _in_signs(view: View) -> Iterator[Finding]:
    lowered = view.text.lower() if view.text.isascii() else ""
    for kind, why, literals, sign in _SIGNS:
        if lowered and not any(map(lowered.__contains__, literals)):
            continue
        if (hit := sign.search(view.text)) and (kind, view.disguise) != _WRITTEN_OUT:
            yield _finding(view, kind, _why(why, view.disguise), hit.span(), view.text)


def _in_words(
    view: View, folded: str, words: list[str], disguise: str, *, like_leet: bool = False
) -> Iterator[Finding]:
    for number, places in _candidates(words, folded, like_leet=like_leet).items():
        pattern = patterns()[number]
        compiled = pattern.leet if like_leet else pattern.words
        hit = next(
            (hit for start, end in _windows(places, len(words)) if (hit := _match(compiled, words, start, end))), None
        )
        if hit:
            yield _finding(
                view, pattern.kind, _why(pattern.why, disguise or view.disguise), _place(folded, *hit), folded
            )


def _candidates(words: list[str], folded: str, *, like_leet: bool) -> dict[int, list[int]]:
    """Return the numbers of the patterns whose anchors occur, each with the numbers of the words where they do."""
    index, wanted = _by_anchor(like_leet=like_leet), dict[int, list[int]]()
    stems = [word[:_STEM] for word in words]
    possible = {number for anchor in index.keys() & stems for number in index[anchor]}
    if possible:
        also = _also(like_leet=like_leet)
        possible = {number for number in possible if not (also[number] and also[number].isdisjoint(stems))}
    if possible:
        for place, stem in enumerate(stems):
            for number in index.get(stem, ()):
                if number in possible:
                    wanted.setdefault(number, []).append(place)
    if not folded.isascii():
        for anchor in _unspaced_anchors():
            if anchor in folded:
                for number in index[anchor]:
                    wanted[number] = list(range(0, len(words), _AFTER))
    return wanted


def _windows(places: list[int], words: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of words so that whatever a pattern finds around each of the places lies within one of them."""
    last = -_AFTER
    for place in places:
        if place > last + _AFTER - _REACH or last < 0:
            yield max(0, place - _BEFORE), min(words, place + _AFTER)
            last = place


def _match(pattern: re.Pattern[str], words: list[str], start: int, end: int) -> tuple[int, int] | None:
    """Return the numbers of the first and the last word of a hit within these words."""
    line = ("_ " if start else "") + " ".join(words[start:end])
    hit = pattern.search(line)
    if hit is None:
        return None
    skipped = start - (1 if start else 0)
    return skipped + line.count(" ", 0, hit.start()), skipped + line.count(" ", 0, max(hit.start(), hit.end() - 1))


def _place(folded: str, first: int, last: int) -> tuple[int, int]:
    """Return where those words stand in the folded text."""
    spans = [word.span() for word in _WORD.finditer(folded)]
    return spans[first][0], spans[min(last, len(spans) - 1)][1]


def _in_joined(view: View, whole: str) -> Iterator[Finding]:
    for pattern in patterns():
        if hit := pattern.joined.search(whole):
            yield Finding(pattern.kind, view.span, _excerpt(whole, hit.span()), _why(pattern.why, APART))


def _finding(view: View, kind: str, why: str, place: tuple[int, int], text: str) -> Finding:
    """A place in the original is exact where folding moved nothing."""
    exact = not view.disguise and len(text) == len(view.text)
    return Finding(kind, place if exact else view.span, _excerpt(view.text if exact else text, place), why)


def _excerpt(text: str, place: tuple[int, int]) -> str:
    """Return the words with a little of what stands around them."""
    room = max(0, EXCERPT_CHARS - (place[1] - place[0])) // 2
    return clean(text[max(0, place[0] - room) : place[1] + room].strip(), EXCERPT_CHARS)


def _why(why: str, disguise: str) -> str:
    return f"{why}, disguised by {disguise}" if disguise else why
