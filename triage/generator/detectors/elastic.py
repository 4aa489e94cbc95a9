"""Elastic Security: alerts of detection rules (dotted ``kibana.alert.*`` beside nested ECS) and of Elastic Defend."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from triage.generator.company import Company, Host, User
from triage.generator.detectors.shapes import doc_id, host_of, iso, process_of, prune, stream, user_of, uuid_of
from triage.generator.events import Alert, Document, Moment
from triage.generator.process import Process
from triage.generator.stage import digest
from triage.generator.techniques import rule_threat

_K = "kibana.alert."
INDEX = ".internal.alerts-security.alerts-default-000001"
RISK = {"low": 21, "medium": 47, "high": 73, "critical": 99}


class Rule(NamedTuple):
    """A detection rule."""

    name: str
    severity: str
    """low, medium, high or critical."""
    techniques: tuple[str, ...] = ()
    category: str = "process"
    """ECS event category of what it matches."""
    dataset: str = "endpoint.events.process"
    action: str = "start"

    @property
    def uuid(self) -> str:
        """The rule's id: depends on its name alone."""
        return uuid_of(digest("rule", self.name))


def rule_alert(moment: Moment, rule: Rule, body: Document) -> Alert:
    """Return the alert of a rule over one event whose ECS fields are ``body``; the rule ran some minutes later."""
    event: Document = {
        "action": rule.action,
        "category": [rule.category],
        "type": ["start"],
        "dataset": rule.dataset,
        "module": rule.dataset.split(".")[0],
        "id": uuid_of(moment.uid, 8),
        "created": iso(moment.at),
    }
    seen = {k: v for k, v in {**event, **body.get("event", {})}.items() if k != "kind"}
    detected = moment.at + timedelta(seconds=20 + int(moment.uid[:2], 16))
    source: Document = {"@timestamp": iso(detected), "ecs": {"version": "8.11.0"}}
    source |= body | {"event": seen, "event.kind": "signal"} | _kibana(moment, rule, seen, body)
    return Alert(moment.at, INDEX, moment.uid, prune(source))


def _kibana(moment: Moment, rule: Rule, event: Document, body: Document) -> Document:
    who = "".join(f" {word} {body[field]['name']}" for word, field in (("by", "user"), ("on", "host")) if field in body)
    return {
        "kibana.alert.uuid": moment.uid,
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": "open",
        "kibana.alert.depth": 1,
        "kibana.alert.severity": rule.severity,
        "kibana.alert.risk_score": RISK[rule.severity],
        "kibana.alert.original_time": iso(moment.at),
        "kibana.alert.original_event.action": event["action"],
        "kibana.alert.original_event.category": event["category"],
        "kibana.alert.original_event.dataset": event["dataset"],
        "kibana.alert.original_event.kind": "event",
        "kibana.alert.ancestors": [
            {"id": doc_id(moment.uid[30:]), "type": "event", "index": stream(rule.dataset, moment.at), "depth": 0}
        ],
        "kibana.alert.reason": f"{rule.category} event{who} created {rule.severity} alert {rule.name}.",
        **_rule(rule),
        "kibana.space_ids": ["default"],
        "kibana.version": "8.19.2",
    }


def _rule(rule: Rule) -> Document:
    threat = rule_threat(rule.techniques)
    return {
        "kibana.alert.rule.name": rule.name,
        "kibana.alert.rule.uuid": rule.uuid,
        "kibana.alert.rule.rule_id": rule.uuid,
        "kibana.alert.rule.category": "Custom Query Rule",
        "kibana.alert.rule.consumer": "siem",
        "kibana.alert.rule.producer": "siem",
        "kibana.alert.rule.rule_type_id": "siem.queryRule",
        "kibana.alert.rule.enabled": True,
        "kibana.alert.rule.interval": "5m",
        "kibana.alert.rule.severity": rule.severity,
        "kibana.alert.rule.risk_score": RISK[rule.severity],
        "kibana.alert.rule.threat": threat,
        "kibana.alert.rule.parameters": {
            "severity": rule.severity,
            "risk_score": RISK[rule.severity],
            "threat": threat,
        },
        "kibana.alert.rule.type": "query",
        "kibana.alert.rule.version": 3,
    }


