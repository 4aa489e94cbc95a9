"""Undoes the disguises of a text: look-alike letters, hidden characters, encodings, leetspeak, letters set apart.

Every function is pure and bounded; what comes out is for detectors, never for a person to read.
"""

import base64
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

VIEWS = 24
"""Readings of one text that are looked at, at most."""
LEAST_APART = 8
"""Letters that stand apart in a row, from which on they are read as a word."""
_DEPTH = 3
_WINDOW = 20_000
_OVERLAP = 400
_SHORTEST = 8
_SHORTEST_RUN = 12
_MARKS = re.compile("[\u0300-\u036f]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]|[\U000e0000-\U000e0fff]"
)
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_LETTER = re.compile(r"(?:LETTER|SYMBOL) (?:SMALL CAPITAL |CAPITAL |SMALL |TURNED )?([A-Z])$")

_ALIKE = str.maketrans(
    "авеѕіјкмнорсԛтухһԁɡɩαβεικνορτυχγωաոսօցհյνɑıłøđħ",
    "abesijkmhopcqtyxhdgiabeiknoptuxywanuoghjvailodh",
)
"""Cyrillic, Greek, Armenian and rare Latin letters that look like a Latin one."""
_LEET = str.maketrans("01345678@$l", "oieasgtbasi")
"""Also l as i: 1 stands for both, so patterns for this reading are changed alike."""

_ENCODED = re.compile(
    r"%[0-9A-Fa-f]{2}|&#|&[A-Za-z]{2,8};|\\[xuU0-7]|%u[0-9A-Fa-f]{4}|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16}"
)
"""A run is looked at from its beginning only, or every place in it would be tried."""
_ESCAPE = re.compile(
    r"(?:\\x|\\u00|%u00)([0-9A-Fa-f]{2})|(?:\\u|%u)([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\([0-3][0-7]{2})"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:0x)?((?:[0-9A-Fa-f]{2}[ :]?){8,})(?![0-9A-Fa-f])")
