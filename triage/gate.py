"""The only way from text of alerts to a model: what passes is cleaned, bounded, marked as data and accounted for.

``prompt`` takes nothing but ``PromptText``, and only this module makes that, so that the type checker finds whoever
goes round it and a ``TypeError`` stops whoever has none. It holds for alerts as for notes, rule guides, past incidents
and threat intelligence: whatever this program did not write itself.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Formatter
from typing import Final, NamedTuple, NoReturn, final

from pydantic import JsonValue

from triage.injection import Finding, scan

FIELD_CHARS = 2_000
"""Characters of one text, unless the caller says otherwise."""
DEPTH = 6
"""Levels of nested data that are shown."""
ITEMS = 50
"""Members of one list or object that are shown."""
MARKER = "marker"
"""Placeholder of the line before and after the data of a prompt."""
_ELLIPSIS = "…"
_SHRINK = 8
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_REMOVED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_QUOTE, _END_QUOTE, _COLON = (
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    "\N{RATIO}",
)
_NEUTRAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<(?=[|/!?<a-zA-Z])"), _QUOTE),
    (re.compile(r"(?<=[|/?>a-zA-Z\"'-])>"), _END_QUOTE),
    (re.compile(r"\[(/?(?:inst|system|assistant|user|e\d+|tool\w*))\]", re.IGNORECASE), r"(\1)"),
    (re.compile(r"\]\("), "] ("),
    (re.compile(r"`{3,}|~{3,}"), "'''"),
    (re.compile(r"(?:^|(?<=\s))#{2,}(?=\s)"), "#"),
    (re.compile(r"\b(system|assistant|user|human|developer|tool)\s*:(?!\\)", re.IGNORECASE), rf"\1{_COLON}"),
)
"""Markup and chat tokens, and what stands for them: as readable, but nothing that a chat template or renderer knows."""


class Passage(NamedTuple):
    """What the gate did to a text."""

    removed: int = 0
    """Characters without a glyph that were left out."""
    neutralised: int = 0
    """Places of markup or chat tokens that were changed."""
    cut: int = 0
    """Characters, list members or levels beyond the bounds."""
    findings: tuple[str, ...] = ()
    """Kinds of instruction-like text in it, see ``injection.Finding``."""

    def __add__(self, other: object) -> "Passage":
        """Add up what was done to two texts."""
        if not isinstance(other, Passage):
            return NotImplemented
        kinds = tuple(sorted({*self.findings, *other.findings}))
        return Passage(self.removed + other.removed, self.neutralised + other.neutralised, self.cut + other.cut, kinds)


class _Key:
    """Shows that this module makes a PromptText."""


_KEY: Final = _Key()
Marker = Callable[[], str]


def fresh_marker() -> str:
    """Return a marker that nobody can foresee (64 random bits)."""
    return f"DATA-{secrets.token_hex(8)}"


@final
class PromptText:
    """Text that passed the gate. Has no public constructor, does not change, and is no ``str``."""

    __slots__ = ("_ours", "_passage", "_text")
    _ours: bool
    _passage: Passage
    _text: str

    def __init__(self, key: _Key, text: str, passage: Passage, *, ours: bool = False) -> None:
        if key is not _KEY:
            raise TypeError("only triage.gate makes PromptText; use quarantine()")
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_passage", passage)
        object.__setattr__(self, "_ours", ours)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("PromptText does not change")

    def __reduce__(self) -> NoReturn:
        raise TypeError("PromptText is made anew, not restored")

    def __repr__(self) -> str:
        return f"PromptText({len(self._text)} characters, {self._passage})"

    @property
    def passage(self) -> Passage:
        """What the gate did to it."""
        return self._passage


def quarantine(text: str, limit: int = FIELD_CHARS, *, mask: bool = False) -> PromptText:
    """Let one text pass as one line of at most ``limit`` (>= 1) characters.

    With ``mask``, instruction-like text is replaced by a note that says of which kind it was.
    """
    found = scan(text)
    shown, passage = _clean(_masked(text, found) if mask else text, limit)
    return PromptText(_KEY, shown, passage._replace(findings=tuple(finding.kind for finding in found)))


def quarantine_data(value: JsonValue, limit: int = FIELD_CHARS, depth: int = DEPTH) -> PromptText:
    """Let nested data pass, one ``path: value`` a line; each value bounded by ``limit``, lists and objects by ITEMS."""
    return lines(_flat("", value, limit, depth))


def own(text: str, limit: int = 20_000) -> PromptText:
    """Let a text pass that this program wrote (numbers, its tools, names of closed sets); it may stand outside marks.

    Never for anything that came from outside, not even in part.
    """
    shown = "\n".join(_clean(line, limit)[0] for line in text.split("\n"))
    return PromptText(_KEY, shown, Passage(), ours=True)


def lines(texts: Iterable[PromptText]) -> PromptText:
    """Return texts as lines of one; it is this program's own only if all of them are."""
    parts = list(texts)
    passage = sum((part._passage for part in parts), Passage())  # noqa: SLF001 - its own module
    joined = "\n".join(part._text for part in parts)  # noqa: SLF001
    return PromptText(_KEY, joined, passage, ours=all(part._ours for part in parts))  # noqa: SLF001


