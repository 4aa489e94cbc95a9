"""Events of the Open Cybersecurity Schema Framework, findings first (https://schema.ocsf.io)."""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document, objects, scalars

NAME = "ocsf"
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("device.hostname", Kind.HOST, ""),
    ("device.name", Kind.HOST, ""),
    ("device.ip", Kind.ADDRESS, "host"),
    ("actor.user.name", Kind.USER, ""),
    ("user.name", Kind.USER, "target"),
    ("src_endpoint.ip", Kind.ADDRESS, "source"),
    ("dst_endpoint.ip", Kind.ADDRESS, "destination"),
    ("resource.uid", Kind.CLOUD, ""),
    ("resources.uid", Kind.CLOUD, ""),
    ("cloud.account.uid", Kind.CLOUD, "account"),
    ("process.file.name", Kind.PROCESS, ""),
    ("actor.process.file.name", Kind.PROCESS, "parent"),
    ("process.file.path", Kind.FILE, "process"),
    ("file.path", Kind.FILE, ""),
    ("query.hostname", Kind.DOMAIN, ""),
    ("http_request.url.url_string", Kind.URL, ""),
)
_OBSERVABLES = {1: Kind.HOST, 2: Kind.ADDRESS, 4: Kind.USER, 5: Kind.MAILBOX, 6: Kind.URL, 8: Kind.HASH}


def facts(document: Document) -> Facts:
    """Return what an event says; what is no finding is named after its class."""
    found = _entities(document)
    kind = document.line("class_name", "classname", "type_name")
    product = document.text("metadata.product.name", "metadata.product.vendor_name").lower()
    attacks = [item for part in ("attacks", "finding_info.attacks") for item in objects(document.raw(part))]
    return Facts(
        detector=product or NAME,
        family=NAME,
        rule=document.line("finding_info.title", "finding.title", "rule.name", "type_name") or kind or "ocsf event",
        rule_id=document.text("rule.uid"),
        message=document.line("finding_info.desc", "finding.desc", "message") or kind,
        severity=severity.first(
            severity.in_steps(document.scalar("severity_id"), severity.OCSF),
            severity.from_word(document.scalar("severity")),
        ),
        techniques=attack.techniques(uid for item in attacks for uid in _uids(item, "technique", "sub_technique")),
        tactics=attack.tactics(uid for item in attacks for uid in _uids(item, "tactic", "tactics")),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _uids(item: dict[str, object], *names: str) -> list[str]:
    return [uid for name in names for part in objects(item.get(name)) for uid in scalars(part.get("uid"))]


def _entities(document: Document) -> Entities:
    found = collector(document)
    add_fields(found, document, _ENTITIES)
    for resource in objects(document.raw("resources")):
        found.add(Kind.CLOUD, "", resource.get("uid"))
    for observable in objects(document.raw("observables")):
        number = observable.get("type_id")
        kind = _OBSERVABLES.get(number) if isinstance(number, int) else None
        if kind is not None:
            found.add(kind, "observable", observable.get("value"))
    return found


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "class_uid" in document or ("metadata.product.name" in document and "category_uid" in document)
    ),
    facts=facts,
    moments=at(
        ("time_dt", "event"),
        ("time", "event"),
        ("finding_info.created_time", "event"),
        ("finding_info.created_time_dt", "event"),
        ("finding.created_time", "event"),
        ("metadata.original_time", "event"),
        (STAMP, "event"),
        *INGESTED,
    ),
)
