"""ATT&CK, ATT&CK for ICS and ATLAS ids and tactic names, found in what detectors write."""

import re
from collections.abc import Iterable
from functools import lru_cache

_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9])(?:AML\.)?T\d{4}(?:\.\d{3})?(?![0-9A-Za-z])", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

TACTIC_IDS = {
    "ta0043": "reconnaissance",
    "ta0042": "resource-development",
    "ta0001": "initial-access",
    "ta0002": "execution",
    "ta0003": "persistence",
    "ta0004": "privilege-escalation",
    "ta0005": "defense-evasion",
    "ta0006": "credential-access",
    "ta0007": "discovery",
    "ta0008": "lateral-movement",
    "ta0009": "collection",
    "ta0011": "command-and-control",
    "ta0010": "exfiltration",
    "ta0040": "impact",
    "ta0108": "initial-access",
    "ta0104": "execution",
    "ta0110": "persistence",
    "ta0111": "privilege-escalation",
    "ta0103": "evasion",
    "ta0102": "discovery",
    "ta0109": "lateral-movement",
    "ta0100": "collection",
    "ta0101": "command-and-control",
    "ta0107": "inhibit-response-function",
    "ta0106": "impair-process-control",
    "ta0105": "impact",
}
_ATLAS_ONLY = {"ai-model-access", "ai-attack-staging"}
TACTICS = frozenset(TACTIC_IDS.values()) | _ATLAS_ONLY
_ALIASES = {
    "stealth": "defense-evasion",  # ATT&CK 19 splits defense evasion into stealth and defense impairment
    "defense-impairment": "defense-evasion",
    "defence-evasion": "defense-evasion",
    "command-control": "command-and-control",
    "c2": "command-and-control",
    "recon": "reconnaissance",
    "ml-model-access": "ai-model-access",
    "ml-attack-staging": "ai-attack-staging",
}


@lru_cache(maxsize=8192)
def _techniques_in(text: str) -> tuple[str, ...]:
    return tuple(found.upper() for found in _TECHNIQUE.findall(text))


@lru_cache(maxsize=8192)
def tactic(text: str) -> str:
    """Return the short name of a tactic given by name or id ('LateralMovement', 'TA0008'), '' where it is none."""
    text = text.strip()
    if text[:2].lower() == "ta" and text[2:].isdigit():
        return TACTIC_IDS.get(text.lower(), "")
    name = re.sub(r"[\s_]+", "-", _CAMEL.sub("-", text)).lower().replace("-&-", "-and-")
    name = _ALIASES.get(name, name)
    return name if name in TACTICS else ""


def techniques(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted technique ids that occur in ``texts``, upper-case."""
    return tuple(sorted({found for text in texts for found in _techniques_in(text[:4096])}))


def tactics(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted short names of the tactics that ``texts`` name."""
    return tuple(sorted({tactic(text[:128]) for text in texts} - {""}))


def from_tags(tags: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return techniques and tactics of Sigma-like tags such as 'attack.t1558' or 'attack.credential_access, ...'."""
    words = [word for tag in tags for word in re.split(r"[,\s]+", tag[:4096]) if word.lower().startswith("attack.")]
    return techniques(words), tactics(word[len("attack.") :] for word in words)
