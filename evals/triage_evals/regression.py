"""Compares an evaluation with accepted scores: what is worse, and by more than chance over the cases.

Scores are compared case by case, and the interval is that of the paired differences. Three things are a regression
whatever the interval says: an alert that is lost, an attack that was among the first ten and no longer is, and a
mean that is worse than the accepted interval.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from triage_evals.results import Mean, OwnOutcome, Results
from triage_evals.scoring import FIRST, SCORERS
from triage_evals.statistics import mean

BETTER: Mapping[str, str] = {scorer.name: scorer.better for scorer in SCORERS} | {"conservation": "higher"}


class Change(NamedTuple):
    """How one score moved over the cases that both evaluations have."""

    score: str
    accepted: Mean
    now: Mean
    gain: Mean
    """Paired differences, counted so that more is better."""

    @property
    def regressed(self) -> bool:
        """Tell whether it is worse beyond the interval."""
        sign = 1 if BETTER.get(self.score, "higher") == "higher" else -1
        edge = self.accepted.low if sign > 0 else self.accepted.high
        return self.gain.value < 0 and (self.gain.high < 0 or sign * (self.now.value - edge) < 0)


def changes(accepted: Results, now: Results) -> list[Change]:
    """Return how every score moved over the cases in common."""
    before = {one.case: one for one in accepted.cases}
    pairs = [(before[one.case], one) for one in now.cases if one.case in before]
    names = [name for name in BETTER if all(name in a.scores and name in b.scores for a, b in pairs)]
    return [_change(name, pairs) for name in names] if pairs else []


def _change(name: str, pairs: list[tuple[OwnOutcome, OwnOutcome]]) -> Change:
    sign = 1 if BETTER[name] == "higher" else -1
    old, new = ([one[side].scores[name].value for one in pairs] for side in (0, 1))
    return Change(name, mean(old), mean(new), mean([sign * (b - a) for a, b in zip(old, new, strict=True)]))


def regressions(accepted: Results, now: Results) -> Iterator[str]:
    """Yield a sentence for everything that regressed; nothing when all is as good as accepted."""
    yield from _talked_round(accepted, now)
    found = changes(accepted, now)
    if not found and (accepted.cases or now.cases):
        yield "no case in common with the accepted scores, so nothing could be compared"
    for one in found:
        if one.regressed:
            yield f"{one.score}: {one.now.value:.3g} instead of {one.accepted.value:.3g} over {one.now.count} cases"
    yield from _lost(accepted, now)


def _talked_round(accepted: Results, now: Results) -> Iterator[str]:
    """Yield what an adversary achieves more of than is allowed, or than accepted by more than chance."""
    before = {one.name: one for one in accepted.adversarial.measures} if accepted.adversarial else {}
    for one in now.adversarial.measures if now.adversarial else ():
        was = before.get(one.name)
        worse = was is not None and (one.high < was.share if one.most is None else one.low > was.share)
        if worse or (one.most == 0 and one.missed):
            yield f"adversarial suite, {one.name}: {one.count} of {one.of}"


def _lost(accepted: Results, now: Results) -> Iterator[str]:
    before = {one.case: one for one in accepted.cases}
    for one in now.cases:
        if one.scores["conservation"].value < 1:
            yield f"{one.case}: alerts are not conserved: {one.scores['conservation'].reason}"
        if one.shuffled_differs:
            yield f"{one.case}: another order of alerts changed {', '.join(one.shuffled_differs)}"
        if one.case in before:
            for attack in sorted(_found(before[one.case]) - _found(one)):
                yield f"{one.case}: {attack} is no longer among the first {FIRST}"


def _found(outcome: OwnOutcome) -> set[str]:
    return {one.attack for one in outcome.attacks if one.rank is not None and one.rank <= FIRST}
