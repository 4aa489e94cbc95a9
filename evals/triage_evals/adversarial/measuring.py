"""Shares with their intervals."""

from collections.abc import Sequence
from math import sqrt

from triage_evals.results import Probed

_Z = 1.959964
"""Standard score of a two-sided interval of 95 %."""
TOLD = 3
"""Examples that a reason gives."""


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927, 95 %); the whole range where nothing was tried."""
    if not of:
        return 0.0, 1.0
    share, square = count / of, _Z * _Z
    middle = share + square / (2 * of)
    reach = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - reach) / (1 + square / of)), min(1.0, (middle + reach) / (1 + square / of))


def probed(
    name: str,
    count: int,
    of: int,
    examples: Sequence[str] = (),
    *,
    least: float | None = None,
    most: float | None = None,
) -> Probed:
    """Return a share of attempts with its interval and the first examples as its reason."""
    low, high = wilson(count, of)
    more = f" and {len(examples) - TOLD} more" if len(examples) > TOLD else ""
    reason = "; ".join(text[:160] for text in examples[:TOLD]) + more
    return Probed(
        name=name, count=count, of=of, low=round(low, 6), high=round(high, 6), least=least, most=most, reason=reason
    )
