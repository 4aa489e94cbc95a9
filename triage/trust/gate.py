"""The only way from text of alerts to a model: what passes is cleaned, bounded, marked as data and accounted for.

``prompt`` takes nothing but ``PromptText``, a model takes nothing but ``Prompt``, and only this module makes either, so
that the type checker finds whoever goes round it and a ``TypeError`` stops whoever has none. It holds for alerts as for
notes, rule guides, past incidents and threat intelligence: whatever this program did not write itself. With the names
of an incident (``Pseudonyms``), none of them is left in what passed; a prompt knows whether that holds for all of it.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Final, NamedTuple, NoReturn, final

from pydantic import JsonValue

from triage.trust.injection import scan, withheld
from triage.trust.pseudonyms import Pseudonyms

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

    __slots__ = ("_hidden", "_ours", "_passage", "_text")
    _hidden: bool
    _ours: bool
    _passage: Passage
    _text: str

    def __init__(self, key: _Key, text: str, passage: Passage, *, ours: bool = False, hidden: bool = False) -> None:
        if key is not _KEY:
            raise TypeError("only triage.trust.gate makes PromptText; use quarantine()")
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_passage", passage)
        object.__setattr__(self, "_ours", ours)
        object.__setattr__(self, "_hidden", hidden)

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


@final
class Prompt:
    """A filled prompt, the only thing that a model is given. Made by ``prompt``, does not change, and is no ``str``."""

    __slots__ = ("_hidden", "_passage", "_text")
    _hidden: bool
    _passage: Passage
    _text: str

    def __init__(self, key: _Key, text: str, passage: Passage, *, hidden: bool) -> None:
        if key is not _KEY:
            raise TypeError("only triage.trust.gate makes a Prompt; use prompt()")
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_passage", passage)
        object.__setattr__(self, "_hidden", hidden)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Prompt does not change")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Prompt is made anew, not restored")

    def __repr__(self) -> str:
        return f"Prompt({len(self._text)} characters, {self._passage})"

    @property
    def text(self) -> str:
        """What the model reads."""
        return self._text

    @property
    def hidden(self) -> bool:
        """Whether every text from outside passed with pseudonyms, so that a model elsewhere may read it."""
        return self._hidden

    @property
    def passage(self) -> Passage:
        """What the gate did to all its texts."""
        return self._passage

    def again(self, complaint: PromptText) -> "Prompt":
        """Return the same prompt with this program's own words on what was wrong with the last answer below it."""
        if not complaint._ours:  # noqa: SLF001 - its own module
            raise ValueError("data outside the marks: the complaint")
        return Prompt(_KEY, f"{self._text}\n{complaint._text}\n", self._passage, hidden=self._hidden)  # noqa: SLF001


def quarantine(
    text: str, limit: int = FIELD_CHARS, *, mask: bool = False, names: Pseudonyms | None = None
) -> PromptText:
    """Let one text pass as one line of at most ``limit`` (>= 1) characters.

    With ``mask``, instruction-like text is replaced by a note that says of which kind it was; with ``names``, what they
    know is replaced by its pseudonym: after cleaning, which could put a name together, and before cutting, which could
    leave a part of one.
    """
    found = scan(text)
    seen, passage = _clean(withheld(text) if mask and found else text, limit)
    shown, cut = _cut(names.hide(seen) if names else seen, limit, passage.cut)
    kinds = tuple(finding.kind for finding in found)
    return PromptText(_KEY, shown, passage._replace(cut=cut, findings=kinds), hidden=names is not None)


def quarantine_data(
    value: JsonValue, limit: int = FIELD_CHARS, depth: int = DEPTH, *, names: Pseudonyms | None = None
) -> PromptText:
    """Let nested data pass, one ``path: value`` a line; each value bounded by ``limit``, lists and objects by ITEMS."""
    return lines(_flat("", value, depth, lambda text: quarantine(text, limit, names=names)))


def own(text: str, limit: int = 20_000) -> PromptText:
    """Let a text pass that this program wrote (numbers, its tools, names of closed sets); it may stand outside marks.

    Never for anything that came from outside, not even in part.
    """
    shown = "\n".join(_cut(_clean(line, limit)[0], limit)[0] for line in text.split("\n"))
    return PromptText(_KEY, shown, Passage(), ours=True, hidden=True)


def lines(texts: Iterable[PromptText]) -> PromptText:
    """Return texts as lines of one; it is this program's own only if all of them are."""
    parts = list(texts)
    passage = sum((part._passage for part in parts), Passage())  # noqa: SLF001 - its own module
    joined = "\n".join(part._text for part in parts)  # noqa: SLF001
    ours, hidden = all(part._ours for part in parts), all(part._hidden for part in parts)  # noqa: SLF001
    return PromptText(_KEY, joined, passage, ours=ours, hidden=hidden)


def prompt(template: str, new_marker: Marker = fresh_marker, /, **data: PromptText) -> Prompt:
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
    filled = template.format(**texts, **{MARKER: marker})
    passage = sum((text._passage for text in data.values()), Passage())  # noqa: SLF001
    return Prompt(_KEY, filled, passage, hidden=all(text._hidden for text in data.values()))  # noqa: SLF001


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
    """Return the text without what has no glyph and with markup neutralised, uncut but for what no bound lets in."""
    considered = text[: limit * _SHRINK]
    normal = unicodedata.normalize("NFKC", considered)
    kept = "".join(_seen(char) for char in normal) if not (normal.isascii() and normal.isprintable()) else normal
    neutral, changes = kept, 0
    for pattern, instead in _NEUTRAL:
        neutral, times = pattern.subn(instead, neutral)
        changes += times
    left_out = len(text) - len(considered)
    if left_out:  # what is at its end may be the beginning of a name
        neutral = neutral[: neutral.rfind(" ") + 1]
    return neutral, Passage(len(normal) - len(kept), changes, left_out)


def _cut(text: str, limit: int, left_out: int = 0) -> tuple[str, int]:
    """Return the text in at most ``limit`` characters, and how many are missing."""
    cut = max(0, len(text) - limit) + left_out
    return (text[: limit - 1] + _ELLIPSIS if cut else text), cut


def _seen(char: str) -> str:
    """Return a character that has a glyph, a blank for any kind of space or line break, and else nothing."""
    if char in "\n\r\t\v\f\u2028\u2029\x85" or unicodedata.category(char) == "Zs":
        return " "
    hidden = unicodedata.category(char) in _REMOVED or _INVISIBLE.match(char)
    return "" if hidden else char


def _flat(path: str, value: JsonValue, depth: int, let_pass: Callable[[str], PromptText]) -> Iterable[PromptText]:
    if isinstance(value, dict | list):
        members = (
            list(value.items()) if isinstance(value, dict) else [(str(place), one) for place, one in enumerate(value)]
        )
        if depth <= 0:
            yield _left_out(path, len(members), let_pass)
            return
        for name, one in members[:ITEMS]:
            yield from _flat(f"{path}.{name}" if path else name, one, depth - 1, let_pass)
        if len(members) > ITEMS:
            yield _left_out(path, len(members) - ITEMS, let_pass)
    else:
        yield let_pass(f"{path}: {value}" if path else str(value))


def _left_out(path: str, number: int, let_pass: Callable[[str], PromptText]) -> PromptText:
    text = let_pass(f"{path}: {number} more left out")
    return PromptText(_KEY, text._text, text._passage + Passage(cut=number), hidden=text._hidden)  # noqa: SLF001
