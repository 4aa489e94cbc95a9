"""Alerts of a Wazuh manager, as in ``alerts.json`` and ``wazuh-alerts-*``.

The reporting host is the one of the log line (``predecoder.hostname``), then the Windows computer, then the agent;
agents with the product's own placeholder name tell hosts apart by their address only.
Fields: https://documentation.wazuh.com/current/user-manual/manager/alert-management.html
"""

import re

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.families import windows
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document

NAME = "wazuh"
_IDS_LINE = re.compile(r"\[\*\*\] \[[\d:]+\] (.{1,300}?) \[\*\*\]")  # Snort's and Suricata's fast.log
_EVENTDATA = "data.win.eventdata."
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("data.dstuser", Kind.USER, "target"),
    ("data.srcuser", Kind.USER, ""),
    ("data.user", Kind.USER, ""),
    ("data.uname", Kind.USER, ""),
    ("data.srcip", Kind.ADDRESS, "source"),
    ("data.src_ip", Kind.ADDRESS, "source"),
    ("data.dstip", Kind.ADDRESS, "destination"),
    ("data.dest_ip", Kind.ADDRESS, "destination"),
    ("agent.ip", Kind.ADDRESS, "host"),
    ("syscheck.path", Kind.FILE, ""),
    ("syscheck.sha256_after", Kind.HASH, ""),
    ("syscheck.sha1_after", Kind.HASH, ""),
    ("syscheck.md5_after", Kind.HASH, ""),
    ("data.virustotal.source.file", Kind.FILE, ""),
    ("data.virustotal.source.sha1", Kind.HASH, ""),
    ("data.url", Kind.URL, ""),
    ("data.hostname", Kind.DOMAIN, ""),
    ("data.aws.resources.ARN", Kind.CLOUD, ""),
)


def facts(document: Document) -> Facts:
    """Return what a Wazuh alert says."""
    found = _entities(document)
    product = document.text("decoder.name")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line("rule.description") or f"wazuh rule {document.text('rule.id') or product}".strip(),
        rule_id=document.text("rule.id"),
        message=_message(document),
        severity=severity.on_scale(document.scalar("rule.level"), severity.WAZUH),
        techniques=attack.techniques(document.texts("rule.mitre.id")),
        tactics=attack.tactics(document.texts("rule.mitre.tactic")),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _message(document: Document) -> str:
    """Return the signature an intrusion detection line carries, else the rule's description: logs are too varied."""
    ids = _IDS_LINE.search(next(document.texts("full_log"), "")[:2000])
    return document.clean(ids[1]) if ids else document.line("rule.description")


def _entities(document: Document) -> Entities:
    found = collector(document)
    found.add_host(document.raw("predecoder.hostname"))
    found.add_host(document.raw("data.win.system.computer"))
    agent = document.text("agent.name")
    if not agent.lower().startswith(NAME) or document.text("agent.id") == "000":
        found.add_host(agent)
    add_fields(found, document, _ENTITIES)
    windows.add_event(found, lambda name: document.flat.get(_EVENTDATA + name[0].lower() + name[1:]))
    return found


def _claims(document: Document) -> bool:
    return "rule.level" in document and ("rule.description" in document or "manager.name" in document)


FAMILY = Family(
    name=NAME,
    claims=_claims,
    facts=facts,
    moments=at((STAMP, "event"), ("timestamp", "event"), ("predecoder.timestamp", "event"), *INGESTED),
    ids=("id",),
)
