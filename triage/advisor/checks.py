"""What a sentence of a model must stand before a person reads it as more than a struck line."""

import re
from collections.abc import Sequence

from triage.models import Evidence, Sentence
from triage.trust import citations
from triage.trust.injection import scan
from triage.wording import plain

SENTENCE_CHARS = 400
_VERDICT = re.compile(
    r"\b(?:benign|harmless|innocuous|innocent|legitimate|non-?malicious|not (?:malicious|suspicious|an attack|a threat)"
    r"|false (?:positive|alarm)s?|true positives?|no (?:threat|risk|danger|concern|action|evidence of)\w*"
    r"|nothing (?:to|unusual|suspicious|malicious)|safe(?:ly)?|close[ds]?|dismiss\w*|ignor(?:e|ed|ing)|suppress\w*"
    r"|whitelist\w*|allowlist\w*|downgrad\w*|low(?:er)?(?:ed)? (?:priority|urgency|severity)|de-?prioriti[sz]e\w*"
    r"|resolved|already (?:handled|known|verified|confirmed))\b",
    re.IGNORECASE,
)
"""Words with which a sentence would judge, calm or dispose, which is not for a model to do."""

_QUOTATION = re.compile(r"'[^']{2,}'")
_ASKING = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|do|does|did|is|are|was|were|has|have|had|can|could|on which"
    r"|from where|at what|by whom)\b",
    re.IGNORECASE,
)
"""How a question begins; what begins otherwise and ends in a question mark may be an assertion."""


def checked(text: str, cites: Sequence[str], evidence: Sequence[Evidence]) -> Sentence:
    """Return a sentence of a narrative; it is struck where its citations do not carry it, or where it judges."""
    shown, names = _shown(text), tuple(dict.fromkeys(plain(name, 12) for name in cites))
    why = _improper(shown, evidence) or _unsupported(shown, names, evidence)
    return Sentence(text=shown, cites=names, struck=bool(why), why=why)


def question(text: str, cites: Sequence[str], evidence: Sequence[Evidence], lead: str = "") -> Sentence:
    """Return a question of a model; the names and numbers in it must stand somewhere in the evidence.

    ``lead`` is this program's own beginning of the sentence.
    """
    shown, names = _shown(text), tuple(dict.fromkeys(plain(name, 12) for name in cites))
    known = {one.evidence_id for one in evidence}
    every = [one.evidence_id for one in evidence]
    why = _improper(shown, evidence)
    if not why and not (shown.endswith("?") and _ASKING.match(shown)):
        why = "is not a question"
    if not why and not set(names) <= known:
        why = "cites evidence that does not exist"
    if not why and citations.claims(shown):
        why = _unsupported(shown, every, evidence)
    return Sentence(text=f"{lead}{shown}", cites=names, struck=bool(why), why=why)


def _shown(text: str) -> str:
    return plain(text, SENTENCE_CHARS)


def _improper(text: str, evidence: Sequence[Evidence]) -> str:
    """Say why a sentence may not stand whatever it cites; '' = it may. Names that evidence quotes are no verdict."""
    if not text:
        return "is empty"
    own_words = text
    for quotation in (name for one in evidence for name in _QUOTATION.findall(one.statement)):
        own_words = own_words.replace(quotation, " ")
    if found := _VERDICT.search(own_words):
        return f"gives a verdict, which is not for a model: '{found[0]}'"
    if kinds := [finding.kind for finding in scan(text)]:
        return f"tries to direct its reader ({', '.join(kinds)})"
    return ""


def _unsupported(text: str, names: Sequence[str], evidence: Sequence[Evidence]) -> str:
    if not names:
        return "cites no evidence"
    if not citations.claims(text):
        return "says nothing that can be checked"
    sentence = f"{text.rstrip('.')} [{', '.join(names)}]."
    return citations.check(sentence, evidence).struck_reason
