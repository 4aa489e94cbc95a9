"""Where documents keep what an alert is about: entity kinds and rule names -> field names, ECS first, vendors after."""

from collections.abc import Mapping

from triage.models import EntityKind

_HASHES = tuple(
    f"{owner}.hash.{digest}" for owner in ("file", "process", "dll") for digest in ("sha256", "sha1", "md5")
)
ENTITY_FIELDS: Mapping[EntityKind, tuple[str, ...]] = {
    EntityKind.HOST: (
        "host.name",
        "host.hostname",
        "winlog.computer_name",
        "agent.name",
        "predecoder.hostname",
        "data.win.system.computer",
        "CompromisedEntity",
    ),
    EntityKind.USER: (
        "user.name",
        "user.target.name",
        "user.effective.name",
        "source.user.name",
        "client.user.name",
        "destination.user.name",
        "related.user",
        "data.srcuser",
        "data.dstuser",
        "CompromisedEntity",
    ),
    EntityKind.ADDRESS: (
        "source.ip",
        "source.address",
        "client.ip",
        "destination.ip",
        "destination.address",
        "server.ip",
        "host.ip",
        "related.ip",
        "threat.indicator.ip",
        "src_ip",
        "dest_ip",
        "data.srcip",
        "data.dstip",
        "data.src_ip",
        "data.dest_ip",
        "agent.ip",
    ),
    EntityKind.PROCESS: ("process.name", "process.parent.name"),
    EntityKind.LINEAGE: ("process.entity_id", "process.parent.entity_id"),
    EntityKind.LOGON: (
        "winlog.logon.id",
        "winlog.event_data.TargetLogonId",
        "winlog.event_data.SubjectLogonId",
    ),
    EntityKind.HASH: (
        *_HASHES,
        "related.hash",
        "email.attachments.file.hash.sha256",
        "syscheck.sha256_after",
        "syscheck.sha1_after",
        "syscheck.md5_after",
    ),
    EntityKind.FILE: ("file.path", "dll.path", "process.executable", "syscheck.path"),
    EntityKind.DOMAIN: (
        "dns.question.name",
        "url.domain",
        "destination.domain",
        "source.domain",
        "tls.client.server_name",
        "threat.indicator.url.domain",
        "dns.rrname",
        "tls.sni",
        "http.hostname",
    ),
    EntityKind.URL: ("url.full", "url.original", "data.url"),
    EntityKind.MAILBOX: ("email.from.address", "email.to.address", "email.sender.address", "user.email"),
    EntityKind.CLOUD: (
        "cloud.instance.id",
        "cloud.account.id",
        "aws.cloudtrail.user_identity.arn",
        "orchestrator.resource.name",
        "container.id",
        "data.aws.resources.ARN",
    ),
    EntityKind.DEVICE: ("device.id", "device.name"),
    EntityKind.MODEL: ("gen_ai.request.model", "gen_ai.response.model"),
    EntityKind.SERVICE: ("service.name",),
}
RULE_FIELDS = (
    "kibana.alert.rule.name",
    "signal.rule.name",
    "rule.name",
    "rule.description",
    "alert.signature",
    "suricata.eve.alert.signature",
    "data.alert.signature",
    "AlertName",
    "DisplayName",
    "event.action",
)
HOST_FIELDS = ("host.name", "agent.name", "predecoder.hostname", "winlog.computer_name", "CompromisedEntity")
"""Which field counts as "the host" of an alert; the first that an index has."""
