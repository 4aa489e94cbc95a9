"""A mail gateway that writes ECS (``email.*``)."""

from typing import NamedTuple

from triage.generator.company import Company, User
from triage.generator.detectors.shapes import ecs_alert, event_of, iso, threat_of
from triage.generator.events import Alert, Document, Moment
from triage.generator.stage import digest


class Verdict(NamedTuple):
    """What the gateway found, and what it did."""

    rule: str
    severity: int
    """0-100: 21 low, 47 medium, 73 high."""
    action: str
    """delivered, quarantined, clicked or rejected."""
    technique: str = ""


class Letter(NamedTuple):
    """A message."""

    sender: str
    subject: str
    source_ip: str
    file: str = ""
    url: str = ""

    @property
    def message_id(self) -> str:
        """The same for all recipients."""
        return f"<{digest('mail', *self)[:24]}@{self.sender.partition('@')[2]}>"


def mail_alert(moment: Moment, verdict: Verdict, letter: Letter, company: Company, recipient: User) -> Alert:
    """Return the gateway's alert about one message to one recipient."""
    attached = {"file": {"name": letter.file, "extension": letter.file.rpartition(".")[2], "hash": _hash(letter.file)}}
    body: Document = {
        "event": event_of(moment, "mailgateway.threat", verdict.severity, ["email", "threat"], action=verdict.action),
        "rule": {"name": verdict.rule, "id": f"mg-{digest(verdict.rule)[:6]}"},
        "message": f"{verdict.rule}: message from {letter.sender} to {recipient.email} {verdict.action}",
        "email": {
            "direction": "inbound",
            "from": {"address": [letter.sender]},
            "to": {"address": [recipient.email]},
            "subject": letter.subject,
            "message_id": letter.message_id,
            "attachments": [attached] if letter.file else None,
            "delivery_timestamp": iso(moment.at),
        },
        "url": {"original": letter.url, "domain": letter.url.split("/")[2]} if letter.url else None,
        "source": {"ip": letter.source_ip},
        "user": {"name": recipient.name, "email": recipient.email, "domain": company.domain},
        "observer": {
            "vendor": "Postgate",
            "product": "Mail Gateway",
            "type": "email-gateway",
            "name": f"mx1.{company.domain}",
        },
        "related": {"ip": [letter.source_ip], "user": [recipient.email, recipient.name], "hosts": None},
        "threat": threat_of("MITRE ATT&CK", verdict.technique),
    }
    return ecs_alert(moment, "mailgateway.threat", body)


def _hash(name: str) -> Document:
    return {"sha256": digest("file", name)} if name else {}