def prompt(template: str, new_marker: Marker = fresh_marker, /, **data: PromptText) -> str:
    """Fill a prompt: what is not this program's own may stand only between two lines that hold the ``marker``.

    Raises TypeError for anything but PromptText, and ValueError for a template and data that do not fit each other.
    """
    for name, text in data.items():
        if not isinstance(text, PromptText):
            raise TypeError(f"{name}: a prompt takes PromptText, not {type(text).__name__}")
    _check(template, data)
    texts = {name: text._text for name, text in data.items()}  # noqa: SLF001
    marker = new_marker()
    while any(marker in text for text in (template, *texts.values())):
        marker = new_marker()
    return template.format(**texts, **{MARKER: marker})


def _check(template: str, data: Mapping[str, PromptText]) -> None:
    fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template) if name is not None]
    names = {name for name, _, _ in fields} - {MARKER}
    if any(spec or conversion or not name.isidentifier() for name, spec, conversion in fields):
        raise ValueError("a placeholder of a prompt is a plain name")
    if names != set(data):
        raise ValueError(f"placeholders without data or data without placeholder: {sorted(names ^ set(data))}")
    outside = "".join(template.split(f"\n{{{MARKER}}}\n")[::2])
    exposed = [name for name, text in sorted(data.items()) if not text._ours and f"{{{name}}}" in outside]  # noqa: SLF001
    if exposed:
        raise ValueError(f"data outside the marks: {exposed}")


def _clean(text: str, limit: int) -> tuple[str, Passage]:
    considered = text[: limit * _SHRINK]
    normal = unicodedata.normalize("NFKC", considered)
    kept = "".join(_seen(char) for char in normal) if not (normal.isascii() and normal.isprintable()) else normal
    neutral, changes = kept, 0
    for pattern, instead in _NEUTRAL:
        neutral, times = pattern.subn(instead, neutral)
        changes += times
    cut = max(0, len(neutral) - limit) + len(text) - len(considered)
    shown = neutral[: limit - 1] + _ELLIPSIS if cut else neutral
    return shown, Passage(len(normal) - len(kept), changes, cut)


def _seen(char: str) -> str:
    """Return a character that has a glyph, a blank for any kind of space or line break, and else nothing."""
    if char in "\n\r\t\v\f\u2028\u2029\x85" or unicodedata.category(char) == "Zs":
        return " "
    hidden = unicodedata.category(char) in _REMOVED or _INVISIBLE.match(char)
    return "" if hidden else char


def _masked(text: str, found: Sequence[Finding]) -> str:
    end = len(text)
    for start, stop, kind in sorted(((*finding.span, finding.kind) for finding in found), reverse=True):
        if start < end:
            text = f"{text[:start]}(withheld: {kind}){text[min(stop, end) :]}"
            end = start
    return text


def _flat(path: str, value: JsonValue, limit: int, depth: int) -> Iterable[PromptText]:
    if isinstance(value, dict | list):
        members = (
            list(value.items()) if isinstance(value, dict) else [(str(place), one) for place, one in enumerate(value)]
        )
        if depth <= 0:
            yield _left_out(path, len(members))
            return
        for name, one in members[:ITEMS]:
            yield from _flat(f"{path}.{name}" if path else name, one, limit, depth - 1)
        if len(members) > ITEMS:
            yield _left_out(path, len(members) - ITEMS)
    else:
        yield quarantine(f"{path}: {value}" if path else str(value), limit)


def _left_out(path: str, number: int) -> PromptText:
    text = quarantine(f"{path}: {number} more left out")
    return PromptText(_KEY, text._text, text._passage + Passage(cut=number))  # noqa: SLF001
