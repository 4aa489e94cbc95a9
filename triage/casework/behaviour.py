"""What an activity amounts to, in the words of an analyst: 'Credential theft', 'Web scan', ...

Taken from the first that says something: well-known words in the rule's name, its one ATT&CK technique, its tactics,
well-known words in a short message, and at last the rule's own name. Used for titles, the benign reading and the
response plan, never for the verdict: the words of a rule name are a hint, not a fact.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from triage.attack import KILL_CHAIN, TechniqueTable, kill_chain_order
from triage.investigation import ActivityBrief
from triage.judgement.vocabulary import said
from triage.wording import plain, sentence_case

Source = Literal["words", "technique", "tactic", "rule"]
"""Where a phrase comes from, the most telling first; a rule's own name is the last resort."""


class Behaviour(NamedTuple):
    """A short phrase and the tactic it stands for."""

    phrase: str
    """Starts with an upper-case letter, no full stop."""
    tactic: str
    """ATT&CK short name; '' where unknown."""
    source: Source = "words"


_MESSAGE_CHARS = 120
"""Longer messages are descriptions that mention everything an alert could mean."""


def behaviour(activity: ActivityBrief, techniques: TechniqueTable) -> Behaviour:
    """Return what the activity amounts to."""
    if meaning := _by_words(activity.rule[:300]):
        return meaning
    tactic = next(reversed([tactic for tactic in kill_chain_order(activity.tactics) if tactic in KILL_CHAIN]), "")
    known = [technique for technique in map(techniques.find, sorted(activity.techniques)) if technique]
    if len(known) == 1:
        return Behaviour(known[0].name, tactic or known[0].tactics[0], "technique")
    if tactic or known:
        tactic = tactic or known[0].tactics[0]
        return Behaviour(sentence_case(tactic.replace("-", " ")), tactic, "tactic")
    short_message = activity.message if len(activity.message) <= _MESSAGE_CHARS else ""
    return _by_words(short_message) or Behaviour(sentence_case(plain(activity.rule, 70).rstrip(".")), "", "rule")


@lru_cache(maxsize=4096)
def _by_words(text: str) -> Behaviour | None:
    """Pure, and remembered: a run has a few hundred rules and ten thousand activities."""
    return Behaviour(*meaning) if (meaning := said(text)) else None
