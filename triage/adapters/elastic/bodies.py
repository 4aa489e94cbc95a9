"""JSON bodies of answers: fast where they are ordinary, patient where one document in them is not.

Elasticsearch stores documents that strict parsers refuse (lone surrogates, comments) or cannot write again
(nesting beyond 250). One such document must not cost the whole page: its bytes are then passed on as they are.
"""

import re
from typing import Any

import orjson
from elastic_transport import JsonSerializer, NdjsonSerializer
from elasticsearch import SerializationError

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)
_HIT_DEPTH = 4  # {"hits":{"hits":[{


class Body(dict[str, Any]):
    """A parsed answer that remembers its bytes."""

    def __init__(self, parsed: dict[str, Any], raw: bytes) -> None:
        super().__init__(parsed)
        self.raw = raw


class Json(JsonSerializer):
    """JSON by orjson, with ``split_hits`` where it refuses a body."""

    def json_dumps(self, data: object) -> bytes:
        """Return JSON bytes."""
        return orjson.dumps(data, default=self.default, option=orjson.OPT_SERIALIZE_NUMPY)

    def loads(self, data: bytes) -> object:
        """Return the parsed body. Raises SerializationError without quoting the body."""
        if data == b"":
            return None
        try:
            parsed = _parsed(data)
        except (ValueError, LookupError, TypeError) as error:
            raise SerializationError(f"a body of {len(data)} bytes is not JSON", errors=(error,)) from error
        return Body(parsed, data) if isinstance(parsed, dict) else parsed


class Ndjson(NdjsonSerializer, Json):
    """The same for bulk requests."""


def _parsed(data: bytes) -> object:
    try:
        parsed: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return split_hits(data)
    return parsed


def split_hits(raw: bytes) -> dict[str, Any]:
    """Parse a search answer without looking into its documents: each ``_source`` becomes an ``orjson.Fragment``.

    Raises ValueError when the rest is not JSON (a truncated body).
    """
    envelope, sources = bytearray(), list[bytes]()
    depth, start, kept, before = 0, -1, 0, b""
    for token in _TOKEN.finditer(raw):
        mark = token[0]
        if mark in (b"{", b"["):
            if depth == _HIT_DEPTH and before == b'"_source"':
                start = token.start()
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth == _HIT_DEPTH and start >= 0:
                envelope += raw[kept:start] + b"%d" % len(sources)
                sources.append(raw[start : token.end()])
                start, kept = -1, token.end()
        before = mark
    body: dict[str, Any] = orjson.loads(bytes(envelope + raw[kept:]))
    for hit in body["hits"]["hits"]:
        if "_source" in hit:
            hit["_source"] = orjson.Fragment(re.sub(rb"[\r\n]", b" ", sources[hit["_source"]]))
    return body


def ndjson(body: Body) -> list[bytes]:
    """Return one line {"_index","_id","_source"} per hit of a search answer."""
    try:
        return [_line(hit) for hit in body["hits"]["hits"]]
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        return [_line(hit) for hit in split_hits(body.raw)["hits"]["hits"]]


def _line(hit: dict[str, Any]) -> bytes:
    return orjson.dumps({"_index": hit["_index"], "_id": hit["_id"], "_source": hit.get("_source", {})})
