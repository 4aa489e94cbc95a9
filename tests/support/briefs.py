"""Candidates for tests, from bare (host, rule, time) to rich."""

from datetime import timedelta
from typing import Any

from support.fake_search import START
from triage.investigation import ActivityBrief, CandidateBrief, Judgement
from triage.models import AlertRef, Disposition, EntityRef

MINUTE = timedelta(minutes=1)


def activity(
    number: int = 0, rule: str = "Odd thing.", minute: int = 0, host: str = "web01", **more: Any
) -> ActivityBrief:
    """Return an activity of three alerts on a host, ``minute`` minutes after START."""
    fields: dict[str, Any] = {
        "key": f"a{number:03}",
        "signature": f"s-{rule}",
        "detector": "acme",
        "rule": rule,
        "principal": f"host:{host}",
        "first": START + minute * MINUTE,
        "last": START + (minute + 1) * MINUTE,
        "count": 3,
        "entities": (EntityRef("host", "", host),),
        "entity_total": 1,
        "sample_alerts": tuple(AlertRef("alerts", f"{number}-{i}") for i in range(3)),
    }
    return ActivityBrief(**(fields | more))


def candidate(*activities: ActivityBrief, disposition: Disposition = "suspicious", **more: Any) -> CandidateBrief:
    """Return a candidate with this preliminary judgement."""
    judgement = Judgement(disposition=disposition, verdict_reason="score 0.60 of 1", score=0.6)
    return CandidateBrief(candidate_id="c1", activities=activities or (activity(),), judgement=judgement, **more)
