"""Darktrace: model breaches, AI Analyst incidents and Antigena actions, as the appliance sends them.

``score`` runs from 0 to 1; ``aiaScore`` and ``groupScore`` from 0 to 100. An address may be masked ("10.0.0.#36859").
"""

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, at, collector
from triage.normalise.fields import Document, objects, scalars

NAME = "darktrace"


def facts(document: Document) -> Facts:
    """Return what a breach, incident or action says."""
    found = _entities(document)
    tactics = document.texts("mitreTactics", "model.now.mitre.tactics", "model.then.mitre.tactics")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=document.line("model.now.name", "model.then.name", "model.name", "title", "model", "summariser", "name")
        or "darktrace alert",
        rule_id=document.text("model.now.uuid", "model.then.uuid"),
        message=document.line("summary", "message", "model.now.description", "model.then.description", "inhibitor"),
        severity=_severity(document),
        techniques=attack.techniques(document.texts("model.now.mitre.techniques", "model.then.mitre.techniques")),
        tactics=attack.tactics(tactics),
        principal=found.principal(),
        entities=found.sorted(),
        flags=("acknowledged",) if document.raw("acknowledged") is True else (),
    )


def _severity(document: Document) -> float | None:
    score = severity.number(document.scalar("score"))
    return severity.first(
        severity.percent(score * 100) if score is not None and score <= 1 else severity.percent(score),
        severity.percent(document.scalar("aiaScore", "groupScore", "threatScore")),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    for device in [*objects(document.raw("breachDevices")), *objects(document.source.get("device"))]:
        name = next(scalars(device.get("hostname")), "")
        if name.lower().startswith("saas::"):  # "SaaS::Zoom: ann@corp.example" is a person's account
            found.add(Kind.USER, "", name.rsplit(" ", 1)[-1])
        else:
            found.add_host(name)
        found.add(Kind.ADDRESS, "host", device.get("ip"))
        if device.get("did") is not None:
            found.add(Kind.DEVICE, "", f"did-{device['did']}")
        found.add(Kind.DEVICE, "mac", device.get("macaddress") or device.get("mac"))
    found.add(Kind.USER, "", document.raw("username"))
    return found


_MARKS = ("pbid", "aiaScore", "summariser", "iris-event-type", "breachUrl", "breachDevices")

FAMILY = Family(
    name=NAME,
    claims=lambda document: any(mark in document for mark in _MARKS),
    facts=facts,
    moments=at(
        ("time", "event"),
        ("periods.start", "event"),
        ("createdAt", "event"),
        ("creationTime", "event"),
        ("start", "event"),
        (STAMP, "event"),
        ("timestamp", "event"),
        *INGESTED,
    ),
)
