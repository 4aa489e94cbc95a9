"""Pieces that several products' documents share: times, ids, and the usual ECS objects."""

from datetime import datetime
from typing import Any

from triage.generator.company import Company, Host, Place, User
from triage.generator.events import Alert, Document, Moment
from triage.generator.process import Process
from triage.generator.techniques import TECHNIQUES


def iso(at: datetime) -> str:
    """Return 2026-03-02T08:15:30.123Z."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def micro(at: datetime, zone: str) -> str:
    """Return 2026-03-02T08:15:30.123456 followed by a zone text such as +0000."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + zone


def uuid_of(uid: str, part: int = 0) -> str:
    """Return a UUID-shaped text made of an id's hex digits."""
    h = uid[part : part + 32].ljust(32, "0")
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def doc_id(uid: str) -> str:
    """Return an id as Elasticsearch makes them: 20 characters."""
    return f"{uid[:10]}-{uid[10:19]}"


def stream(dataset: str, at: datetime) -> str:
    """Return the backing index of a data stream in a month."""
    return f".ds-logs-{dataset}-default-{at:%Y.%m}.01-000001"


def prune(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value without what is empty: None, '', [] and {}."""
    if isinstance(value, dict):
        kept = {k: prune(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v is not None and v not in ("", [], {})}
    if isinstance(value, list):
        return [prune(v) for v in value]
    return value


def ecs_alert(moment: Moment, dataset: str, body: Document) -> Alert:
    """Return a document of an integration: common ECS fields around the product's own."""
    base: Document = {
        "@timestamp": iso(moment.at),
        "ecs": {"version": "8.17.0"},
        "data_stream": {"dataset": dataset, "namespace": "default", "type": "logs"},
        "tags": ["forwarded"],
    }
    return Alert(moment.at, stream(dataset, moment.at), doc_id(moment.uid), prune({**base, **body}))


def event_of(moment: Moment, dataset: str, severity: int, category: list[str], **more: object) -> Document:
    """Return ECS ``event`` of a detector that writes ECS itself; severity is 0-100."""
    return {
        "kind": "alert",
        "category": category,
        "type": ["info"],
        "dataset": dataset,
        "module": dataset.partition(".")[0],
        "severity": severity,
        "id": moment.uid[:20],
        "created": iso(moment.at),
        **more,
    }


def host_of(host: Host) -> Document:
    """Return ECS ``host``."""
    return {
        "name": host.name,
        "hostname": host.short,
        "ip": [host.ip],
        "id": host.agent,
        "os": {"type": host.os, "family": host.os},
    }


def user_of(company: Company, user: User) -> Document:
    """Return ECS ``user`` as a Windows host tells it."""
    return {"name": user.name, "domain": company.netbios, "id": user.sid}


def process_of(process: Process) -> Document:
    """Return ECS ``process`` with its parent."""
    own = {
        "name": process.name,
        "executable": process.executable,
        "command_line": process.command_line,
        "pid": process.pid,
        "entity_id": process.entity_id,
        "hash": {"sha256": process.sha256},
    }
    if process.parent is None:
        return own
    parent = process.parent
    keys = ("name", "executable", "command_line", "pid", "entity_id")
    return {**own, "parent": {key: getattr(parent, key) for key in keys}}


def geo_of(place: Place) -> Document:
    """Return ECS ``geo``."""
    return {"country_name": place.country, "country_iso_code": place.iso, "city_name": place.city}


def as_of(place: Place) -> Document:
    """Return ECS ``as``."""
    return {"number": place.asn, "organization": {"name": place.provider}}


def threat_of(framework: str, technique: str) -> Document | None:
    """Return ECS ``threat`` of one technique; None where the detector names none."""
    if not technique:
        return None
    name, tactic = TECHNIQUES[technique]
    return {
        "framework": framework,
        "technique": {"id": [technique], "name": [name]},
        "tactic": {"name": [tactic.replace("-", " ").title()]},
    }
