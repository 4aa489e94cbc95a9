"""Fields of Windows events, as Wazuh, Sigma tools and Winlogbeat carry them. No family of its own.

Names: https://learn.microsoft.com/windows/security/threat-protection/auditing and Sysmon's schema.
"""

from collections.abc import Callable

from triage.models import EntityKind as Kind
from triage.normalise.entities import Entities
from triage.normalise.fields import scalars

FIELDS: tuple[tuple[str, str, str], ...] = (
    ("SubjectUserName", Kind.USER, ""),
    ("User", Kind.USER, ""),
    ("TargetUserName", Kind.USER, "target"),
    ("TargetUser", Kind.USER, "target"),
    ("IpAddress", Kind.ADDRESS, "source"),
    ("SourceIp", Kind.ADDRESS, "source"),
    ("SourceAddress", Kind.ADDRESS, "source"),
    ("DestinationIp", Kind.ADDRESS, "destination"),
    ("DestAddress", Kind.ADDRESS, "destination"),
    ("ProcessGuid", Kind.LINEAGE, ""),
    ("SourceProcessGuid", Kind.LINEAGE, ""),
    ("SourceProcessGUID", Kind.LINEAGE, ""),
    ("ParentProcessGuid", Kind.LINEAGE, "parent"),
    ("TargetProcessGuid", Kind.LINEAGE, "target"),
    ("TargetProcessGUID", Kind.LINEAGE, "target"),
    ("Image", Kind.PROCESS, ""),
    ("SourceImage", Kind.PROCESS, ""),
    ("NewProcessName", Kind.PROCESS, ""),
    ("ProcessName", Kind.PROCESS, ""),
    ("ParentImage", Kind.PROCESS, "parent"),
    ("ParentProcessName", Kind.PROCESS, "parent"),
    ("TargetImage", Kind.PROCESS, "target"),
    ("Image", Kind.FILE, "process"),
    ("NewProcessName", Kind.FILE, "process"),
    ("TargetFilename", Kind.FILE, ""),
    ("ImageLoaded", Kind.FILE, ""),
    ("QueryName", Kind.DOMAIN, ""),
    ("DestinationHostname", Kind.DOMAIN, "destination"),
    ("ServiceName", Kind.SERVICE, ""),
)
LOGONS = ("TargetLogonId", "SubjectLogonId", "LogonId")


def add_event(found: Entities, get: Callable[[str], object]) -> None:
    """Add what an event names; ``get`` returns a field's value by its Windows name, or None."""
    for name, kind, role in FIELDS:
        found.add(kind, role, get(name))
    for text in scalars(get("Hashes")):
        for digest in text[:1024].split(","):
            found.add(Kind.HASH, "", digest.rsplit("=", 1)[-1])
    found.add_logons(logon for name in LOGONS for logon in scalars(get(name)))
