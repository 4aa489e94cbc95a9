"""Okta System Log events: ``eventType`` and ``outcome`` decide, ``severity`` is nearly always INFO.

Fields: https://developer.okta.com/docs/reference/api/system-log/
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, at, collector
from triage.normalise.fields import Document, objects

NAME = "okta"


def facts(document: Document) -> Facts:
    """Return what an event says."""
    found = _entities(document)
    outcome = document.text("outcome.result")
    message = document.line("displayMessage", "legacyEventType")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line("eventType") or "okta event",
        rule_id="",
        message=f"{message} ({outcome})" if message and outcome else message,
        severity=severity.from_word(document.scalar("severity")),
        techniques=(),
        tactics=(),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    _add_actor(found, "", document.text("actor.type"), document.raw("actor.alternateId"))
    for target in objects(document.raw("target")):
        _add_actor(found, "target", str(target.get("type")), target.get("alternateId") or target.get("displayName"))
    found.add(Kind.ADDRESS, "source", document.raw("client.ipAddress"))
    for hop in objects(document.raw("request.ipChain")):
        found.add(Kind.ADDRESS, "source", hop.get("ip"))
    return found


def _add_actor(found: Entities, role: str, kind: str, name: object) -> None:
    if kind in {"User", "AppUser"}:
        found.add(Kind.USER, role, name)
    elif kind in {"AppInstance", "PublicClientApp"}:
        found.add(Kind.SERVICE, role, name)


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "eventType" in document
        and ("actor.alternateId" in document or "actor.id" in document or "legacyEventType" in document)
    ),
    facts=facts,
    moments=at(("published", "event"), (STAMP, "event"), ("p_event_time", "event"), *INGESTED),
    ids=("uuid",),
)
