"""What is worth an analyst's next minutes: incidents by what a minute on them is expected to gain."""

from collections.abc import Sequence
from typing import NamedTuple

from triage.models import Incident

OPEN_MINUTES = 3.0
ACTIVITY_MINUTES = 1.0
MOST_MINUTES = 30.0
UNKNOWN_CONFIDENCE = 0.5
ASSUMPTION = (
    f"assumed: {OPEN_MINUTES:.0f} minutes to open an incident and {ACTIVITY_MINUTES:.0f} for each activity, "
    f"at most {MOST_MINUTES:.0f}; ordered by confidence x urgency per minute, "
    f"confidence {UNKNOWN_CONFIDENCE} where it is withheld"
)


class Expected(NamedTuple):
    """What looking at an incident is expected to cost and gain."""

    minutes: float
    gain: float
    """Confidence x urgency per minute."""


class Worth(NamedTuple):
    """An incident and what looking at it is expected to cost and gain."""

    incident: Incident
    minutes: float
    gain: float
    """Confidence x urgency per minute."""


def worth(incident: Incident) -> Worth:
    """Estimate one incident."""
    return Worth(incident, *expected(incident.urgency, incident.activity_count, incident.confidence))


def expected(urgency: float, activities: int, confidence: float | None) -> Expected:
    """Estimate an incident of an urgency (0-100) and a confidence (0-1; None = withheld)."""
    minutes = min(MOST_MINUTES, OPEN_MINUTES + ACTIVITY_MINUTES * activities)
    return Expected(minutes, (UNKNOWN_CONFIDENCE if confidence is None else confidence) * urgency / minutes)


def within(incidents: Sequence[Incident], minutes: float) -> list[Worth]:
    """Return the incidents that fit into so many minutes, most gain per minute first; what is too long is passed over.

    Greedy: nobody works half an incident, and the best per minute is never left for a worse one that fits better.
    """
    chosen, left = [], minutes
    for one in sorted(map(worth, incidents), key=lambda one: (-one.gain, one.incident.rank)):
        if one.minutes <= left:
            chosen.append(one)
            left -= one.minutes
    return chosen