_ENCODINGS = (
    ("utf-16-le", re.compile(rb"(?:[^\x00][\x00-\x06]|[\x10-\x2f]\x20){3,}", re.DOTALL)),
    ("utf-8", re.compile(rb".+", re.DOTALL)),
    ("utf-16-le", re.compile(rb"(?:.[\x00\x20\x30\x4e-\x9f\xac-\xd7\xff])+", re.DOTALL)),
)
"""How bytes are read, in this order, where they have that shape: UTF-16 of alphabets, UTF-8, UTF-16 of East Asia."""
_APART = re.compile(rf"(?:(?<![^\W_])[^\W_](?:[\W_]{{1,6}}|$)){{{LEAST_APART},}}")
_BETWEEN = re.compile(r"[\W_]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_BANG = re.compile(r"[!|](?=\w)")
_MIXED = re.compile(r"[^\W\d_][0134567@$!|]|[0134567@$!|][^\W\d_]")


_COMMON = "the|and|you|your|this|that|all|not|please|must|should|alert|incident|ignore|instructions"
_ROTATED_WORDS, _BACKWARD_WORDS = codecs.encode(_COMMON, "rot13").split("|"), _COMMON[::-1].split("|")
_ROTATED, _BACKWARDS = (
    re.compile(rf"\b(?:{words})\b.*?\b(?:{words})\b", re.IGNORECASE | re.DOTALL)
    for words in ("|".join(_ROTATED_WORDS), "|".join(_BACKWARD_WORDS))
)
"""Two of these words, turned, tell that a text is; what is read for nothing costs time only."""


class View(NamedTuple):
    """One reading of a text, or of a part of it."""

    text: str
    span: tuple[int, int]
    """Where it was found in the original."""
    disguise: str
    """What was undone, e.g. 'base64'; '' = nothing."""


def fold(text: str) -> str:
    """Return the text in lower case without accents, compatibility forms or unseen characters, of equal meaning."""
    if text.isascii():
        return (text if text.isprintable() else _UNSEEN.sub("", text)).lower()
    seen = _UNSEEN.sub("", text)
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", seen))).casefold()


def skeleton(folded: str) -> str:
    """Return folded text with every letter that looks like a Latin one replaced by it."""
    if folded.isascii():
        return folded
    return _FOREIGN.sub(lambda found: _latin(found[0]), folded).translate(_ALIKE)


def leet(folded: str) -> str:
    """Return folded text with digits and signs read as letters, and l read as i."""
    return _BANG.sub("i", folded).translate(_LEET)


def joined(folded: str) -> str:
    """Return the letters that stand apart (``i-g-n-o-r-e``) as one word; '' where there are none."""
    return " ".join(_BETWEEN.sub("", run[0]) for run in _APART.finditer(folded))


def is_mixed(folded: str) -> bool:
    """Tell whether digits or signs stand within words, as in leetspeak."""
    return _MIXED.search(folded) is not None


def windows(text: str) -> Iterator[tuple[int, View]]:
    """Yield the readings of a text of any length, read in parts that overlap, each with where its part begins."""
    for start in range(0, max(1, len(text) - _OVERLAP), _WINDOW - _OVERLAP):
        yield from ((start, view) for view in readings(text[start : start + _WINDOW]))


def readings(text: str) -> Iterator[View]:
    """Yield the text itself, then what it says decoded, again and again to a fixed depth; at most ``VIEWS``."""
    waiting = [View(text, (0, len(text)), "")]
    seen = {text}
    for depth in range(_DEPTH + 1):
        following: list[View] = []
        for view in waiting:
            yield view
            if depth < _DEPTH:
                fresh = [inner for inner in _decoded(view) if inner.text not in seen]
                following += fresh[: VIEWS - len(seen)]
                seen.update(inner.text for inner in fresh)
        waiting = following


def _decoded(view: View) -> Iterator[View]:
    text = view.text
    hidden = (
        "".join(chr(ord(char) - 0xE0000) for run in _TAGS.findall(text) for char in run) if not text.isascii() else ""
    )
    if hidden:
        yield View(hidden, view.span, "tag characters")
    if _may_hold(_ROTATED_WORDS, text) and _ROTATED.search(text):
        yield View(codecs.decode(text, "rot13"), view.span, "rot13")
    if _may_hold(_BACKWARD_WORDS, text) and _BACKWARDS.search(text):
        yield View(text[::-1], view.span, "reversed letters")
    if not _ENCODED.search(text):
        return
    if "%" in text:
        yield from _changed(view, unquote(text), "percent")
    if "&" in text:
        yield from _changed(view, html.unescape(text), "HTML entities")
    if "\\" in text or "%u" in text:
        yield from _changed(view, _ESCAPE.sub(_unescape, text), "escapes")
    yield from _runs(view)


def _may_hold(words: list[str], text: str) -> bool:
    """Tell whether one of the words may be in a text, in any case; cheap."""
    return not text.isascii() or any(map(text.lower().__contains__, words))


def _changed(view: View, decoded: str, disguise: str) -> Iterator[View]:
    if decoded != view.text:
        yield View(decoded, view.span, disguise)


def _runs(view: View) -> Iterator[View]:
    for run in _HEX.finditer(view.text):
        text = _readable(bytes.fromhex(re.sub("[ :]", "", run[1])))
        if text:
            yield View(text, _within(view, run), "hex")
    for run in _BASE64.finditer(view.text):
        for part in dict.fromkeys((run[0], *run[0].split("/"))):
            if len(part) >= _SHORTEST_RUN and (text := _readable(_from_base64(part))):
                yield View(text, _within(view, run), "base64")


def _within(view: View, run: re.Match[str]) -> tuple[int, int]:
    """A part of the original has its own place; a part of a decoded text has the place of that text."""
    return view.span if view.disguise else run.span()


def _from_base64(run: str) -> bytes:
    if run.islower() or run.isupper() or run.isdigit():
        return b""
    stripped = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(stripped) % 4 == 1:
        return b""
    return base64.b64decode(stripped + "=" * (-len(stripped) % 4))


def _readable(data: bytes) -> str:
    """Return bytes as text where they are one, with NUL for blank as auditd writes it; '' where they are none."""
    for encoding, shape in _ENCODINGS if len(data) >= _SHORTEST else ():
        if shape.fullmatch(data):
            try:
                text = data.decode(encoding).replace("\0", " ")
            except UnicodeDecodeError:
                continue
            if len(text) >= _SHORTEST and _UNSEEN.sub("", " ".join(text.split())).isprintable():
                return text
    return ""


def _unescape(found: re.Match[str]) -> str:
    code = int(found[4], 8) if found[4] else int(found[1] or found[2] or found[3], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else found[0]


@lru_cache(maxsize=4096)
def _latin(char: str) -> str:
    """Return the letter in the name of an enclosed, small-capital or similar symbol, or the character itself."""
    name = unicodedata.name(char, "")
    if name.startswith(("CYRILLIC", "GREEK", "ARMENIAN")):
        return char
    found = _LETTER.search(name)
    return found[1].lower() if found else char
