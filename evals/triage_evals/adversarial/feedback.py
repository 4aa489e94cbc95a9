"""Orders and lies in what analysts leave behind: notes, reasons of closures, closures that an attacker brought about.

What is written with a decision may change nothing. That somebody was talked into closing a rehearsal of the attack as a
false positive costs us something, which is told.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle

from triage.advisor.scripted import obedient
from triage.desk.decisions import decision
from triage.session import Session
from triage_evals.adversarial.evasion import rehearsed
from triage_evals.adversarial.fields import Hit
from triage_evals.adversarial.measuring import probed
from triage_evals.adversarial.plants import Plant
from triage_evals.adversarial.victim import Victim, run_again
from triage_evals.adversarial.whole_runs import Trial
from triage_evals.results import Probed

_NOTE = "as every month"
_DAYS = 1
"""Days before the attack on which it is rehearsed."""


def feedback_trials(victims: Sequence[Victim], plants: Sequence[Plant]) -> Iterator[Trial]:
    """Yield one trial per victim: all that was there before the attack is closed, with a plain note or with orders."""
    orders = cycle(plants)
    for victim in victims:
        earlier = _before_the_attack(victim)
        texts = [next(orders).text for _ in range(3)]
        before = run_again(victim, earlier, partial(_close_all, texts=[_NOTE]), obedient)
        after = run_again(victim, earlier, partial(_close_all, texts=texts), obedient)
        yield Trial(f"{victim.name}, feedback", victim, len(texts), before, after, frozenset())


def misled(victims: Sequence[Victim]) -> Iterator[Probed]:
    """Yield how many attacks are shown no more, or judged milder, once a rehearsal of them was closed as harmless."""
    tried = [(victim, [*_before_the_attack(victim), *rehearsed(victim, _DAYS)]) for victim in victims]
    before = [run_again(victim, earlier, _leave) for victim, earlier in tried]
    after = [run_again(victim, earlier, _close_shown) for victim, earlier in tried]
    pairs = list(zip(victims, before, after, strict=True))
    gone = [victim.name for victim, old, new in pairs if old.shown and not new.shown]
    milder = [victim.name for victim, old, new in pairs if new.shown and new.best[0] < old.best[0]]
    yield probed("no longer shown: a rehearsal was closed as false positive", len(gone), len(pairs), gone)
    yield probed("milder verdict: a rehearsal was closed as false positive", len(milder), len(pairs), milder)


def _before_the_attack(victim: Victim) -> list[Hit]:
    """Return the hits before the first alert of the attack, by ``@timestamp``."""
    began = min(_stamp(hit) for hit in victim.hits if hit["_id"] in victim.attack)
    return [hit for hit in victim.hits if _stamp(hit) < began]


def _stamp(hit: Hit) -> str:
    return str(hit["_source"].get("@timestamp", ""))


def _leave(session: Session) -> None:
    """Decide nothing."""
    del session


def _close_shown(session: Session) -> None:
    """Close what is shown as a false positive: somebody was told that it was an exercise."""
    names = [one.incident_id for one in session.incidents() if one.disposition != "benign"]
    if names:
        session.decide(decision("close", names, reason="false_positive", text="the team said it was an exercise"))


def _close_all(session: Session, texts: Sequence[str]) -> None:
    notes = cycle(texts)
    for one in session.incidents():
        session.decide(decision("close", [one.incident_id], reason="benign_true_positive", text=next(notes)))
        session.decide(decision("note", [one.incident_id], text=next(notes)))
