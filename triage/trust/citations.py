"""Checks sentences against the evidence they cite: a claim that its citation does not carry is struck, not believed.

What is checked is what a reader would act on: names in quotation marks or with a capital inside a sentence, words that
are no ordinary English (``vocabulary``), ``kind:value`` entities, addresses, hashes, technique ids, domains, times and
numbers. Each must stand in a cited statement or be the id of a cited alert.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from triage.models import Evidence
from triage.trust.vocabulary import is_ordinary

_CITATION = re.compile(r"\[(E\d+(?:\s*,\s*E\d+)*)\]")
_SENTENCE = re.compile(r"(?<=\])\.(?=\s|$)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|`([^`]*)`")
_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?![\w,])|\w[\w.:/\\@+-]*\w|\w")
_TELLING = re.compile(r"\d|[:@\\]|\w\.\w|\w_\w")
_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z][\w-]*")
"""A word with a capital inside a sentence: in English a name."""
_PLAIN = re.compile(r"(?<![\w.:/\\@+-])[a-z]{3,}(?![\w:/\\@+]|[.-]\w)")
"""A word in lower case that stands by itself; where it is no ordinary one it is a name, too."""
_WORDS = frozenset({"i", "utc", "att&ck", "mitre", "kql"})
"""Such words that name nothing of this case."""


class Checked(NamedTuple):
    """A sentence and whether its citations carry it."""

    sentence: str
    ok: bool
    struck_reason: str
    """Why it is struck; '' where it is not."""


class Narrative(NamedTuple):
    """All sentences of a text, those struck included."""

    sentences: tuple[Checked, ...]

    @property
    def struck(self) -> int:
        """Number of sentences that do not hold."""
        return sum(not one.ok for one in self.sentences)


def check_text(text: str, evidence: Sequence[Evidence]) -> Narrative:
    """Check every sentence of a text; a sentence ends with a citation and a full stop."""
    known = {one.evidence_id: one for one in evidence}
    return Narrative(tuple(_check(sentence, known) for sentence in sentences(text)))


def check(sentence: str, evidence: Sequence[Evidence]) -> Checked:
    """Check one sentence against the evidence that it cites as ``[E1]`` or ``[E1, E2]``."""
    return _check(sentence, {one.evidence_id: one for one in evidence})


def sentences(text: str) -> list[str]:
    """Split a text behind each citation that ends a sentence; what follows the last one is a sentence too."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def _check(sentence: str, known: Mapping[str, Evidence]) -> Checked:
    cited = [name.strip() for group in _CITATION.findall(sentence) for name in group.split(",")]
    if not cited:
        return Checked(sentence, ok=False, struck_reason="cites no evidence")
    invented = sorted(set(cited) - known.keys())
    if invented:
        return Checked(sentence, ok=False, struck_reason=f"cites evidence that does not exist: {', '.join(invented)}")
    carried = _carried(known[name] for name in dict.fromkeys(cited))
    unsupported = [claim for claim in claims(_CITATION.sub(" ", sentence)) if not _holds(claim, carried)]
    if unsupported:
        return Checked(sentence, ok=False, struck_reason=f"not in what it cites: {', '.join(unsupported[:5])}")
    return Checked(sentence, ok=True, struck_reason="")


def claims(sentence: str) -> list[str]:
    """Return what a sentence says that can be looked up, in its order: quotations, and words with digits or signs."""
    quoted = [text for found in _QUOTED.finditer(sentence) for text in found.groups() if text]
    words = [word for word in _TOKEN.findall(sentence) if _TELLING.search(word)]
    names = [name for name in _NAME.findall(sentence) if name.casefold() not in _WORDS]
    rare = [word for word in _PLAIN.findall(sentence) if not is_ordinary(word)]
    return list(dict.fromkeys([*quoted, *words, *names, *rare]))


def _carried(evidence: Iterable[Evidence]) -> str:
    parts = []
    for one in evidence:
        parts += [one.statement, str(one.alert_count), f"{one.alert_count:,}"]
        parts += [text for ref in one.alerts for text in (ref.id, ref.index)]
    return "\n".join(parts).casefold()


def _holds(claim: str, carried: str) -> bool:
    """Tell whether a claim stands in the folded text as a whole: 12 is not in 312, nor in 12.5."""
    if claim.casefold() in _TOKEN.findall(carried):
        return True
    return re.search(rf"(?<![\w.,]){re.escape(claim.casefold())}(?![\w]|[.,]\d)", carried) is not None or (
        not claim[0].isalnum() and claim.casefold() in carried
    )
