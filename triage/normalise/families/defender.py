"""Microsoft Defender XDR: rows of ``AlertEvidence`` (one entity a row) and incidents of Microsoft Sentinel.

``AttackTechniques`` is JSON in a string with ids in brackets: ``["Phishing (T1566)"]``.
Fields: https://learn.microsoft.com/defender-xdr/advanced-hunting-alertevidence-table
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document, inner, objects, scalars

NAME = "defender"
_ROW = "properties."
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("DeviceName", Kind.HOST, ""),
    ("AccountName", Kind.USER, ""),
    ("AccountUpn", Kind.USER, ""),
    ("RemoteIP", Kind.ADDRESS, "destination"),
    ("LocalIP", Kind.ADDRESS, "source"),
    ("SHA256", Kind.HASH, ""),
    ("SHA1", Kind.HASH, ""),
    ("RemoteUrl", Kind.URL, ""),
    ("CloudResource", Kind.CLOUD, ""),
    ("OAuthApplicationId", Kind.CLOUD, "application"),
)


def facts(document: Document) -> Facts:
    """Return what a row of evidence or an incident says."""
    found = _entities(document)
    status = document.text("status", "properties.status").lower()
    tactics = (*document.texts(_ROW + "Categories"), *document.texts("additional_data.tactics"))
    return Facts(
        detector="sentinel" if "incident_number" in document else NAME,
        family=NAME,
        rule=document.line(_ROW + "Title", "title", "properties.title") or "defender alert",
        rule_id="",
        message=document.line("description", _ROW + "Title", "title"),
        severity=severity.from_word(document.scalar(_ROW + "Severity", "severity", "properties.severity")),
        techniques=attack.techniques(document.texts(_ROW + "AttackTechniques")),
        tactics=attack.tactics(name for text in tactics for name in scalars(inner(text))),
        principal=found.principal(),
        entities=found.sorted(),
        flags=("resolved",) if status == "closed" else (),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    add_fields(found, document, _ENTITIES, _ROW)
    name, folder = document.text(_ROW + "FileName"), document.text(_ROW + "FolderPath")
    process = document.text(_ROW + "EntityType") == "Process"
    if process:
        found.add(Kind.PROCESS, "", name)
    if name and folder:
        found.add(Kind.FILE, "process" if process else "", f"{folder}{'/' if '/' in folder else chr(92)}{name}")
    for more in objects(document.raw(_ROW + "AdditionalFields")):
        found.add(Kind.MAILBOX, "target", more.get("Recipient"))
        found.add(Kind.MAILBOX, "source", more.get("Sender"))
        found.add(Kind.MAILBOX, "", more.get("MailboxPrimaryAddress"))
    return found


FAMILY = Family(
    name=NAME,
    claims=lambda document: _ROW + "AlertId" in document or "incident_number" in document,
    facts=facts,
    moments=at(
        (_ROW + "Timestamp", "event"),
        ("created_time_utc", "event"),
        ("time", "event"),
        (STAMP, "event"),
        *INGESTED,
    ),
)
