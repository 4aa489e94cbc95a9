"""A cause in sentences, the same in every form of the report."""

from triage.models import Cause, Hypothesis
from triage.wording import listed, number

_TOLD = 6


def told(cause: Cause) -> tuple[str, ...]:
    """Return what is most likely, the best case of either side, and what would flip it; evidence is cited as [E1]."""
    best = cause.attack if cause.side == "attack" else cause.benign
    return (
        f"Most likely {best.title}.",
        f"Best case for an attack: {_case(cause.attack)}.",
        f"Best harmless case: {_case(cause.benign)}.",
        f"It would be something else if this held: {cause.flip}.",
    )


def _case(one: Hypothesis) -> str:
    cited = "".join(f" [{evidence}]" for evidence in one.evidence)
    lacking = f"; not seen: {listed(one.lacking, _TOLD)}" if one.lacking else ""
    return f"{one.title}, {number(one.points, 'point')}: {listed(one.seen, _TOLD)}{cited}{lacking}"
