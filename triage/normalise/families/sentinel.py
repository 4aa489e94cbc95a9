"""Microsoft Sentinel's ``SecurityAlert``: JSON in strings, and entities as a graph with ``$id`` and ``$ref``.

Fields: https://learn.microsoft.com/azure/sentinel/security-alert-schema, entities: /azure/sentinel/entities-reference
"""

from collections.abc import Callable, Iterator
from typing import Any

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, at, collector
from triage.normalise.fields import Document, inner, objects, scalars

NAME = "sentinel"
_PRODUCTS = {
    "mdatp": "defender",
    "microsoftthreatprotection": "defender",
    "azure advanced threat protection": "defender",
    "oatp": "defender",
    "mcas": "defender",
    "azure security center": "defender",
    "ipc": "entra",
    "asi scheduled alerts": "sentinel",
    "asi nrt alerts": "sentinel",
}
Node = dict[str, Any]


def facts(document: Document) -> Facts:
    """Return what a Microsoft alert says."""
    found = _entities(document)
    extended = next(iter(objects(document.raw("ExtendedProperties"))), {})
    provider = document.text("ProviderName", "VendorName", "ProductName").lower()
    status = document.text("Status").lower()
    return Facts(
        detector=_PRODUCTS.get(provider, provider or "microsoft"),
        family=NAME,
        rule=document.line("AlertName", "DisplayName", "AlertType") or "microsoft alert",
        rule_id=document.clean(next(scalars(extended.get("DetectorId")), "")) or document.text("AlertType"),
        message=document.line("Description", "DisplayName"),
        severity=severity.from_word(document.scalar("AlertSeverity", "Severity")),
        techniques=attack.techniques(
            (*document.texts("Techniques", "SubTechniques"), *scalars(extended.get("MitreTechniques")))
        ),
        tactics=attack.tactics(
            name for text in document.texts("Tactics") for part in scalars(inner(text)) for name in part.split(",")
        ),
        principal=found.principal(),
        entities=found.sorted(),
        flags=("resolved",) if status in {"resolved", "closed", "dismissed"} else (),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    nodes = list(_walk(objects(document.raw("Entities"))))
    by_id = {str(node["$id"]): node for node in nodes if "$id" in node}
    _add_compromised(found, document.text("CompromisedEntity"), nodes)
    for kind in ("host", "account", "mailbox", *(name for name in _READERS if name not in _FIRST)):
        for node in nodes:
            if str(node.get("Type")).lower() == kind:
                _READERS[kind](found, node, by_id)
    return found


def _walk(roots: list[Node]) -> Iterator[Node]:
    """Yield every object of the graph that has a type, outer ones first."""
    waiting: list[Any] = list(roots)
    for node in waiting:
        if isinstance(node, dict):
            if "Type" in node:
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _add_compromised(found: Entities, name: str, nodes: list[Node]) -> None:
    """Add the asset the vendor names: a mailbox or account by its address, else a host."""
    if "@" in name:
        kind = Kind.MAILBOX if any(str(node.get("Type")).lower() == "mailbox" for node in nodes) else Kind.USER
        found.add(kind, "", name)
    elif name.startswith("/subscriptions/"):
        found.add(Kind.CLOUD, "", name)
    elif " " not in name:
        found.add_host(name)


def _follow(value: object, by_id: dict[str, Node]) -> Node:
    """Return the object that is meant: itself, or the one a ``$ref`` points to."""
    if not isinstance(value, dict):
        return {}
    return by_id.get(str(value["$ref"]), {}) if "$ref" in value else value


def _host(found: Entities, node: Node, _: dict[str, Node]) -> None:
    found.add_host(_host_name(node))
    found.add_host(node.get("HostName"))
    found.add(Kind.ADDRESS, "host", node.get("LastIpAddress"))


def _host_name(node: Node) -> str:
    """Return the fully qualified name where it is known, so that it equals what other detectors say."""
    name, domain = next(scalars(node.get("HostName")), ""), next(scalars(node.get("DnsDomain")), "")
    return next(scalars(node.get("FQDN")), "") or (f"{name}.{domain}" if name and domain else name)


def _account(found: Entities, node: Node, _: dict[str, Node]) -> None:
    name = node.get("AccountName") or node.get("UserPrincipalName") or node.get("Name") or node.get("Sid")
    found.add(Kind.USER, "", name)
    found.add(Kind.MAILBOX, "", node.get("UserPrincipalName"))


def _process(found: Entities, node: Node, by_id: dict[str, Node]) -> None:
    """Add the program, its image and, as lineage, the instance: its number, start and host, and the parent's."""
    image = _follow(node.get("ImageFile"), by_id)
    found.add(Kind.PROCESS, "", image.get("Name"))
    _file(found, image, by_id, role="process")
    hosts = found.of(Kind.HOST)
    for role, instance in (("", node), ("parent", _follow(node.get("ParentProcess"), by_id))):
        started = next(scalars(instance.get("CreationTimeUtc")), "")
        if started and hosts:
            found.add(Kind.LINEAGE, role, f"{hosts[0]}/{instance.get('ProcessId')}/{started}")


def _file(found: Entities, node: Node, by_id: dict[str, Node], role: str = "") -> None:
    name, folder = next(scalars(node.get("Name")), ""), next(scalars(node.get("Directory")), "")
    separator = "\\" if "\\" in folder or ":" in folder else "/"
    if name and folder:
        found.add(Kind.FILE, role, folder.rstrip("\\/") + separator + name)
    for value in objects(node.get("FileHashes")):
        found.add(Kind.HASH, "", _follow(value, by_id).get("Value"))


def _mail(found: Entities, node: Node, _: dict[str, Node]) -> None:
    found.add(Kind.MAILBOX, "target", node.get("Recipient"))
    for sender in ("Sender", "P1Sender", "P2Sender"):
        found.add(Kind.MAILBOX, "source", node.get(sender))
    found.add(Kind.ADDRESS, "source", node.get("SenderIP"))
    found.add(Kind.URL, "", node.get("Urls"))


def _plain(*fields: tuple[str, str, str]) -> Callable[[Entities, Node, dict[str, Node]], None]:
    def read(found: Entities, node: Node, _: dict[str, Node]) -> None:
        for name, kind, role in fields:
            found.add(kind, role, node.get(name))

    return read


_FIRST = ("host", "account", "mailbox")
_READERS: dict[str, Callable[[Entities, Node, dict[str, Node]], None]] = {
    "host": _host,
    "account": _account,
    "mailbox": _plain(("MailboxPrimaryAddress", Kind.MAILBOX, ""), ("Upn", Kind.MAILBOX, "")),
    "process": _process,
    "file": _file,
    "filehash": _plain(("Value", Kind.HASH, "")),
    "ip": _plain(("Address", Kind.ADDRESS, "")),
    "url": _plain(("Url", Kind.URL, "")),
    "dns": _plain(("DomainName", Kind.DOMAIN, "")),
    "mailmessage": _mail,
    "azure-resource": _plain(("ResourceId", Kind.CLOUD, "")),
    "cloud-application": _plain(("Name", Kind.SERVICE, ""), ("AppId", Kind.CLOUD, "application")),
    "iotdevice": _plain(("DeviceId", Kind.DEVICE, ""), ("DeviceName", Kind.DEVICE, "")),
}

FAMILY = Family(
    name=NAME,
    claims=lambda document: "SystemAlertId" in document or ("AlertName" in document and "ProviderName" in document),
    facts=facts,
    moments=at(
        ("StartTime", "event"),
        ("EndTime", "event"),
        (STAMP, "detected"),
        ("TimeGenerated", "detected"),
        ("ProcessingEndTime", "detected"),
        *INGESTED,
    ),
    ids=("SystemAlertId",),
)
