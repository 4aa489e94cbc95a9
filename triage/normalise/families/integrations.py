"""Products as Elastic's integrations write them: ECS, and beside it the product's own fields below one prefix.

ECS has no place for much of what a product says, or one scale for all: ``event.severity`` is 1-10 here and 1-4 with 1
as the worst there. So the product's own fields go before, and what they leave open is read as any other ECS document.
Fields: https://www.elastic.co/docs/reference/integrations (exported fields of each integration).
"""

from collections.abc import Callable
from typing import NamedTuple

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.families import ecs
from triage.normalise.family import Family, add_fields
from triage.normalise.fields import Document, objects

NAME = "elastic_integration"
_PANOS = {1: 99.0, 2: 73.0, 3: 47.0, 4: 21.0, 5: 5.0}
_SECURE_ENDPOINT = {1: 21.0, 2: 47.0, 3: 73.0, 4: 99.0}

Rating = Callable[[Document, str], float | None]
"""What a document says about its severity; the second argument is the prefix of the product's fields."""


def _word(name: str) -> Rating:
    return lambda document, prefix: severity.from_word(document.scalar(prefix + name))


def _steps(steps: dict[int, float]) -> Rating:
    return lambda document, _: severity.in_steps(document.scalar("event.severity"), steps)


def _guardduty(document: Document, prefix: str) -> float | None:
    return severity.on_scale(document.scalar(prefix + "severity.code", "event.severity"), severity.GUARDDUTY)


def _vectra(document: Document, prefix: str) -> float | None:
    """Return the worst of severity (0-10) and threat (0-100); zeros mean untriaged and say nothing."""
    scores = (
        severity.on_scale(document.scalar(prefix + "severity"), severity.TEN),
        severity.percent(document.scalar(prefix + "threat.score", prefix + "threat")),
    )
    return max((score for score in scores if score), default=None)


def _falcon(document: Document, prefix: str) -> float | None:
    return severity.from_word(document.scalar(prefix + "severity_name", prefix + "SeverityName"))


def _ten(document: Document, _: str) -> float | None:
    return severity.on_scale(document.scalar("event.severity"), severity.TEN)


class Integration(NamedTuple):
    """Where one product says more than ECS does; all names are below the prefix."""

    prefix: str
    product: str
    rules: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    rating: Rating | None = None
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    entities: tuple[tuple[str, str, str], ...] = ()
    """Name, kind, role."""
    people: tuple[tuple[str, str], ...] = ()
    """Name of actors or targets (with type and alternate_id) and the role of those of them that are users."""


INTEGRATIONS: tuple[Integration, ...] = (
    Integration(
        prefix="aws.guardduty.",
        product="guardduty",
        rules=("type",),
        messages=("title",),
        rating=_guardduty,
        tactics=("type",),
        entities=(
            ("resource.access_key_details.user.name", Kind.USER, ""),
            ("resource.kubernetes_details.kubernetes_user_details.user_name", Kind.USER, ""),
            ("resource.instance_details.instance.id", Kind.CLOUD, ""),
            ("resource.s3_bucket_details.name", Kind.CLOUD, ""),
            ("resource.s3_bucket_details.arn", Kind.CLOUD, ""),
            ("resource.eks_cluster_details.name", Kind.CLOUD, ""),
            ("resource.eks_cluster_details.arn", Kind.CLOUD, ""),
            ("resource.access_key_details.accesskey_id", Kind.CLOUD, "key"),
            ("account_id", Kind.CLOUD, "account"),
            ("service.action.dns_request_action.domain", Kind.DOMAIN, ""),
        ),
    ),
    Integration(
        prefix="okta.",
        product="okta",
        rules=("event_type",),
        messages=("display_message",),
        rating=_word("severity"),
        entities=(("client.ip", Kind.ADDRESS, "source"),),
        people=(("actor", ""), ("target", "target")),
    ),
    Integration(prefix="zeek.notice.", product="zeek", rules=("note", "name"), messages=("msg",)),
    Integration(
        prefix="vectra_detect.log.",
        product="vectra",
        rules=("d_type.vname", "category"),
        messages=("category",),
        rating=_vectra,
        techniques=("mitre",),
        tactics=("category",),
        entities=(
            ("host.name", Kind.HOST, ""),
            ("host.ip", Kind.ADDRESS, "host"),
            ("account.name", Kind.USER, ""),
            ("dd.dst.ip", Kind.ADDRESS, "destination"),
            ("dd.dst.dns", Kind.DOMAIN, "destination"),
        ),
    ),
    Integration(
        prefix="vectra_rux.detection_event.",
        product="vectra",
        rules=("d_type_vname", "detection.type"),
        messages=("category",),
        rating=_vectra,
        techniques=("mitre",),
        tactics=("category",),
    ),
    Integration(
        prefix="falco.",
        product="falco",
        rules=("rule",),
        rating=_word("priority"),
        techniques=("tags",),
        tactics=("tags",),
        entities=(
            ("output_fields.user.name", Kind.USER, ""),
            ("output_fields.container.id", Kind.CLOUD, "container"),
            ("output_fields.container.name", Kind.CLOUD, "container"),
            ("output_fields.fd.cip", Kind.ADDRESS, "source"),
            ("output_fields.fd.sip", Kind.ADDRESS, "destination"),
        ),
    ),
    Integration(
        prefix="crowdstrike.alert.",
        product="crowdstrike",
        rules=("display_name", "name"),
        messages=("description",),
        rating=_falcon,
        techniques=("technique_id",),
        tactics=("tactic",),
    ),
    Integration(
        prefix="crowdstrike.event.",
        product="crowdstrike",
        rules=("DetectName", "Name"),
        rating=_falcon,
        techniques=("TechniqueId",),
        tactics=("Tactic",),
    ),
    Integration(
        prefix="m365_defender.incident.",
        product="m365_defender",
        rules=("alert.title", "display_name"),
        rating=_word("severity"),
        techniques=("alert.mitre_techniques",),
        tactics=("alert.category",),
    ),
    Integration(
        prefix="m365_defender.alerts.",
        product="m365_defender",
        rules=("title",),
        rating=_word("severity"),
        techniques=("mitre_techniques", "mitreTechniques"),
        tactics=("category",),
    ),
    Integration(
        prefix="microsoft.defender_endpoint.",
        product="microsoft_defender_endpoint",
        entities=(("evidence.userPrincipalName", Kind.USER, ""),),
    ),
    Integration(
        prefix="darktrace.ai_analyst_alert.",
        product="darktrace",
        rules=("title",),
        messages=("summary",),
        tactics=("attack_phases",),
    ),
    Integration(
        prefix="darktrace.model_breach_alert.",
        product="darktrace",
        techniques=("model.mitre.techniques",),
        tactics=("model.mitre.tactics",),
        entities=(("device.hostname", Kind.HOST, ""), ("device.ip", Kind.ADDRESS, "host")),
    ),
    Integration(
        prefix="darktrace.system_status_alert.",
        product="darktrace",
        rules=("alert_name", "name"),
        messages=("message",),
    ),
    Integration(
        prefix="sentinel_one.threat.",
        product="sentinel_one",
        rules=("classification",),
        messages=("name",),
        rating=_word("confidence_level"),
        entities=(("agent.computer_name", Kind.HOST, ""), ("file.hash.sha1", Kind.HASH, "")),
    ),
    Integration(
        prefix="sentinel_one.alert.", product="sentinel_one", rules=("rule.name",), rating=_word("rule.severity")
    ),
    Integration(prefix="carbon_black_cloud.alert.", product="carbon_black_cloud", rules=("type",), rating=_ten),
    Integration(
        prefix="cisco.secure_endpoint.",
        product="cisco_secure_endpoint",
        rules=("cloud_ioc.short_description", "detection", "event_type"),
        messages=("cloud_ioc.description",),
        rating=_steps(_SECURE_ENDPOINT),
        techniques=("techniques",),
        tactics=("tactics",),
    ),
    Integration(prefix="panw.panos.", product="panw", rules=("threat.name",), rating=_steps(_PANOS)),
)
_PREFIXES = tuple(one.prefix for one in INTEGRATIONS)


