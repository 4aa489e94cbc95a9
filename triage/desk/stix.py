"""Incidents as a STIX 2.1 bundle for threat intelligence platforms, as plain dictionaries.

Ids are made of what they name (UUIDv5), so that the same export twice gives the same objects and a platform updates
instead of doubling. https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from triage.attack import Technique, TechniqueTable, load_techniques
from triage.desk.decisions import Status
from triage.desk.indicators import Indicator, address, hash_name, indicators
from triage.models import Entity, EntityKind, Incident
from triage.trust.untrusted import clean

Object = dict[str, Any]

_OBSERVABLES: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of observables, section 2.9: everybody gives the same address the same id."""
_OURS: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "soc-triage")
_SINCE: Final = "2026-01-01T00:00:00.000Z"
"""When what does not change with an incident was created."""
_AMBER: Final = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
_MARKING: Final[Object] = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": _AMBER,
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "name": "TLP:AMBER",
    "definition": {"tlp": "amber"},
}
_SOURCES: Final = {"enterprise": "mitre-attack", "ics": "mitre-ics-attack", "atlas": "mitre-atlas"}
_HARMLESS: Final = {"false_positive", "benign_true_positive"}
_NAME: Final = 300
_TEXT: Final = 4000


def bundle(items: Iterable[tuple[Incident, Status | None]]) -> Object:
    """Return a bundle with what was seen and concluded; indicators only of what nobody and nothing called harmless.

    Everything is marked TLP:AMBER. Free text is cleaned; a value that STIX cannot carry is left out.
    """
    table = load_techniques()
    objects = {_AMBER: _MARKING} | {one["id"]: one for one in (_producer(),)}
    for incident, status in items:
        for one in _of_incident(incident, status, table):
            objects.setdefault(one["id"], one)
    contents = "\n".join(f"{name} {one.get('modified', '')}" for name, one in objects.items())
    return {"type": "bundle", "id": f"bundle--{uuid.uuid5(_OURS, contents)}", "objects": list(objects.values())}


def _of_incident(incident: Incident, status: Status | None, table: TechniqueTable) -> Iterator[Object]:
    """Yield an incident and all that belongs to it; what is referred to comes before what refers."""
    modified = max(incident.last_seen, status.changed) if status and status.changed else incident.last_seen
    case = _incident(incident, status, modified)
    seen = [one for entity in incident.entities if (one := _observable(entity))]
    related = [_attack_pattern(technique) for name in incident.techniques if (technique := table.find(name))]
    related += [_host(entity) for entity in incident.entities if entity.kind == EntityKind.HOST]
    yield from seen
    if seen:
        observed = _observed(incident, seen, modified)
        related.append(observed)
    if incident.disposition != "benign" and not (status and status.reason in _HARMLESS):
        confirmed = status is not None and status.reason == "true_positive"
        related += [
            one for found in indicators([incident]) if (one := _indicator(found, incident, confirmed=confirmed))
        ]
    yield from related
    yield case
    for name in dict.fromkeys(one["id"] for one in related):
        yield _relationship(case, name)


# --- objects --------------------------------------------------------------------------------------------------------


def _domain(kind: str, key: str, created: str, modified: str, **properties: Any) -> Object:  # noqa: ANN401
    """A domain or relationship object with what all of them carry."""
    head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid.uuid5(_OURS, f'{kind} {key}')}"}
    marks = {"created_by_ref": _PRODUCER, "object_marking_refs": [_AMBER]}
    return head | {"created": created, "modified": modified} | marks | properties


_PRODUCER: Final = f"identity--{uuid.uuid5(_OURS, 'producer')}"


def _producer() -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _PRODUCER,
        "created": _SINCE,
        "modified": _SINCE,
        "name": "soc-triage",
        "identity_class": "system",
    }


