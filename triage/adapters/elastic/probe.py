"""What ``triage doctor`` wants to know about Elasticsearch: each answer says what was found and what to do."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from elasticsearch import ApiError, Elasticsearch

from triage.adapters.elastic.client import connect, place
from triage.adapters.elastic.faults import bounded, translated
from triage.adapters.elastic.query import own_query, query_of_window
from triage.adapters.elastic.typed import types_of, word_fields
from triage.config import ElasticSettings
from triage.errors import SourceError, SourceUnavailable, TriageError
from triage.ports import Window

_READ = "index privilege read"
_DETECTORS = ("event.module", "event.dataset", "kibana.alert.rule.producer", "observer.product", "ProviderName")
_MAIN_FIELDS = (
    "@timestamp",
    "event.ingested",
    "event.severity",
    "rule.name",
    "kibana.alert.rule.name",
    "host.name",
    "user.name",
    "source.ip",
    "destination.ip",
    "process.name",
    "file.hash.sha256",
)
_SUPPORTED = ((8, 19), (9, 0))


class Check(NamedTuple):
    """One question and its answer."""

    name: str
    ok: bool
    detail: str
    advice: str
    """What to do; '' when ok."""


def checks(settings: ElasticSettings, window: Window) -> list[Check]:
    """Ask everything; stops after the first question that makes the rest pointless. Never raises TriageError."""
    try:
        client = connect(settings)
    except TriageError as error:
        return [Check("settings", ok=False, detail=str(error), advice="correct triage.toml or the environment")]
    with client:
        reachable = _asked("reachable", lambda: _reach(client, settings))
        if not reachable.ok:
            return [reachable]
        return [reachable, _tls(settings), *_about(client, settings, window)]


def _about(client: Elasticsearch, settings: ElasticSettings, window: Window) -> Iterator[Check]:
    yield _asked("version", lambda: _version(client, settings))
    readable = []
    for pattern in (text.strip() for text in settings.index.split(",")):
        access = _asked(f"read {pattern}", lambda pattern=pattern: _read(client, settings, pattern))  # type: ignore[misc]
        readable += [pattern] if access.ok else []
        yield access
    if settings.publish:
        yield _asked(f"write {settings.publish_index}", lambda: _write(client, settings))
    if readable:
        index = ",".join(readable)
        yield _asked("alerts", lambda: _alerts(client, settings, index, window))
        yield _asked("fields", lambda: _fields(client, settings, index))
        yield _asked("detectors", lambda: _detectors(client, settings, index))


def _asked(name: str, question: Callable[[], str]) -> Check:
    """Turn an answer or an error of the tree into a check; an error's text is its own advice."""
    try:
        return Check(name, ok=True, detail=question(), advice="")
    except (SourceError, SourceUnavailable) as error:
        detail, _, advice = str(error).partition(": ")
        return Check(name, ok=False, detail=detail, advice=advice or detail)


def _reach(client: Elasticsearch, settings: ElasticSettings) -> str:
    with translated("ask for the cluster's health", place(settings), "cluster privilege monitor"):
        try:
            health = client.cluster.health()
        except ApiError as error:
            if error.status_code != 403:
                raise
            return f"{place(settings)} answers (health not readable)"
    return f"{place(settings)}: cluster {bounded(health['cluster_name'])} is {health['status']}"


def _tls(settings: ElasticSettings) -> Check:
    if settings.cloud_id or settings.url.startswith("https:"):
        how = "fingerprint" if settings.fingerprint else str(settings.ca_file or "the system's authorities")
        advice = "" if settings.verify else "set elasticsearch.verify = true with ca_file or fingerprint"
        return Check("tls", settings.verify, f"verified by {how}" if settings.verify else "not verified", advice)
    return Check("tls", ok=True, detail="not used: fit for the same machine only", advice="")


def _version(client: Elasticsearch, settings: ElasticSettings) -> str:
    number = _version_of(client, settings)
    known = tuple(int(digits) for digits in number.split(".")[:2] if digits.isdigit())
    if known < _SUPPORTED[0] or known[0] > _SUPPORTED[1][0]:
        raise SourceError(f"version {number}: 8.19 and 9.x are supported; upgrade the cluster")
    return number