def facts(document: Document) -> Facts:
    """Return what the product's own fields say, and for the rest what the ECS fields do."""
    base, own = ecs.facts(document), _integration(document)
    if own is None:
        return base
    found = _entities(document, own)
    rated = own.rating(document, own.prefix) if own.rating else None
    return base._replace(
        detector=own.product,
        family=NAME,
        rule=document.line(*_below(own, own.rules)) or base.rule,
        message=document.line(*_below(own, own.messages)) or base.message,
        severity=base.severity if rated is None else rated,
        techniques=tuple(sorted({*attack.techniques(document.texts(*_below(own, own.techniques))), *base.techniques})),
        tactics=tuple(sorted({*_tactics(document, own), *base.tactics})),
        principal=found.principal() or base.principal,
        entities=found.sorted(),
    )


def _integration(document: Document) -> Integration | None:
    """Return the integration that wrote the document: of the first field that has one of the prefixes."""
    for name in document.flat:
        if name.startswith(_PREFIXES):
            return next(one for one in INTEGRATIONS if name.startswith(one.prefix))
    return None


def _below(own: Integration, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(own.prefix + name for name in names)


def _tactics(document: Document, own: Integration) -> tuple[str, ...]:
    """Return tactics; GuardDuty puts them before a colon, Falco after ``mitre_``."""
    texts = document.texts(*_below(own, own.tactics))
    return attack.tactics(text.split(":", 1)[0].removeprefix("mitre_") for text in texts)


def _entities(document: Document, own: Integration) -> Entities:
    found = ecs.entities(document)
    add_fields(found, document, own.entities, own.prefix)
    for name, role in own.people:
        people = objects(document.raw(own.prefix + name)) or [_object(document, own.prefix + name)]
        for person in people:
            if person.get("type") in {"User", "AppUser"}:
                found.add(Kind.USER, role, person.get("alternate_id"))
            elif person.get("type") in {"AppInstance", "PublicClientApp"}:
                found.add(Kind.SERVICE, role, person.get("alternate_id") or person.get("display_name"))
    if own.product == "darktrace":
        _add_devices(found, document, own)
    elif own.prefix == "vectra_rux.detection_event." and document.text(own.prefix + "type") == "account":
        found.add(Kind.USER, "", document.text(own.prefix + "src_entity", own.prefix + "entity.uid").split(":", 1)[-1])
    return found


def _object(document: Document, name: str) -> dict[str, object]:
    """Return the fields of a nested object that the flattening took apart."""
    return {key: document.raw(f"{name}.{key}") for key in ("type", "alternate_id", "display_name")}


def _add_devices(found: Entities, document: Document, own: Integration) -> None:
    devices = [*objects(document.raw(own.prefix + "breach_devices"))]
    devices.append({"did": document.raw(own.prefix + "device.did")})
    for device in devices:
        found.add_host(device.get("hostname"))
        found.add(Kind.ADDRESS, "host", device.get("ip"))
        if device.get("did") is not None:
            found.add(Kind.DEVICE, "", f"did-{device['did']}")


FAMILY = Family(
    name=NAME,
    claims=lambda document: _integration(document) is not None and ecs.FAMILY.claims(document),
    facts=facts,
    moments=ecs.moments,
)
