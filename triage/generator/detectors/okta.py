"""Okta system log through the Elastic integration. ``event.kind`` is "event": type and outcome decide, not severity."""

from typing import NamedTuple

from triage.generator.company import Place, User
from triage.generator.detectors.shapes import as_of, ecs_alert, geo_of, uuid_of
from triage.generator.events import Alert, Document, Moment


class OktaEvent(NamedTuple):
    """A type of the system log."""

    type: str
    """e.g. user.session.start."""
    text: str
    outcome: str = "SUCCESS"
    severity: str = "INFO"
    reason: str = ""
    risk: str = "LOW"
    """What Okta itself thinks of the request: LOW, MEDIUM or HIGH."""
    target: str = ""
    """Application, factor or policy that it is about."""


def okta_event(moment: Moment, event: OktaEvent, user: User, place: Place, session: str = "") -> Alert:
    """Return a system log event of a user at a place; ``session`` ties events of one login together."""
    uuid = uuid_of(moment.uid)
    return ecs_alert(
        moment,
        "okta.system",
        {**okta_fields(event, user, place, uuid), "okta": _okta(event, user, place, uuid, session)},
    )


def okta_fields(event: OktaEvent, user: User, place: Place, uuid: str) -> Document:
    """Return the ECS part of a system log document."""
    where = {"ip": place.ip, "geo": geo_of(place), "as": as_of(place)}
    person = {"full_name": user.full_name, "id": user.okta_id, "name": user.email}
    return {
        "event": {
            "action": event.type,
            "category": ["authentication", "session"] if ".session." in event.type else ["iam"],
            "dataset": "okta.system",
            "id": uuid,
            "kind": "event",
            "module": "okta",
            "outcome": event.outcome.lower(),
            "type": ["start", "user"] if ".session." in event.type else ["user"],
        },
        "message": event.text,
        "client": {**where, "user": person},
        "source": {**where, "user": person},
        "user": {"full_name": user.full_name, "name": user.email, "email": user.email, "id": user.okta_id},
        "related": {"ip": [place.ip], "user": [user.full_name, user.email]},
        "user_agent": {"name": "Chrome", "original": _agent(place), "os": {"name": "Windows"}},
    }


def _okta(event: OktaEvent, user: User, place: Place, uuid: str, session: str) -> Document:
    return {
        "uuid": uuid,
        "event_type": event.type,
        "display_message": event.text,
        "severity": event.severity,
        "outcome": {"result": event.outcome, "reason": event.reason},
        "actor": {"alternate_id": user.email, "display_name": user.full_name, "id": user.okta_id, "type": "User"},
        "authentication_context": {"authentication_step": 0, "external_session_id": session},
        "client": {
            "device": "Computer",
            "ip": place.ip,
            "user_agent": {"raw_user_agent": _agent(place)},
            "zone": "null",
        },
        "target": [{"display_name": event.target, "type": "AppInstance", "id": f"0oa{uuid[:8]}"}]
        if event.target
        else None,
        "debug_context": {"debug_data": {"risk_level": event.risk, "request_id": uuid[:18]}},
        "transaction": {"id": uuid.replace("-", "")[:27], "type": "WEB"},
        "request": {"ip_chain": [{"ip": place.ip, "version": "V4", "geographical_context": _context(place)}]},
    }


def _context(place: Place) -> Document:
    return {"city": place.city, "country": place.country}


def _agent(place: Place) -> str:
    return f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/13{place.asn % 8}.0.0.0"
