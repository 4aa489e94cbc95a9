"""Alert text is written by attackers: here it is bounded and made harmless before a person or a file sees it.

What is invisible or would act on a terminal is shown as a visible mark, never silently dropped: that a file name
holds a right-to-left override is a finding.
"""

import re
import unicodedata

_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Printable by category, yet without any glyph: joiners, fillers, variation selectors (which can carry hidden text)."""

_NAMED = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}U+{:04X}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_UNUSUAL = re.compile(r"[^\x20-\x7e]")
_ELLIPSIS = "…"
_SHRINK = 8
"""Normalisation shortens a text at most to this fraction."""

_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+!|~:@$^=]|^\s*-|(?<=\bwww)\.|(?<=\d)\.(?= )", re.IGNORECASE)
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_DOT = re.compile(r"(?<!\[)\.(?!\])")
_SCHEME = re.compile(r"\bh(tt)(ps?)(:)(?=//)", re.IGNORECASE)


def _mark(character: str) -> str:
    """Return a visible stand-in for one character that is invisible or acts."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else _NAMED.format(code)


def _visible(character: str, *, lines: bool) -> str:
    if character == "\n" and lines:
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    if character.isprintable() and not _INVISIBLE.match(character):
        return character
    return _mark(character)


def clean(text: str, limit: int, *, lines: bool = False) -> str:
    """Return the text in NFC, at most ``limit`` (>= 1) characters, with everything invisible or active made visible.

    Control, bidirectional, zero-width, tag and unassigned characters and lone surrogates become marks such as ``␛`` or
    ``U+202E`` in angle quotation marks; a cut is shown by ``…``. Line breaks are kept only with ``lines``. Cleaning
    twice changes nothing.
    """
    considered = text[: limit * _SHRINK]
    shown = unicodedata.normalize("NFC", considered.replace("\r\n", "\n"))
    if not shown.isascii() or not shown.isprintable():
        shown = _UNUSUAL.sub(lambda found: _visible(found[0], lines=lines), shown)
    if len(shown) <= limit and len(considered) == len(text):
        return shown
    return shown[: limit - 1] + _ELLIPSIS


def for_terminal(text: str, limit: int = 200) -> str:
    """Return one line that no terminal acts on. Print it as plain text: console markup is not escaped here."""
    return clean(text, limit)


def for_markdown(text: str, limit: int = 500) -> str:
    """Return one line that shows as it is in Markdown: no link, image, code, table, heading, HTML or autolink.

    ``limit`` counts the characters shown, not the escapes.
    """
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0].lstrip(), clean(text, limit).strip())
    return "".join(_HTML.get(character, character) for character in escaped)


def defang(indicator: str) -> str:
    """Return a URL, domain, address or mailbox that nobody follows by accident: ``hxxps[:]//evil[.]example``."""
    safe = _SCHEME.sub(lambda found: f"hxx{found[2]}[:]", indicator)
    return _DOT.sub("[.]", safe).replace("@", "[@]") if "[@]" not in safe else _DOT.sub("[.]", safe)
