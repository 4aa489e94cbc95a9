"""Any alert in terms of the Elastic Common Schema, and what other families in these terms share.

Fields: https://www.elastic.co/docs/reference/ecs/ecs-field-reference. AI fields are OpenTelemetry's ``gen_ai``.
"""

from collections.abc import Iterator

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.families import fallback, windows
from triage.normalise.family import INGESTED, STAMP, Family, Moment, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "ecs"
_MARKS = ("event.kind", "event.module", "event.dataset", "event.category", "ecs.version", "data_stream.dataset")

ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("host.name", Kind.HOST, ""),
    ("host.hostname", Kind.HOST, ""),
    ("winlog.computer_name", Kind.HOST, ""),
    ("user.name", Kind.USER, ""),
    ("user.email", Kind.MAILBOX, ""),
    ("user.target.name", Kind.USER, "target"),
    ("user.effective.name", Kind.USER, "target"),
    ("source.user.name", Kind.USER, "source"),
    ("client.user.name", Kind.USER, "source"),
    ("destination.user.name", Kind.USER, "target"),
    ("source.ip", Kind.ADDRESS, "source"),
    ("client.ip", Kind.ADDRESS, "source"),
    ("source.address", Kind.ADDRESS, "source"),
    ("destination.ip", Kind.ADDRESS, "destination"),
    ("server.ip", Kind.ADDRESS, "destination"),
    ("destination.address", Kind.ADDRESS, "destination"),
    ("host.ip", Kind.ADDRESS, "host"),
    ("device.id", Kind.DEVICE, ""),
    ("device.name", Kind.DEVICE, ""),
    ("gen_ai.request.model", Kind.MODEL, ""),
    ("gen_ai.response.model", Kind.MODEL, ""),
    ("email.to.address", Kind.MAILBOX, "target"),
    ("email.from.address", Kind.MAILBOX, "source"),
    ("email.sender.address", Kind.MAILBOX, "source"),
    ("cloud.instance.id", Kind.CLOUD, ""),
    ("aws.cloudtrail.user_identity.arn", Kind.CLOUD, ""),
    ("cloud.account.id", Kind.CLOUD, "account"),
    ("orchestrator.resource.name", Kind.CLOUD, ""),
    ("container.id", Kind.CLOUD, "container"),
    ("process.entity_id", Kind.LINEAGE, ""),
    ("process.parent.entity_id", Kind.LINEAGE, "parent"),
    ("process.name", Kind.PROCESS, ""),
    ("process.parent.name", Kind.PROCESS, "parent"),
    ("process.hash.sha256", Kind.HASH, ""),
    ("process.hash.sha1", Kind.HASH, ""),
    ("process.hash.md5", Kind.HASH, ""),
    ("file.hash.sha256", Kind.HASH, ""),
    ("file.hash.sha1", Kind.HASH, ""),
    ("file.hash.md5", Kind.HASH, ""),
    ("dll.hash.sha256", Kind.HASH, ""),
    ("dll.hash.sha1", Kind.HASH, ""),
    ("dll.hash.md5", Kind.HASH, ""),
    ("file.path", Kind.FILE, ""),
    ("dll.path", Kind.FILE, ""),
    ("process.executable", Kind.FILE, "process"),
    ("dns.question.name", Kind.DOMAIN, ""),
    ("url.domain", Kind.DOMAIN, ""),
    ("destination.domain", Kind.DOMAIN, "destination"),
    ("source.domain", Kind.DOMAIN, "source"),
    ("tls.client.server_name", Kind.DOMAIN, ""),
    ("url.full", Kind.URL, ""),
    ("url.original", Kind.URL, ""),
    ("email.attachments.file.hash.sha256", Kind.HASH, ""),
    ("threat.indicator.ip", Kind.ADDRESS, "indicator"),
    ("threat.indicator.url.domain", Kind.DOMAIN, "indicator"),
    ("service.name", Kind.SERVICE, ""),
    *((f"winlog.event_data.{name}", kind, role) for name, kind, role in windows.FIELDS),
)
_VENDORS = ("zeek", "okta", "falco", "crowdstrike", "darktrace", "vectra", "sentinel_one", "m365_defender")
_ORDER = {name: order for order, (name, _, _) in reversed(list(enumerate(ENTITIES)))}
_GROUPS = {order: [entry for entry in ENTITIES if entry[0] == name] for name, order in _ORDER.items()}
_LOGONS = ("winlog.logon.id", *(f"winlog.event_data.{name}" for name in windows.LOGONS))
_RULES = ("rule.name", "rule.description", "event.action", "event.code", "message")
_TITLED = frozenset({"endpoint", "m365_defender", "microsoft_defender_endpoint"})
_TITLES = ("rule.name", "message", "event.code")  # these products name their detections in the message


def entities(document: Document) -> Entities:
    """Return the entities in ECS fields."""
    found = collector(document)
    for order in sorted(_ORDER[name] for name in document.flat if name in _ORDER):
        add_fields(found, document, _GROUPS[order])
    found.add_logons(document.texts(*_LOGONS))
    return found


def detector(document: Document) -> str:
    """Return the product that wrote the alert: the module, else the first part of the data set."""
    name = document.text(
        "event.module", "event.dataset", "data_stream.dataset", "observer.product", "observer.vendor", "agent.type"
    )
    if not name:
        return next(
            (vendor for vendor in _VENDORS if any(key.startswith(vendor + ".") for key in document.flat)), "unknown"
        )
    return name.split(".", 1)[0].lower()


def rated(document: Document) -> float | None:
    """Return the severity of an ECS document.

    ``event.severity`` counts in the scale of its source, where 1 may be the worst (Suricata) or the mildest (Defender);
    it is read by the product's scale where that is known, as 0-100 above 10, and else says nothing.
    """
    value = document.scalar("event.severity")
    product = detector(document)
    if product in {"suricata", "snort"}:
        return severity.in_steps(value, severity.SURICATA)
    if product in {"m365_defender", "microsoft_defender_endpoint", "microsoft"}:
        return severity.in_steps(value, severity.DEFENDER)
    found = severity.number(value)
    return severity.first(
        severity.percent(document.scalar("event.risk_score_norm")),
        severity.percent(found) if found is not None and found > 10 else None,
        severity.from_word(document.scalar("event.severity", "vulnerability.severity")),
    )


def mapped(document: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return techniques and tactics in ECS ``threat.*`` fields."""
    return (
        attack.techniques(document.texts("threat.technique.id", "threat.technique.subtechnique.id")),
        attack.tactics(document.texts("threat.tactic.name", "threat.tactic.id", "threat.technique.name")),
    )


def facts(document: Document) -> Facts:
    """Return what a generic ECS alert says."""
    found = entities(document)
    product = detector(document)
    techniques, tactics = mapped(document)
    rules = _TITLES if product in _TITLED else _RULES
    return Facts(
        detector=product,
        family=NAME,
        rule=document.line(*rules) or f"{product} {document.text('event.kind') or 'alert'}",
        rule_id=document.text("rule.id", "rule.uuid"),
        message=document.line("message", "event.reason", "rule.description"),
        severity=rated(document),
        techniques=techniques,
        tactics=tactics,
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def moments(document: Document) -> Iterator[Moment]:
    """Return ECS's own times, then what the vendor's fields may hold, then when it was ingested."""
    yield from at((STAMP, "event"), ("event.start", "event"), ("event.end", "event"))(document)
    yield from fallback.named_times(document)
    yield from at(*INGESTED)(document)


FAMILY = Family(
    name=NAME,
    claims=lambda document: any(mark in document for mark in _MARKS),
    facts=facts,
    moments=moments,
)