def _incident(incident: Incident, status: Status | None, modified: datetime) -> Object:
    labels = [f"disposition:{incident.disposition}"]
    labels += [f"closed:{status.reason}"] if status and status.state == "closed" else []
    return _domain(
        "incident",
        incident.incident_id,
        _time(incident.first_seen),
        _time(modified),
        name=clean(incident.title, _NAME),
        description=clean(incident.summary, _TEXT, lines=True),
        labels=labels,
        external_references=[{"source_name": "soc-triage", "external_id": clean(incident.incident_id, _NAME)}],
    )


def _observed(incident: Incident, seen: Iterable[Object], modified: datetime) -> Object:
    return _domain(
        "observed-data",
        incident.incident_id,
        _time(incident.first_seen),
        _time(modified),
        first_observed=_time(incident.first_seen),
        last_observed=_time(incident.last_seen),
        number_observed=min(incident.alert_count, 999_999_999),
        object_refs=list(dict.fromkeys(one["id"] for one in seen)),
    )


def _host(entity: Entity) -> Object:
    name = clean(entity.value, _NAME)
    return _domain("identity", name, _SINCE, _SINCE, name=name, identity_class="system")


def _attack_pattern(technique: Technique) -> Object:
    reference = {"source_name": _SOURCES.get(technique.domain, technique.domain), "external_id": technique.id}
    return _domain("attack-pattern", technique.id, _SINCE, _SINCE, name=technique.name, external_references=[reference])


def _indicator(found: Indicator, incident: Incident, *, confirmed: bool) -> Object | None:
    pattern = _pattern(found)
    if pattern is None:
        return None
    seen = _time(incident.first_seen)
    return _domain(
        "indicator",
        f"{incident.incident_id} {pattern}",
        seen,
        seen,
        name=clean(found.value, _NAME),
        description=clean(f"seen in: {incident.title}", _NAME),
        pattern=pattern,
        pattern_type="stix",
        valid_from=seen,
        indicator_types=["malicious-activity" if confirmed else "anomalous-activity"],
    )


def _relationship(case: Object, target: str) -> Object:
    return _domain(
        "relationship",
        f"{case['id']} {target}",
        case["created"],
        case["created"],
        relationship_type="related-to",
        source_ref=case["id"],
        target_ref=target,
    )


# --- observables ----------------------------------------------------------------------------------------------------

_VALUED: Final = {EntityKind.DOMAIN: "domain-name", EntityKind.URL: "url", EntityKind.MAILBOX: "email-addr"}


def _observable(entity: Entity) -> Object | None:
    """Return the observable of an entity, None where STIX has no type for it or cannot carry the value."""
    value = entity.value
    if entity.kind in {EntityKind.FILE, EntityKind.PROCESS}:
        return _cyber("file", name=clean(value.replace("\\", "/").rpartition("/")[2] or value, _NAME))
    if entity.kind == EntityKind.USER:
        return _cyber("user-account", account_login=clean(value, _NAME))
    if entity.kind == EntityKind.HASH:
        algorithm = hash_name(value)
        return _cyber("file", hashes={algorithm: value.lower()}) if algorithm else None
    kind = _valued(entity.kind, value)
    return _cyber(kind, value=value) if kind else None


def _valued(kind: EntityKind, value: str) -> str | None:
    """Return the type of an observable that consists of a value."""
    if kind == EntityKind.ADDRESS:
        found = address(value)
        return f"ipv{found.version}-addr" if found else None
    if not value.isprintable() or (kind == EntityKind.MAILBOX and "@" not in value):
        return None
    return _VALUED.get(kind)


def _cyber(kind: str, **properties: Any) -> Object:  # noqa: ANN401 - values of JSON
    canonical = json.dumps(properties, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    name = f"{kind}--{uuid.uuid5(_OBSERVABLES, canonical)}"
    return {"type": kind, "spec_version": "2.1", "id": name, "object_marking_refs": [_AMBER]} | properties


def _pattern(found: Indicator) -> str | None:
    if found.kind == EntityKind.HASH:
        algorithm = hash_name(found.value)
        return f"[file:hashes.{_quoted(algorithm)} = {_quoted(found.value.lower())}]" if algorithm else None
    kind = _valued(found.kind, found.value)
    return f"[{kind}:value = {_quoted(found.value)}]" if kind else None


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
