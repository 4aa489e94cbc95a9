"""Wazuh: alerts as the manager writes them, one index a day."""

from typing import NamedTuple

from triage.generator.company import Host
from triage.generator.detectors.shapes import doc_id, iso, prune
from triage.generator.events import Alert, Document, Moment
from triage.generator.stage import digest
from triage.generator.techniques import TECHNIQUES


class WazuhRule(NamedTuple):
    """A rule of the manager."""

    id: str
    level: int
    """0-16, higher is worse."""
    description: str
    groups: tuple[str, ...]
    techniques: tuple[str, ...] = ()
    decoder: str = "sshd"


def wazuh_alert(moment: Moment, rule: WazuhRule, host: Host, line: str, data: Document) -> Alert:
    """Return the alert over one log line of a host; ``data`` is what the decoder found in it."""
    names = [TECHNIQUES[t] for t in rule.techniques]
    mitre = {
        "id": list(rule.techniques),
        "tactic": [tactic.replace("-", " ").title() for _, tactic in names],
        "technique": [name for name, _ in names],
    }
    clock = f"{moment.at:%b %d %H:%M:%S}"
    body: Document = {
        "@timestamp": iso(moment.at),
        "timestamp": iso(moment.at)[:-1] + "+0000",
        "rule": {
            "level": rule.level,
            "description": rule.description,
            "id": rule.id,
            "mitre": mitre if rule.techniques else None,
            "firedtimes": 1 + int(moment.uid[:2], 16) % 20,
            "mail": rule.level >= 12,
            "groups": list(rule.groups),
        },
        "agent": {"id": f"{int(digest(host.agent)[:4], 16) % 900 + 100}", "name": host.short, "ip": host.ip},
        "manager": {"name": "wazuh-manager"},
        "id": f"{int(moment.at.timestamp())}.{int(moment.uid[:6], 16)}",
        "full_log": f"{clock} {host.short} {rule.decoder}[{int(moment.uid[6:9], 16) + 300}]: {line}",
        "predecoder": {"program_name": rule.decoder, "timestamp": clock, "hostname": host.short},
        "decoder": {"name": rule.decoder, "parent": rule.decoder},
        "data": data,
        "location": "/var/log/auth.log" if host.os == "linux" else "EventChannel",
        "input": {"type": "log"},
    }
    return Alert(moment.at, f"wazuh-alerts-4.x-{moment.at:%Y.%m.%d}", doc_id(moment.uid), prune(body))
