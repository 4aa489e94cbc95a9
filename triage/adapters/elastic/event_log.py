"""Events that are no alerts, in any ECS index: an ``EventLog`` of ``triage.ports``.

Only the fields listed here leave the server, whatever else a document holds: no message bodies, no secrets of a
script's environment, no request bodies.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from triage.adapters.elastic.asking import OLDEST_FIRST, Asking, moment_of, total_of, within
from triage.adapters.elastic.bodies import Body
from triage.adapters.elastic.fields import ENTITY_FIELDS, HOST_FIELDS
from triage.adapters.elastic.query import TIME
from triage.adapters.elastic.typed import Types, equals_any, grouping_field
from triage.config import ElasticSettings
from triage.models import EntityKind
from triage.ports import EventCategory, Events, Found, Logons, Place

SHOWN = (
    *("event.category", "event.action", "event.outcome", "event.module", "host.name", "user.name", "user.domain"),
    *("process.name", "process.executable", "process.command_line", "process.entity_id", "process.pid"),
    *("process.parent.name", "process.parent.executable", "process.parent.entity_id", "process.parent.pid"),
    *("source.ip", "destination.ip", "destination.port", "destination.domain", "dns.question.name", "url.domain"),
    *("file.path", "file.hash.sha256", "cloud.account.id", "cloud.region", "event.provider"),
    *("email.from.address", "email.to.address", "email.subject"),
)
"""Fields of ECS 8 that an answer holds where an event has them."""
WINDOWS: Mapping[str, str] = {
    "process.entity_id": "ProcessGuid",
    "process.executable": "Image",
    "process.command_line": "CommandLine",
    "process.parent.entity_id": "ParentProcessGuid",
    "process.parent.executable": "ParentImage",
    "user.name": "TargetUserName",
    "source.ip": "IpAddress",
    "destination.ip": "DestinationIp",
    "destination.port": "DestinationPort",
    "dns.question.name": "QueryName",
    "file.path": "TargetFilename",
}
"""Field of ECS -> what Windows and Sysmon call it below ``winlog.event_data``, where no pipeline has renamed it."""
_DATA = "winlog.event_data."
_CATEGORY, _MODULE, _TYPE, _OUTCOME = "event.category", "event.module", "event.type", "event.outcome"
_CODE, _FAILED_LOGON = "event.code", "4625"
_OF_CATEGORY: Mapping[EventCategory, Sequence[tuple[str, str]]] = {
    "process": ((_CATEGORY, "process"), (f"{_DATA}ParentProcessGuid", "")),
    "network": ((_CATEGORY, "network"), (f"{_DATA}DestinationIp", "")),
    "dns": (("dns.question.name", ""), (f"{_DATA}QueryName", "")),
    "authentication": ((_CATEGORY, "authentication"), (_CATEGORY, "session"), (f"{_DATA}LogonType", "")),
    "file": ((_CATEGORY, "file"), (f"{_DATA}TargetFilename", "")),
    "cloud": tuple((_MODULE, name) for name in ("aws", "azure", "gcp", "o365", "google_workspace", "okta")),
    "email": ((_CATEGORY, "email"), ("email.from.address", "")),
}
"""Category -> (field, value) pairs of which one must hold; '' = the field is there."""
_SOURCES = ("source.ip", "client.ip", f"{_DATA}IpAddress")
_NAMING: Mapping[EntityKind, Sequence[str]] = {
    **ENTITY_FIELDS,
    EntityKind.USER: (*ENTITY_FIELDS[EntityKind.USER], f"{_DATA}TargetUserName"),
    EntityKind.LINEAGE: (*ENTITY_FIELDS[EntityKind.LINEAGE], f"{_DATA}ProcessGuid", f"{_DATA}ParentProcessGuid"),
}
_TIMES = "strict_date_optional_time_nanos"


class ElasticEventLog:
    """Asks the event indices of the settings; ``settings.index`` holds their patterns."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings, seconds: float = 10) -> None:
        """``seconds`` bounds one question."""
        names = {name for fields in _NAMING.values() for name in fields} | {*HOST_FIELDS, *_SOURCES}
        self._asking = Asking(client, settings, sorted(names | {_CATEGORY, _MODULE, _TYPE, _OUTCOME, _CODE}), seconds)

    def around(
        self,
        kind: EntityKind,
        value: str,
        since: datetime,
        until: datetime,
        categories: Sequence[EventCategory],
        limit: int,
    ) -> Events:
        """Return up to ``limit`` events that name the entity, oldest first, and the true number of each category."""
        types = self._asking.types()
        each = {name: _of_category(name, types) for name in (categories or _OF_CATEGORY)}
        wanted = [equals_any(_NAMING[kind], value, types), *([_one_of([*each.values()])] if categories else [])]
        query = within({"bool": {"filter": wanted}}, since, until)
        body = self._rows(query, limit, aggs={"of": {"filters": {"filters": each}}})
        found = body["aggregations"]["of"]["buckets"]
        counts = {name: int(found[name]["doc_count"]) for name in each if found[name]["doc_count"]}
        return Events(_found(body, query), counts)

    def starts(self, host: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return up to ``limit`` process events of a host that name a parent and are no end, oldest first."""
        types = self._asking.types()
        here = [equals_any(_NAMING[EntityKind.HOST], host, types), _of_category("process", types)]
        named = [f"process.parent.{name}" for name in ("entity_id", "pid", "name")]
        parents = [{"exists": {"field": name}} for name in (*named, f"{_DATA}ParentProcessGuid")]
        ended = equals_any([_TYPE], "end", types)
        query = within({"bool": {"filter": [*here, _one_of(parents)], "must_not": [ended]}}, since, until)
        return _found(self._rows(query, limit), query)

    def logons(self, user: str, since: datetime, fresh: datetime, until: datetime, limit: int) -> Logons:
        """Return the sign-ins of a user; places are those of sign-ins that did not fail."""
        types = self._asking.types()
        of_user = equals_any(_NAMING[EntityKind.USER], user, types)
        query = within({"bool": {"filter": [of_user, _of_category("authentication", types)]}}, since, until)
        failed = _one_of([equals_any([_OUTCOME], "failure", types), equals_any([_CODE], _FAILED_LOGON, types)])
        fields = {"host": grouping_field(HOST_FIELDS, types), "address": grouping_field(_SOURCES, types)}
        asked = {kind: field for kind, field in fields.items() if field}
        worked = {"filter": {"bool": {"must_not": [failed]}}, "aggs": _places(asked, limit)}
        before = {"filter": {"range": {TIME: {"lt": fresh.isoformat()}}}}
        body = self._asking.search(query, 0, aggs={"failed": {"filter": failed}, "worked": worked, "before": before})
        found = body["aggregations"]
        return Logons(
            total_of(body),
            int(found["failed"]["doc_count"]),
            int(found["before"]["doc_count"]),
            tuple(place for kind in asked for place in _read_places(kind, found["worked"])),
            sum(int(found["worked"][f"{kind} total"]["value"]) for kind in asked),
            _told(query),
        )

    def _rows(self, query: Mapping[str, Any], limit: int, **more: Any) -> Body:  # noqa: ANN401 - of the client
        fields = [*SHOWN, *(f"{_DATA}{name}" for name in WINDOWS.values()), {"field": TIME, "format": _TIMES}]
        return self._asking.search(query, limit, sort=OLDEST_FIRST, source=False, fields=fields, **more)


def _of_category(name: EventCategory, types: Types) -> dict[str, Any]:
    clauses = [
        equals_any([field], value, types) if value else {"exists": {"field": field}}
        for field, value in _OF_CATEGORY[name]
    ]
    return _one_of(clauses)


def _one_of(clauses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def _places(fields: Mapping[str, str], limit: int) -> dict[str, Any]:
    """Return the aggregations of places; the newest come first, so that many old ones cannot hide a new one."""
    made: dict[str, Any] = {}
    for kind, field in fields.items():
        terms = {"field": field, "size": limit, "order": [{"first": "desc"}, {"_key": "asc"}]}
        made[kind] = {"terms": terms, "aggs": {"first": {"min": {"field": TIME}}}}
        made[f"{kind} total"] = {"cardinality": {"field": field}}
    return made


def _read_places(kind: str, found: Mapping[str, Any]) -> list[Place]:
    firsts = [(bucket, moment_of(bucket["first"])) for bucket in found[kind]["buckets"]]
    return [Place(kind, str(bucket["key"]), first, int(bucket["doc_count"])) for bucket, first in firsts if first]


def _found(body: Body, query: Mapping[str, Any]) -> Found:
    rows = [_row(hit) for hit in body["hits"]["hits"]]
    rows.sort(key=lambda row: (row["time"], row["index"], row["id"]))
    total = total_of(body)
    return Found(tuple(rows), total, total > len(rows), _told(query))


def _row(hit: Mapping[str, Any]) -> dict[str, Any]:
    held = hit.get("fields") or {}
    found = {name: held.get(name) or held.get(_DATA + WINDOWS.get(name, "")) for name in SHOWN}
    said = {name: ", ".join(str(value) for value in values[:5]) for name, values in found.items() if values}
    time = datetime.fromisoformat(str(held[TIME][0])).astimezone(UTC)
    return {"time": time, "index": hit["_index"], "id": hit["_id"], **said}


def _told(query: Mapping[str, Any]) -> str:
    return orjson.dumps({"query": query}).decode()