def sequence_alerts(moment: Moment, events: Sequence[Alert]) -> list[Alert]:
    """Return the building blocks of a sequence rule, one for each event, and the alert that stands over them.

    ``events`` are alerts of that rule, made as if each stood alone; ``moment`` is the end of the sequence.
    """
    eql = {f"{_K}rule.type": "eql", f"{_K}rule.rule_type_id": "siem.eqlRule", f"{_K}group.id": moment.uid}
    blocks = [
        event._replace(source={**event.source, **eql, f"{_K}group.index": n, f"{_K}building_block_type": "default"})
        for n, event in enumerate(events)
    ]
    below = [
        ancestor
        for block in blocks
        for ancestor in (*block.source[f"{_K}ancestors"], {"id": block.id, "type": "signal", "index": "", "depth": 1})
    ]
    own = {f"{_K}uuid": moment.uid, f"{_K}depth": 2, f"{_K}ancestors": below, f"{_K}original_time": iso(moment.at)}
    late = {"@timestamp": iso(moment.at + timedelta(minutes=3))}
    shell = Alert(moment.at, INDEX, moment.uid, {**events[-1].source, **eql, **own, **late})
    return [*blocks, shell]


def process_alert(
    moment: Moment,
    rule: Rule,
    company: Company,
    host: Host,
    process: Process,
    user: User | None = None,
    **more: Document,
) -> Alert:
    """Return a rule's alert about a process; ``more`` are further ECS objects (file, registry, destination, ...)."""
    body: Document = {
        "agent": {"id": host.agent, "name": host.short, "type": "endpoint", "version": "8.19.2"},
        "host": host_of(host),
        "user": user_of(company, user) if user else _SYSTEM[host.os],
        "process": process_of(process),
        **more,
    }
    return rule_alert(moment, rule, body)


def logon_alert(
    moment: Moment, rule: Rule, company: Company, host: Host, user: User, source_ip: str, logon_type: str = "3"
) -> Alert:
    """Return a rule's alert about a Windows logon (Winlogbeat event 4624 or 4625)."""
    failed = rule.action == "logon-failed"
    body: Document = {
        "agent": {"id": host.agent, "name": host.short, "type": "winlogbeat", "version": "8.19.2"},
        "host": host_of(host),
        "user": user_of(company, user),
        "source": {"ip": source_ip},
        "event": {"code": "4625" if failed else "4624", "outcome": "failure" if failed else "success"},
        "winlog": {
            "channel": "Security",
            "event_id": "4625" if failed else "4624",
            "computer_name": host.name,
            "provider_name": "Microsoft-Windows-Security-Auditing",
            "logon": {"type": {"3": "Network", "10": "RemoteInteractive"}.get(logon_type, "Interactive")},
            "event_data": {
                "TargetUserName": user.name,
                "TargetDomainName": company.netbios,
                "TargetLogonId": f"0x{int(moment.uid[:6], 16):x}",
                "IpAddress": source_ip,
                "LogonType": logon_type,
            },
        },
    }
    return rule_alert(moment, rule, body)


def defend_alert(
    moment: Moment, code: str, company: Company, host: Host, process: Process, path: str, user: User | None = None
) -> Alert:
    """Return an alert of Elastic Defend itself; ``code`` is one of those in ``_DEFEND``."""
    title, severity = _DEFEND[code]
    name = path.replace("/", "\\").rsplit("\\", 1)[-1]
    source: Document = {
        "@timestamp": iso(moment.at),
        "message": title,
        "agent": {"id": host.agent, "type": "endpoint", "version": "8.19.2"},
        "elastic": {"agent": {"id": host.agent}},
        "ecs": {"version": "8.10.0"},
        "data_stream": {"dataset": "endpoint.alerts", "namespace": "default", "type": "logs"},
        "event": {
            "kind": "alert",
            "action": "execution",
            "code": code,
            "category": ["malware", "intrusion_detection"],
            "type": ["info", "denied"] if code == "malicious_file" else ["info", "start"],
            "outcome": "success",
            "severity": severity,
            "risk_score": severity,
            "dataset": "endpoint.alerts",
            "module": "endpoint",
            "id": uuid_of(moment.uid),
            "created": iso(moment.at),
            "sequence": int(moment.uid[:5], 16),
        },
        "rule": {"ruleset": "production"},
        "host": host_of(host),
        "user": user_of(company, user) if user else _SYSTEM[host.os],
        "process": process_of(process),
        "file": {"path": path, "name": name, "hash": {"sha256": digest("file", name)}},
    }
    return Alert(moment.at, stream("endpoint.alerts", moment.at), doc_id(moment.uid), prune(source))


_SYSTEM = {
    "windows": {"name": "SYSTEM", "domain": "NT AUTHORITY", "id": "S-1-5-18"},
    "linux": {"name": "root", "id": "0"},
}
_DEFEND = {
    "malicious_file": ("Malware Prevention Alert", 73),
    "memory_signature": ("Memory Threat Detection Alert", 73),
    "ransomware": ("Ransomware Detection Alert", 99),
    "behavior": ("Malicious Behavior Detection Alert", 47),
}
