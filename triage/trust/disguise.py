"""Undoes the disguises of a text: look-alike letters, hidden characters, encodings, leetspeak, letters set apart.

Every function is pure and bounded; what comes out is for detectors, never for a person to read.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

VIEWS = 24
"""Readings of one text that are looked at, at most."""
_DEPTH = 3
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

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|&#|&[A-Za-z]{2,8};|\\[xuU0-7]|%u[0-9A-Fa-f]{4}|[A-Za-z0-9+/_-]{16}")
_ESCAPE = re.compile(
    r"(?:\\x|\\u00|%u00)([0-9A-Fa-f]{2})|(?:\\u|%u)([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\([0-3][0-7]{2})"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:0x)?((?:[0-9A-Fa-f]{2}[ :]?){8,})(?![0-9A-Fa-f])")
_APART = re.compile(r"(?:(?<![^\W_])[^\W_](?:[\W_]{1,6}|$)){8,}")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_BANG = re.compile(r"[!|](?=\w)")
_MIXED = re.compile(r"[^\W\d_][0134567@$!|]|[0134567@$!|][^\W\d_]")


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
        return _UNSEEN.sub("", text).lower()
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
    return " ".join(re.sub(r"[\W_]+", "", run[0]) for run in _APART.finditer(folded))


def is_mixed(folded: str) -> bool:
    """Tell whether digits or signs stand within words, as in leetspeak."""
    return _MIXED.search(folded) is not None


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
    if not _ENCODED.search(text):
        return
    if "%" in text:
        yield from _changed(view, unquote(text), "percent")
    if "&" in text:
        yield from _changed(view, html.unescape(text), "HTML entities")
    if "\\" in text or "%u" in text:
        yield from _changed(view, _ESCAPE.sub(_unescape, text), "escapes")
    yield from _runs(view)


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
            text = _readable(_from_base64(part))
            if text:
                yield View(text, _within(view, run), "base64")


def _within(view: View, run: re.Match[str]) -> tuple[int, int]:
    """A part of the original has its own place; a part of a decoded text has the place of that text."""
    return view.span if view.disguise else run.span()


def _from_base64(run: str) -> bytes:
    if len(run) < _SHORTEST_RUN or run.islower() or run.isupper() or run.isdigit():
        return b""
    stripped = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(stripped) % 4 == 1:
        return b""
    return base64.b64decode(stripped + "=" * (-len(stripped) % 4))


def _readable(data: bytes) -> str:
    """Return bytes as text where they are one, with NUL for blank as auditd writes it; '' where they are none."""
    wide = data[1:40:2].count(0) * 4 >= len(data[:40]) * 2 - 4 and len(data) > 4
    try:
        text = data.decode("utf-16-le" if wide else "utf-8").replace("\0", " ")
    except UnicodeDecodeError:
        return ""
    return text if len(text) >= _SHORTEST and _UNSEEN.sub("", " ".join(text.split())).isprintable() else ""


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
