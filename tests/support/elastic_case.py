"""Fills a server with the documents of a case, each in the index and under the id that it has in the file."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from triage.adapters.elastic.client import connect
from triage.config import ElasticSettings

CHUNK_BYTES = 5 << 20
INDEX: Mapping[str, Any] = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": -1},
    "mappings": {"dynamic": False, "properties": {"@timestamp": {"type": "date"}}},
}


def hits(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the hits ({"_index", "_id", "_source"}) of an NDJSON file, ``.gz`` or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def fill(url: str, documents: Iterable[dict[str, Any]]) -> str:
    """Index the hits and make them visible; return their indices as one pattern for ``--index``."""
    indices = set[str]()
    with connect(ElasticSettings(url=url, timeout_seconds=300)) as client:
        # Names like .ds-… are deprecated for anybody but the server, whose part is played here.
        quiet = client.options(ignore_status=400, headers={"x-elastic-product-origin": "kibana"})
        for operations in _chunks(documents):
            for name in sorted({action["index"]["_index"] for action in operations[::2]} - indices):
                quiet.indices.create(index=name, **INDEX)
                indices.add(name)
            answer = client.bulk(operations=operations)
            assert not answer["errors"], [item for item in answer["items"] if "error" in item["index"]][:1]
        client.indices.refresh(index=sorted(indices))
    return ",".join(sorted(indices))


def _chunks(documents: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    """Yield bulk operations (action, document, action, …) of about CHUNK_BYTES."""
    operations: list[Any] = []
    size = 0
    for hit in documents:
        body = orjson.dumps(hit["_source"])
        operations += ({"index": {"_index": hit["_index"], "_id": hit["_id"]}}, body)
        size += len(body)
        if size >= CHUNK_BYTES:
            yield operations
            operations, size = [], 0
    if operations:
        yield operations
