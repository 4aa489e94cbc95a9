"""CrowdStrike Falcon: the event stream (``metadata`` and ``event``) and raw sensor events (FDR, ``event_simpleName``).

``Severity`` counted 1-5 in older events and counts 0-100 in newer ones. Technique ids are mostly CrowdStrike's own
(``CST0023``) and then no ATT&CK. Fields: https://www.falconpy.io/Service-Collections/Event-Streams
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "crowdstrike"
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("ComputerName", Kind.HOST, ""),
    ("Hostname", Kind.HOST, ""),
    ("HostName", Kind.HOST, ""),
    ("UserName", Kind.USER, ""),
    ("UserId", Kind.USER, ""),
    ("LocalIP", Kind.ADDRESS, "host"),
    ("LocalAddressIP4", Kind.ADDRESS, "source"),
    ("UserIp", Kind.ADDRESS, "source"),
    ("RemoteAddressIP4", Kind.ADDRESS, "destination"),
    ("RemoteAddress", Kind.ADDRESS, "destination"),
    ("AgentId", Kind.DEVICE, "sensor"),
    ("SensorId", Kind.DEVICE, "sensor"),
    ("aid", Kind.DEVICE, "sensor"),
    ("FileName", Kind.PROCESS, ""),
    ("ImageFileName", Kind.PROCESS, ""),
    ("ParentImageFileName", Kind.PROCESS, "parent"),
    ("ParentBaseFileName", Kind.PROCESS, "parent"),
    ("SHA256String", Kind.HASH, ""),
    ("SHA1String", Kind.HASH, ""),
    ("MD5String", Kind.HASH, ""),
    ("SHA256HashData", Kind.HASH, ""),
    ("MD5HashData", Kind.HASH, ""),
    ("DomainName", Kind.DOMAIN, ""),
)


def facts(document: Document) -> Facts:
    """Return what a Falcon event says; audit events are named after their operation."""
    prefix = "event." if any(name.startswith("event.") for name in document.flat) else ""
    found = _entities(document, prefix)
    names = ("DetectName", "Name", "RuleName", "OperationName", "event_simpleName")
    kind = document.text("metadata.eventType", "event_simpleName", "event_simplename", "fdr_event_type")
    tactics = document.texts(prefix + "Tactic", prefix + "TacticId")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line(*(prefix + name for name in names)) or kind or "crowdstrike event",
        rule_id=document.text(prefix + "RuleId", prefix + "PatternId"),
        message=document.line(prefix + "DetectDescription", prefix + "Description", prefix + "Message") or kind,
        severity=_severity(document, prefix),
        techniques=attack.techniques(document.texts(prefix + "TechniqueId", prefix + "Technique")),
        tactics=attack.tactics(tactics),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _severity(document: Document, prefix: str) -> float | None:
    value = severity.number(document.scalar(prefix + "Severity"))
    return severity.first(
        severity.from_word(document.scalar(prefix + "SeverityName")),
        severity.in_steps(value, severity.CROWDSTRIKE) if value is not None and value <= 5 else severity.percent(value),
    )


def _entities(document: Document, prefix: str) -> Entities:
    found = collector(document)
    add_fields(found, document, _ENTITIES, prefix)
    host = next(iter(found.of(Kind.HOST) or found.of(Kind.DEVICE)), "")
    folder, name = document.text(prefix + "FilePath"), document.text(prefix + "FileName")
    if folder:
        found.add(Kind.FILE, "", folder if folder.endswith(name) else f"{folder.rstrip(chr(92))}{chr(92)}{name}")
    for field, role in (("ProcessId", ""), ("TargetProcessId", ""), ("ParentProcessId", "parent")):
        number = document.text(prefix + field)
        if host and number and number != "0":
            found.add(Kind.LINEAGE, role, f"{host}/{number}")
    return found


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "metadata.eventType" in document
        or "event_simpleName" in document
        or ("fdr_event_type" in document and "aid" in document)
    ),
    facts=facts,
    moments=at(
        ("event.ContextTimeStamp", "event"),
        ("ContextTimeStamp", "event"),
        ("ContextTimestamp", "event"),
        ("event.ProcessStartTime", "event"),
        ("event.UTCTimestamp", "event"),
        ("event.Timestamp", "event"),
        ("event.timestamp", "event"),
        ("metadata.eventCreationTime", "event"),
        ("timestamp", "event"),
        (STAMP, "event"),
        *INGESTED,
    ),
)
