"""How many attacks may have been missed: a blind random sample of what was judged benign, checked by people.

Each run draws a few of the activities it judged benign. Whoever checks one sees what happened, not why it was judged
benign. Their answers bound the share of attacks among everything that was judged so.
"""

from collections.abc import Sequence
from datetime import datetime
from math import comb
from typing import NamedTuple

from triage.condense import stable_key
from triage.judgement.teaching import Verdict

CONFIDENCE = 0.95
_STEPS = 60


class Sample(NamedTuple):
    """One activity that waits for, or has got, a person's answer; nothing in it tells how it was judged."""

    sample: int
    run_id: str
    activity: str
    detector: str
    rule: str
    message: str
    principal: str
    first: datetime
    last: datetime
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody calls
    """Alerts."""
    severity: float | None
    """0-100 as its vendor rates it; None = not rated."""
    entities: tuple[str, ...]
    answer: Verdict | None
    author: str
    """Who answered; '' = nobody yet."""


class Quality(NamedTuple):
    """What the answers say about misses."""

    drawn: int
    """Activities drawn by all runs."""
    drawn_from: int
    """Activities they were drawn from."""
    checked: int
    missed: int
    """Of those checked: attacks."""
    bound: float | None
    """Upper bound (CONFIDENCE, one-sided) of the share of attacks among what was judged benign; None = none checked."""


def draw(run_id: str, activities: Sequence[str], most: int) -> list[str]:
    """Return up to ``most`` of the activities at random; the same run draws the same ones, whatever their order."""
    return sorted(set(activities), key=lambda activity: (stable_key("sample", run_id, activity), activity))[:most]


def upper_bound(missed: int, checked: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of a share (Clopper and Pearson 1934): 0 of n gives about 3 / n.

    It is the share at which so few misses, or fewer, would come up with a probability of 1 - confidence.
    Raises ValueError unless 0 <= missed <= checked and checked > 0.
    """
    if not 0 <= missed <= checked or checked == 0:
        raise ValueError(f"{missed} missed of {checked} checked")
    if missed == checked:
        return 1.0
    low, high = missed / checked, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(missed, checked, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(missed: int, checked: int, share: float) -> float:
    """Probability of at most so many misses among those checked."""
    return sum(comb(checked, k) * share**k * (1 - share) ** (checked - k) for k in range(missed + 1))


def quality(drawn: int, drawn_from: int, answers: Sequence[Verdict]) -> Quality:
    """Sum up answers."""
    missed = sum(answer == "attack" for answer in answers)
    bound = upper_bound(missed, len(answers)) if answers else None
    return Quality(drawn, drawn_from, len(answers), missed, bound)
