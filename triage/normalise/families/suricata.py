"""Suricata's EVE events: bare, through Filebeat (``suricata.eve.*`` beside ECS) and through Wazuh (``data.*``).

Fields: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.families import ecs
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at
from triage.normalise.fields import Document, objects

NAME = "suricata"
_PREFIXES = ("", "suricata.eve.", "data.")
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("src_ip", Kind.ADDRESS, "source"),
    ("dest_ip", Kind.ADDRESS, "destination"),
    ("dns.rrname", Kind.DOMAIN, ""),
    ("http.hostname", Kind.DOMAIN, ""),
    ("tls.sni", Kind.DOMAIN, ""),
    ("http.url", Kind.URL, ""),
    ("fileinfo.filename", Kind.FILE, ""),
    ("fileinfo.sha256", Kind.HASH, ""),
    ("fileinfo.sha1", Kind.HASH, ""),
    ("fileinfo.md5", Kind.HASH, ""),
    ("smtp.mail_from", Kind.MAILBOX, "source"),
    ("smtp.rcpt_to", Kind.MAILBOX, "target"),
)


def facts(document: Document) -> Facts:
    """Return what an EVE event says; other events than alerts are named after their type."""
    prefix = _prefix(document) or ""
    found = _entities(document, prefix)
    kind = document.text(prefix + "event_type") or "alert"
    rule = document.line(prefix + "alert.signature", "rule.name", prefix + "anomaly.event")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=rule or f"suricata {kind} event",
        rule_id=document.text(prefix + "alert.signature_id") or document.text("rule.id") * (prefix != "data."),
        message=document.line(prefix + "alert.category", "rule.category") or kind,
        severity=severity.in_steps(
            document.scalar(prefix + "alert.severity", "suricata.eve.alert.severity", "event.severity"),
            severity.SURICATA,
        ),
        techniques=attack.techniques(document.texts(prefix + "alert.metadata.mitre_technique_id")),
        tactics=attack.tactics(
            text.replace("_", " ") for text in document.texts(prefix + "alert.metadata.mitre_tactic_name")
        ),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _entities(document: Document, prefix: str) -> Entities:
    found = ecs.entities(document)
    add_fields(found, document, _ENTITIES, prefix)
    for name in ("dns.query", "dns.answers", "dns.queries"):
        for record in objects(document.raw(prefix + name)):
            found.add(Kind.DOMAIN, "", record.get("rrname"))
    found.add(Kind.ADDRESS, "observer", document.raw("agent.ip"))
    return found


def _prefix(document: Document) -> str | None:
    for prefix in _PREFIXES:
        if prefix + "event_type" in document and (
            prefix + "src_ip" in document or prefix + "flow_id" in document or prefix == "suricata.eve."
        ):
            return prefix
    return "" if "alert.signature" in document and "alert.signature_id" in document else None


FAMILY = Family(
    name=NAME,
    claims=lambda document: _prefix(document) is not None,
    facts=facts,
    moments=at(
        ("timestamp", "event"), ("data.timestamp", "event"), (STAMP, "event"), ("flow.start", "event"), *INGESTED
    ),
    ids=("id",),  # of Wazuh; EVE itself has none
)
