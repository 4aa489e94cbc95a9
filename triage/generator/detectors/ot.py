"""A passive monitor of the plant network that writes ECS with ``device.*`` and techniques of ATT&CK for ICS."""

from typing import NamedTuple

from triage.generator.company import Device, Host, User
from triage.generator.detectors.shapes import ecs_alert, event_of, threat_of
from triage.generator.events import Alert, Document, Moment
from triage.generator.stage import digest


class OtRule(NamedTuple):
    """What the monitor looks for."""

    name: str
    severity: int
    """0-100."""
    technique: str = ""
    protocol: str = "s7comm"
    port: int = 102


def ot_alert(
    moment: Moment, rule: OtRule, source: Host | Device, device: Device, text: str, user: User | None = None
) -> Alert:
    """Return an alert about what a station did to a device; ``text`` says it in a sentence."""
    body: Document = {
        "event": event_of(moment, "otmonitor.alert", rule.severity, ["network", "intrusion_detection"]),
        "rule": {"name": rule.name, "id": f"ot-{digest(rule.name)[:6]}"},
        "message": text,
        "source": {"ip": source.ip, "address": source.name, "domain": source.name},
        "destination": {"ip": device.ip, "address": device.name, "port": rule.port},
        "device": {
            "id": device.name,
            "name": device.name,
            "manufacturer": device.maker,
            "model": {"name": device.model},
            "serial_number": device.serial,
        },
        "network": {"protocol": rule.protocol, "transport": "tcp", "name": f"plant/{device.cell}"},
        "observer": {
            "vendor": "Fieldwatch",
            "product": "OT Monitor",
            "type": "ot-sensor",
            "name": f"sensor-{device.cell}",
        },
        "user": {"name": user.name} if user else None,
        "related": {"ip": [source.ip, device.ip], "hosts": [source.name, device.name]},
        "threat": threat_of("MITRE ATT&CK for ICS", rule.technique),
    }
    return ecs_alert(moment, "otmonitor.alert", body)
