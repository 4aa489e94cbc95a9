"""Means with bootstrap intervals over cases and attacks; seeded: the same scores give the same interval."""

from collections.abc import Sequence

import numpy as np

from triage_evals.results import Mean, Outcome, Place

RESAMPLES = 2000
SEED = 20_26


def mean(values: Sequence[float]) -> Mean:
    """Return the mean with its 95 % percentile interval (Efron 1979). Raises ValueError for no values."""
    if not values:
        raise ValueError("no values to take a mean of")
    sample = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(SEED).integers(0, len(sample), (RESAMPLES, len(sample)))
    low, high = np.percentile(sample[drawn].mean(axis=1), (2.5, 97.5))
    return Mean(value=float(sample.mean()), low=float(low), high=float(high), count=len(sample))


def over_cases(outcomes: Sequence[Outcome]) -> dict[str, Mean]:
    """Return the mean of every score over the cases."""
    names = list(outcomes[0].scores) if outcomes else []
    return {name: mean([one.scores[name].value for one in outcomes]) for name in names}


def over_attacks(outcomes: Sequence[Outcome], first: int = 10) -> dict[str, Mean]:
    """Return, over all attacks: how many are among the first ten, their recall, and the precision of those found."""
    met = [attack for one in outcomes for attack in one.attacks]
    found = [attack for attack in met if attack.rank is not None]
    values = {
        f"found@{first}": [float(attack.rank is not None and attack.rank <= first) for attack in met],
        "recall": [attack.recall for attack in met],
        "precision": [attack.precision for attack in found],
    }
    return {name: mean(numbers) for name, numbers in values.items() if numbers}


def found_at(outcomes: Sequence[Outcome], most: int) -> list[float]:
    """Return the share of all attacks found among the first 1, 2, ... ``most`` incidents of their case."""
    ranks = [attack.rank for one in outcomes for attack in one.attacks]
    return [sum(rank is not None and rank <= k for rank in ranks) / max(1, len(ranks)) for k in range(1, most + 1)]


def reliability(places: Sequence[Place], bins: int = 10) -> list[tuple[float, float, int]]:
    """Return (mean urgency as a share, share that are attacks, count) of each bin of urgency that is not empty."""
    found = []
    for number in range(bins):
        inside = [one for one in places if min(int(one.urgency / 100 * bins), bins - 1) == number]
        if inside:
            stated = sum(one.urgency for one in inside) / len(inside) / 100
            found.append((stated, sum(one.owner != "" for one in inside) / len(inside), len(inside)))
    return found


def calibration_error(places: Sequence[Place]) -> float:
    """Return the expected calibration error of urgency read as a probability, 0 (best) to 1."""
    whole = max(1, len(places))
    return sum(abs(stated - true) * count / whole for stated, true, count in reliability(places))