def _version_of(client: Elasticsearch, settings: ElasticSettings) -> str:
    """Return the version by ``GET /``, or by the nodes API where that is missing."""
    with translated("ask for the version", place(settings), "cluster privilege monitor"):
        try:
            return str(client.info()["version"]["number"])
        except ApiError as error:
            if error.status_code in (401, 403):
                raise
        nodes: Mapping[str, Any] = client.nodes.info(node_id="_local", filter_path="nodes.*.version")["nodes"]
        return str(next(iter(nodes.values()))["version"])


def _read(client: Elasticsearch, settings: ElasticSettings, pattern: str) -> str:
    with translated("read", f"{place(settings)} ({pattern})", f"{_READ} on {pattern}"):
        lacking = _lacking(client, pattern, ["read"])
        answer = client.search(index=pattern, size=0, track_total_hits=True)
    if lacking:
        raise SourceError(f"{pattern}: the user or API key lacks the {_READ}")
    if not answer["_shards"]["total"]:
        raise SourceError(f"{pattern}: no index matches; check elasticsearch.index")
    if answer["_shards"]["failed"]:
        raise SourceError(f"{pattern}: {answer['_shards']['failed']} shards do not answer; check the cluster's health")
    return f"{answer['hits']['total']['value']:,} documents"


def _write(client: Elasticsearch, settings: ElasticSettings) -> str:
    index = settings.publish_index
    with translated("ask for privileges", place(settings), "cluster privilege monitor"):
        lacking = _lacking(client, index, ["create_index", "write"])
    if lacking:
        raise SourceError(f"{index}: the user or API key lacks the index privileges {', '.join(lacking)}")
    return "allowed"


def _lacking(client: Elasticsearch, index: str, privileges: list[str]) -> list[str]:
    """Return the privileges that are missing; none where the server has no security API."""
    try:
        answer = client.security.has_privileges(index=[{"names": [index], "privileges": privileges}])
    except ApiError as error:
        if error.status_code in (400, 404, 405, 500):
            return []
        raise
    granted = answer["index"].get(index, {})
    return [name for name in privileges if not granted.get(name)]


def _alerts(client: Elasticsearch, settings: ElasticSettings, index: str, window: Window) -> str:
    query = query_of_window(own_query(settings.query), window)
    with translated("count alerts", f"{place(settings)} ({index})", _READ):
        total = client.search(index=index, query=query, size=0, track_total_hits=True)["hits"]["total"]["value"]
    if not total:
        raise SourceError("0 alerts in the window: check --since, --until, elasticsearch.query and elasticsearch.index")
    return f"{total:,} in the window"


def _fields(client: Elasticsearch, settings: ElasticSettings, index: str) -> str:
    with translated("ask for fields", f"{place(settings)} ({index})", _READ):
        types = types_of(client.field_caps(index=index, fields=list(_MAIN_FIELDS)).body)
    kinds = types.get("@timestamp", frozenset())
    if not kinds <= {"date", "date_nanos"}:
        raise SourceError(f"@timestamp is {', '.join(sorted(kinds))}: map it as date, or leave that index out")
    return ", ".join(name for name in _MAIN_FIELDS if name in types) or "none of the main ECS fields"


def _detectors(client: Elasticsearch, settings: ElasticSettings, index: str) -> str:
    with translated("ask for detectors", f"{place(settings)} ({index})", _READ):
        spelt = [name for field in _DETECTORS for name in (field, f"{field}.keyword")]
        types = types_of(client.field_caps(index=index, fields=spelt).body)
        fields = word_fields(_DETECTORS, types)
        groups = {field: {"terms": {"field": field, "size": 20}} for field in fields}
        found = client.search(index=index, size=0, aggs=groups).get("aggregations", {}) if groups else {}
    names = [
        f"{bounded(bucket['key'])} ({bucket['doc_count']:,})" for group in found.values() for bucket in group["buckets"]
    ]
    return ", ".join(dict.fromkeys(names)) or "no field names the detector: documents are recognised one by one"
