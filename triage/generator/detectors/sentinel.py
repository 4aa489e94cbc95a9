"""Microsoft Sentinel ``SecurityAlert`` rows: entities and techniques are JSON inside strings, times have a blank."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from triage.generator.company import Company, Host, User
from triage.generator.detectors.shapes import iso, uuid_of
from triage.generator.events import Alert, Document, Moment
from triage.generator.process import Process
from triage.generator.stage import digest


class SentinelAlert(NamedTuple):
    """A kind of alert of a Microsoft product."""

    name: str
    severity: str
    """Informational, Low, Medium or High."""
    description: str
    tactics: str
    """Comma-separated, CamelCase."""
    techniques: tuple[str, ...] = ()
    product: str = "Microsoft Defender for Endpoint"
    provider: str = "MDATP"


def security_alert(moment: Moment, kind: SentinelAlert, compromised: str, entities: list[Document]) -> Alert:
    """Return the row. ``entities`` are made with the functions below; ``compromised`` is a host or account name."""
    number = uuid_of(moment.uid)
    numbered = [{"$id": str(n), **e} for n, e in enumerate(entities, start=2)]
    parents = sorted({t.split(".")[0] for t in kind.techniques})
    body: Document = {
        "@timestamp": iso(moment.at),
        "TenantId": uuid_of(digest("tenant", compromised.partition(".")[2])),
        "TimeGenerated": _stamp(moment.at + timedelta(minutes=4)),
        "DisplayName": kind.name,
        "AlertName": kind.name,
        "AlertSeverity": kind.severity,
        "Description": kind.description,
        "ProviderName": kind.provider,
        "VendorName": "Microsoft",
        "VendorOriginalId": f"{uuid_of(moment.uid, 16)}_1",
        "SystemAlertId": number,
        "AlertType": kind.provider,
        "IsIncident": "False",
        "StartTime": _stamp(moment.at),
        "EndTime": _stamp(moment.at),
        "ProcessingEndTime": _stamp(moment.at + timedelta(minutes=3)),
        "ExtendedProperties": json.dumps({"DetectionSource": kind.provider, "IncidentId": None}),
        "Entities": json.dumps(numbered),
        "SourceSystem": "Detection",
        "ProductName": kind.product,
        "ProductComponentName": "",
        "Status": "New",
        "CompromisedEntity": compromised,
        "Tactics": kind.tactics,
        "Techniques": json.dumps(parents),
        "SubTechniques": json.dumps(sorted(t for t in kind.techniques if "." in t)),
        "Type": "SecurityAlert",
    }
    return Alert(moment.at, "sentinel-securityalert", number, body)


def account(company: Company, user: User) -> Document:
    """Return an account entity."""
    return {
        "Name": user.name,
        "NTDomain": company.netbios,
        "Sid": user.sid,
        "IsDomainJoined": True,
        "UserPrincipalName": user.email,
        "Type": "account",
    }


def machine(host: Host) -> Document:
    """Return a host entity."""
    return {
        "HostName": host.short,
        "DnsDomain": host.name.partition(".")[2],
        "FQDN": host.name,
        "OSFamily": host.os.title(),
        "LastIpAddress": host.ip,
        "Type": "host",
    }


def address(ip: str) -> Document:
    """Return an address entity."""
    return {"Address": ip, "Type": "ip"}


def program(process: Process) -> Document:
    """Return a process entity with its file inside."""
    return {
        "ProcessId": str(process.pid),
        "CommandLine": process.command_line,
        "ImageFile": {
            "Directory": process.executable[: -len(process.name) - 1],
            "Name": process.name,
            "FileHashes": [{"Algorithm": "SHA256", "Value": process.sha256, "Type": "filehash"}],
            "Type": "file",
        },
        "Type": "process",
    }


def mailbox(user: User) -> Document:
    """Return a mailbox entity."""
    return {"MailboxPrimaryAddress": user.email, "DisplayName": user.full_name, "Upn": user.email, "Type": "mailbox"}


def _stamp(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="microseconds")
