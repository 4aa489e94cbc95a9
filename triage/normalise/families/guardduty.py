"""AWS GuardDuty findings as the service emits them.

The tactic is the part of ``type`` before the colon. The accounts, keys, instances and buckets are cloud resources; a
finding's own ARN is not. Fields: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings.html
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, add_fields, at, collector
from triage.normalise.fields import Document, objects

NAME = "guardduty"
_ACTION = "service.action."
_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("resource.instanceDetails.instanceId", Kind.CLOUD, ""),
    ("resource.s3BucketDetails.name", Kind.CLOUD, ""),
    ("resource.s3BucketDetails.arn", Kind.CLOUD, ""),
    ("resource.eksClusterDetails.name", Kind.CLOUD, ""),
    ("resource.eksClusterDetails.arn", Kind.CLOUD, ""),
    ("resource.containerDetails.id", Kind.CLOUD, "container"),
    ("resource.rdsDbInstanceDetails.dbInstanceIdentifier", Kind.CLOUD, ""),
    ("resource.lambdaDetails.functionArn", Kind.CLOUD, ""),
    ("resource.accessKeyDetails.accessKeyId", Kind.CLOUD, "key"),
    ("accountId", Kind.CLOUD, "account"),
    ("resource.accessKeyDetails.userName", Kind.USER, ""),
    ("resource.kubernetesDetails.kubernetesUserDetails.username", Kind.USER, ""),
    (_ACTION + "dnsRequestAction.domain", Kind.DOMAIN, ""),
    ("service.runtimeDetails.process.name", Kind.PROCESS, ""),
    ("service.runtimeDetails.process.executablePath", Kind.FILE, "process"),
    ("service.runtimeDetails.process.executableSha256", Kind.HASH, ""),
)


def facts(document: Document) -> Facts:
    """Return what a finding says."""
    found = _entities(document)
    kind = document.text("type")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=kind or document.line("title") or "guardduty finding",
        rule_id="",
        message=document.line("title", "description"),
        severity=severity.on_scale(document.scalar("severity"), severity.GUARDDUTY),
        techniques=(),
        tactics=attack.tactics([kind.split(":", 1)[0]]),
        principal=found.principal(),
        entities=found.sorted(),
        flags=("archived",) if document.raw("service.archived") is True else (),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    add_fields(found, document, _ENTITIES)
    for bucket in objects(document.raw("resource.s3BucketDetails")):
        found.add(Kind.CLOUD, "", bucket.get("name"))
    for card in objects(document.raw("resource.instanceDetails.networkInterfaces")):
        found.add(Kind.ADDRESS, "", card.get("privateIpAddress"))
        found.add(Kind.ADDRESS, "", card.get("publicIp"))
    inbound = document.text(_ACTION + "networkConnectionAction.connectionDirection") != "OUTBOUND"
    for name, value in document.flat.items():
        if name.startswith(_ACTION) and name.endswith("remoteIpDetails.ipAddressV4"):
            found.add(Kind.ADDRESS, "source" if inbound else "destination", value)
    return found


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        document.raw("service.serviceName") == NAME
        or ("schemaVersion" in document and "service.detectorId" in document)
    ),
    facts=facts,
    moments=at(
        ("service.eventLastSeen", "event"),
        ("updatedAt", "event"),
        ("service.eventFirstSeen", "event"),
        ("createdAt", "event"),
        (STAMP, "event"),
        *INGESTED,
    ),
    ids=(),  # a finding is written again under its id whenever it recurs
)
