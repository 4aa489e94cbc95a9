"""Incidents for tests of what is written about them."""

from datetime import UTC, datetime

from triage.models import Entity, EntityKind, Incident, UrgencyPart


def incident(name: str, rank: int = 1) -> Incident:
    """Return a small but complete incident."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Incident(
        incident_id=name,
        rank=rank,
        urgency=40,
        urgency_parts=(UrgencyPart(name="severity", points=40, why="highest severity"),),
        disposition="attack",
        verdict_reason="a rule",
        title=f"Incident {name}",
        summary="what happened",
        first_seen=moment,
        last_seen=moment,
        alert_count=3,
        activity_count=1,
        entities=(Entity(kind=EntityKind.HOST, value="dc01", alert_count=3),),
        techniques=("T1003",),
        tactics=("credential-access",),
        detectors=("elastic",),
        evidence=(),
        joins=(),
        timeline=(),
        benign_reading="none",
    )
