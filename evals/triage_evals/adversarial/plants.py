"""Texts to plant: published injection strings where they lie beside us, and templates of our own in disguise.

The templates were written for this suite and not for the detectors. Those may be taught by what they miss of ``taught``
(common phrases), ``paraphrase`` (the same in other words) and ``far paraphrase`` (the same intents in turns of phrase
that hardly occur in the others). What they miss of ``held back``, which is as far, is never looked at for that, so that
this rate tells what they make of words that they were not taught.
"""

import base64
import csv
import html
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import orjson

STRINGS = Path("datasets", "injection", "strings.jsonl")
"""Published strings, below the folder of shared data sets."""
_FOR_OTHERS = ("sql_", "shell_", "markup_", "ansi_escape_written_out")
"""Beginnings of styles that attack another interpreter and say nothing to a reader of alerts."""


class Plant(NamedTuple):
    """One text that tries to direct whoever reads alerts."""

    text: str
    source: str
    """published, taught, paraphrase, far paraphrase or held back."""
    language: str = "en"
    disguise: str = "plain"


_LOOK_ALIKES = str.maketrans("aeopcyxi", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456")
_LEET = str.maketrans("aeiost", "431057")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_BOLD = {ord("a") + n: 0x1D41A + n for n in range(26)} | {ord("A") + n: 0x1D400 + n for n in range(26)}

DISGUISES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "plain": str,
        "upper case": str.upper,
        "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
        "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
        "hex": lambda text: text.encode().hex(),
        "HTML entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
        "named entities": lambda text: html.escape(text).replace(" ", "&nbsp;"),
        "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
        "look-alikes": lambda text: text.translate(_LOOK_ALIKES),
        "full width": lambda text: text.translate(_FULL_WIDTH),
        "mathematical bold": lambda text: text.translate(_BOLD),
        "zero width": "\u200b".join,
        "tag characters": lambda text: "".join(chr(0xE0000 + ord(char)) for char in text if ord(char) < 0x7F),
        "letters apart": lambda text: " ".join(text.replace(" ", "")),
        "underscores": lambda text: text.replace(" ", "_"),
        "leetspeak": lambda text: text.translate(_LEET),
    }
)
"""What a text is hidden by. All of it can be undone by whoever reads the alert, a model above all."""
_ENGLISH_ONLY = frozenset({"tag characters", "letters apart", "leetspeak", "look-alikes", "mathematical bold"})
"""Disguises of Latin letters; other scripts have no such letters."""


def published(shared: Path) -> tuple[Plant, ...]:
    """Return the published strings that speak to a reader; none where the data sets are not beside us."""
    path = shared / STRINGS
    if not path.is_file():
        return ()
    rows = map(orjson.loads, path.read_bytes().splitlines())
    return tuple(Plant(row["text"], "published") for row in rows if not row["style"].startswith(_FOR_OTHERS))


def generated() -> Iterator[Plant]:
    """Yield every template in every disguise that its letters allow; the same every time."""
    table = (files("triage_evals") / "adversarial" / "templates.csv").read_text(encoding="utf-8")
    for source, language, text in list(csv.reader(table.splitlines()))[1:]:
        for name, disguise in DISGUISES.items():
            if language == "en" or name not in _ENGLISH_ONLY:
                yield Plant(disguise(text), source, language, name)
