"""How the incidents of a run came out of those before: split, merged, shrunk. What was decided follows them.

An incident keeps its id with the larger part of its activities (``identity``); ``descent`` finds who came out of whom.
What splits off inherits all that was decided about its origin until then; what is merged away leaves its
notes and its escalation to its heir.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

Descent = Literal["split", "merged", "shrunk"]


class Heir(NamedTuple):
    """One step of descent: ``incident_id`` came out of ``origin``."""

    change: Descent
    incident_id: str
    origin: str
    decided: int
    """Number of the last decision made until then."""
    alerts: int
    """Of ``incident_id`` after it."""
    reason: str = ""


def bounded(name: str, number: int, seen: int, descent: Sequence[Heir]) -> int:
    """Return how many alerts a decision had seen, of those that the incident kept when it was split or shrank."""
    kept = [
        one.alerts for one in descent if one.incident_id == name and one.change != "merged" and number <= one.decided
    ]
    return min([seen, *kept])
