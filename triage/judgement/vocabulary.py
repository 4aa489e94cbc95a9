"""The common words of detection rules over all vendors and what they mean (``data/behaviours.csv``).

The words of a rule's name are a hint, not a fact: they may raise a verdict or word a title, and lower nothing.
"""

import csv
import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a rule says it saw."""

    phrase: str
    """Starts with an upper-case letter, no full stop."""
    tactic: str
    """ATT&CK short name."""


@lru_cache(maxsize=4096)
def said(text: str) -> Meaning | None:
    """Return what the words of a rule or message mean; the first match speaks."""
    return next((meaning for pattern, meaning in vocabulary() if pattern.search(text)), None)


@lru_cache(maxsize=1)
def vocabulary() -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    """Return the patterns in their order, with their meaning."""
    text = (files("triage") / "data" / "behaviours.csv").read_text(encoding="utf-8")
    return tuple(
        (re.compile(row["pattern"], re.IGNORECASE), Meaning(row["phrase"], row["tactic"]))
        for row in csv.DictReader(text.splitlines())
    )
