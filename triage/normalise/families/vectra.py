"""Vectra Detect and RUX: host and account detections and scores, at times one text line with JSON in it.

``severity`` runs from 0 to 10, ``threat`` and ``certainty`` from 0 to 100; all zero means untriaged, not harmless.
A host unknown to Vectra is called ``IP-<address>``.
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "vectra"
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("host_ip", Kind.ADDRESS, "host"),
    ("src_ip", Kind.ADDRESS, "source"),
    ("dd_dst_ip", Kind.ADDRESS, "destination"),
    ("dst_ip", Kind.ADDRESS, "destination"),
    ("detail.dst_ip", Kind.ADDRESS, "destination"),
    ("detail.src_ip", Kind.ADDRESS, "source"),
    ("dd_dst_dns", Kind.DOMAIN, "destination"),
    ("account_uid", Kind.USER, ""),
    ("account_name", Kind.USER, ""),
)


def facts(document: Document) -> Facts:
    """Return what a detection or a score says."""
    found = _entities(document)
    category = document.line("category")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line("d_type_vname", "detection_type", "last_detection_type", "category") or "vectra event",
        rule_id=document.text("d_type"),
        message=category,
        severity=_severity(document),
        techniques=attack.techniques(document.texts("mitre")),
        tactics=attack.tactics([category]),
        principal=found.principal(),
        entities=found.sorted(),
        flags=("triaged",) if document.raw("triaged") is True else (),
    )


def _severity(document: Document) -> float | None:
    """Return the worst of severity and threat; zeros say nothing."""
    scores = (
        severity.on_scale(document.scalar("severity"), severity.TEN),
        severity.percent(document.scalar("threat", "urgency_score")),
        severity.from_word(document.scalar("severity", "quadrant")),
    )
    return max((score for score in scores if score), default=None)


def _entities(document: Document) -> Entities:
    found = collector(document)
    names = [*document.texts("host_name", "entity_uid"), *document.texts("name")]
    for name in names:
        if name.upper().startswith("IP-"):
            found.add(Kind.ADDRESS, "host", name[3:])
        elif "account" in {document.text("type").lower(), document.text("entity_type").lower()}:
            found.add(Kind.USER, "", name.split(":", 1)[-1])
        else:
            found.add_host(name)
    add_fields(found, document, _ENTITIES)
    return found


def _claims(document: Document) -> bool:
    return (
        "headend_addr" in document
        or "d_type_vname" in document
        or "vectra_timestamp" in document
        or ("attack_rating" in document and "urgency_score" in document)
    )


FAMILY = Family(
    name=NAME,
    claims=_claims,
    facts=facts,
    moments=at(("vectra_timestamp", "event"), ("event_timestamp", "event"), (STAMP, "event"), *INGESTED),
)
