"""Keeps incidents in our own index, the only one that a run writes: typed, searchable, with a vector each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from triage.adapters.elastic.faults import bounded, translated
from triage.adapters.elastic.retry import Retry
from triage.errors import SourceError, SourceUnavailable
from triage.models import Incident

_CHUNK = 200
_DIMS = 384  # of the bundled model, until the first vector says otherwise
_AGAIN = frozenset({429, 502, 503, 504})
_WORD = {"type": "keyword", "ignore_above": 1024}
_TEMPLATE_PRIVILEGE = "cluster privilege manage_index_templates"


def mappings(dims: int) -> dict[str, Any]:
    """Return the mapping of the incident index; ``dims`` is the length of the vectors.

    What is searched is typed; the whole incident is kept beside it in ``incident`` and not indexed.
    """
    entity = {"kind": _WORD, "value": _WORD, "roles": _WORD, "alert_count": {"type": "long"}}
    words = ("incident_id", "run_id", "disposition", "entity", "techniques", "tactics", "detectors")
    return {
        "dynamic": "strict",
        "properties": {
            **dict.fromkeys(words, _WORD),
            **{name: {"type": "date"} for name in ("published_at", "first_seen", "last_seen")},
            **{name: {"type": "integer"} for name in ("rank", "activity_count")},
            "urgency": {"type": "float"},
            "alert_count": {"type": "long"},
            "title": {"type": "text", "fields": {"keyword": _WORD}},
            "summary": {"type": "text"},
            "entities": {"type": "nested", "properties": {**entity, "criticality": {"type": "integer"}}},
            "incident": {"type": "object", "enabled": False},
            "vector": {"type": "dense_vector", "dims": dims, "index": True, "similarity": "cosine"},
        },
    }


def ensure_index(client: Elasticsearch, index: str, dims: int, where: str = "Elasticsearch") -> None:
    """Create or update the index template and create the index. Raises SourceError, SourceUnavailable."""
    template = {"settings": {"auto_expand_replicas": "0-1"}, "mappings": mappings(dims)}
    with translated("put an index template", where, _TEMPLATE_PRIVILEGE):
        client.indices.put_index_template(name=index, index_patterns=[index], priority=500, template=template)
    with translated("create the incident index", where, f"index privilege create_index on {index}"):
        if not client.indices.exists(index=index):
            client.options(ignore_status=400).indices.create(index=index)  # 400: another run was faster


def publish_incidents(
    client: Elasticsearch,
    index: str,
    incidents: Sequence[Incident],
    vectors: Mapping[str, Sequence[float]],
    run_id: str,
    published_at: datetime,
    *,
    retry: Retry | None = None,
) -> int:
    """Upsert incidents by ``incident_id`` and return how many are now in the index; a repeat changes nothing.

    ``vectors`` (incident_id -> floats, all of one length) may lack some. Raises SourceError when the index refuses an
    incident (the others are written), SourceUnavailable when the server keeps refusing.
    """
    if not incidents:
        return 0  # an index made now would have the dimensions of a vector that nobody has seen
    patience = retry or Retry(tries=6, first=0.5)
    dims = next((len(vector) for vector in vectors.values()), _DIMS)
    patience.call(lambda: ensure_index(client, index, dims))
    pending = {
        incident.incident_id: _document(incident, vectors.get(incident.incident_id), run_id, published_at)
        for incident in incidents
    }
    refused = dict[str, str]()
    for names in _chunks(list(pending)):
        chunk = {name: pending[name] for name in names}
        patience.call(lambda chunk=chunk: _write(client, index, chunk, refused))  # type: ignore[misc]
    if refused:
        first, reason = next(iter(refused.items()))
        raise SourceError(f"{index} refused {len(refused)} of {len(incidents)} incidents, first {first}: {reason}")
    return len(pending)


def _document(incident: Incident, vector: Sequence[float] | None, run_id: str, published_at: datetime) -> bytes:
    full = incident.model_dump(mode="json")
    names = (
        "incident_id,rank,urgency,disposition,title,summary,first_seen,last_seen,alert_count,activity_count,entities,"
        "techniques,tactics,detectors"
    )
    document = {name: full[name] for name in names.split(",")} | {
        "entity": [f"{entity.kind.value}:{entity.value}" for entity in incident.entities],
        "run_id": run_id,
        "published_at": published_at.isoformat(),
        "incident": full,
    }
    if vector is not None and any(vector):  # cosine knows no zero vector
        document["vector"] = list(vector)
    return orjson.dumps({"doc": document, "doc_as_upsert": True}, option=orjson.OPT_SERIALIZE_NUMPY)


def _write(client: Elasticsearch, index: str, pending: dict[str, bytes], refused: dict[str, str]) -> None:
    """Send what is pending; what was written or refused for good is taken out of it."""
    operations: list[Any] = [line for name, body in pending.items() for line in (_action(name), body)]
    with translated("write incidents", f"Elasticsearch ({index})", f"index privilege write on {index}"):
        answer = client.bulk(index=index, operations=operations, refresh="wait_for")
    busy = ""
    for item in (entry["update"] for entry in answer["items"]):
        if item["status"] in _AGAIN:
            busy = bounded(item["error"].get("reason"))
            continue
        if "error" in item:
            refused[item["_id"]] = bounded(item["error"].get("reason"))
        pending.pop(item["_id"], None)
    if pending:
        raise SourceUnavailable(f"{index}: {len(pending)} incidents were not written: {busy}")


def _action(name: str) -> bytes:
    return orjson.dumps({"update": {"_id": name, "retry_on_conflict": 3}})


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _CHUNK):
        yield names[start : start + _CHUNK]
