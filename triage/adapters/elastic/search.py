"""Read-only questions of an investigation, answered by Elasticsearch. An ``EventSearch`` of ``triage.ports``."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from triage.adapters.elastic.bodies import Body, ndjson
from triage.adapters.elastic.client import place
from triage.adapters.elastic.faults import translated
from triage.adapters.elastic.fields import ENTITY_FIELDS, HOST_FIELDS, RULE_FIELDS
from triage.adapters.elastic.query import TIME
from triage.adapters.elastic.typed import Types, equals_any, types_of, with_subfields, word_fields
from triage.config import ElasticSettings, Limits, MappingSettings
from triage.errors import SourceError, SourceUnavailable, ToolError
from triage.models import EntityKind
from triage.normalise import normalise_page
from triage.normalise.reading import Readings
from triage.ports import Found, Prevalence, RawPage, Sightings

_MOST_ROWS = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = ("detector", "rule", "severity", "message", "entities")
_DAYS = {"date_histogram": {"field": TIME, "calendar_interval": "day", "format": "yyyy-MM-dd", "min_doc_count": 1}}


class ElasticEvents:
    """Searches the alert indices. Every method raises ToolError when the server does not answer."""

    def __init__(
        self,
        client: Elasticsearch,
        settings: ElasticSettings,
        limits: Limits,
        seconds: float = 10,
        mappings: Sequence[MappingSettings] = (),
    ) -> None:
        """``seconds`` bounds one question; ``mappings`` are the team's own, as in a run."""
        self._mappings = tuple(mappings)
        self._client = client.options(request_timeout=seconds)
        self._index = settings.index
        self._where = f"Elasticsearch {place(settings)} ({settings.index})"
        self._limits = limits
        self._types: Types | None = None
        self._lock = threading.Lock()

    def around(self, kind: EntityKind, value: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return up to ``limit`` (at most 1000) alerts that name the entity, oldest first, and how many there are."""
        query = self._of_entity(kind, value, since, until)
        sort = [{TIME: {"order": "asc", "unmapped_type": "date"}}]
        body = self._search(query, size=min(limit, _MOST_ROWS), sort=sort)
        rows, total = self._rows(body), body["hits"]["total"]["value"]
        return Found(rows, total, total > len(rows), orjson.dumps({"query": query, "sort": sort}).decode())

    def sightings(self, kind: EntityKind, value: str) -> Sightings:
        """Return when and how often the entity was seen at all."""
        body = self._count(self._of_entity(kind, value, None, None))
        found = body["aggregations"]
        return Sightings(_moment(found["first"]), _moment(found["last"]), _total(body), _hosts(found), _days(found))

    def rule_prevalence(self, rule: str, since: datetime, until: datetime) -> Prevalence:
        """Return how common a rule is in [since, until)."""
        body = self._count(_within(equals_any(RULE_FIELDS, rule, self._known()), since, until))
        return Prevalence(_total(body), _hosts(body["aggregations"]), _days(body["aggregations"]))

    def history(self, kind: EntityKind, value: str, since: datetime, until: datetime) -> Mapping[str, int]:
        """Return alerts per day (UTC) in [since, until), days without any left out."""
        found = self._count(self._of_entity(kind, value, since, until))["aggregations"]
        return {bucket["key_as_string"]: bucket["doc_count"] for bucket in found["days"]["buckets"]}

    def _of_entity(
        self, kind: EntityKind, value: str, since: datetime | None, until: datetime | None
    ) -> dict[str, Any]:
        return _within(equals_any(ENTITY_FIELDS[kind], value, self._known()), since, until)

    def _count(self, query: Mapping[str, Any]) -> Body:
        aggregations: dict[str, Any] = {"first": {"min": {"field": TIME}}, "last": {"max": {"field": TIME}}}
        aggregations["days"] = _DAYS
        for field in word_fields(HOST_FIELDS, self._known()):
            aggregations[f"hosts {field}"] = {"cardinality": {"field": field}}
        return self._search(query, size=0, aggs=aggregations)

    def _search(
        self,
        query: Mapping[str, Any],
        size: int,
        sort: list[dict[str, Any]] | None = None,
        aggs: Mapping[str, Any] | None = None,
    ) -> Body:
        with self._answering():
            response = self._client.search(
                index=self._index, query=query, size=size, sort=sort, aggs=aggs, track_total_hits=True
            )
        body: Body = response.body
        if body["_shards"]["failed"] or body["timed_out"]:
            raise ToolError(f"{self._where} answered only in part")
        return body

    def _known(self) -> Types:
        """Return the types of all fields we ask for; asked once."""
        with self._lock:
            if self._types is None:
                names = {name for fields in ENTITY_FIELDS.values() for name in fields} | {*RULE_FIELDS, *HOST_FIELDS}
                with self._answering():
                    answer = self._client.field_caps(index=self._index, fields=with_subfields(sorted(names)))
                self._types = types_of(answer.body)
            return self._types

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            with translated("search", self._where, "index privilege read on the alert indices"):
                yield
        except (SourceError, SourceUnavailable) as error:
            raise ToolError(str(error)) from error

    def _rows(self, body: Body) -> tuple[Mapping[str, Any], ...]:
        lines = ndjson(body)
        page = RawPage(b"\n".join(lines), len(lines), self._index, 0)
        readings = Readings(self._limits, self._mappings)
        alerts, facts, _ = normalise_page(page, 0, self._limits, 0, readings) if lines else (None, None, None)
        if alerts is None or facts is None:
            return ()
        rows = alerts.join(facts, on="fact").sort("time", "index", "id")
        return tuple(_row(row) for row in rows.select("time", "index", "id", *_ROW).iter_rows(named=True))


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    entities = tuple(f"{entity['kind']}:{entity['value']}" for entity in row["entities"])
    return {**row, "time": _EPOCH + timedelta(microseconds=row["time"]), "entities": entities}


def _within(query: Mapping[str, Any], since: datetime | None, until: datetime | None) -> dict[str, Any]:
    bounds = {"gte": since and since.isoformat(), "lt": until and until.isoformat()}
    given = {name: bound for name, bound in bounds.items() if bound}
    return {"bool": {"filter": [query, *([{"range": {TIME: given}}] if given else [])]}}


def _total(body: Mapping[str, Any]) -> int:
    return int(body["hits"]["total"]["value"])


def _hosts(found: Mapping[str, Any]) -> int:
    """Return distinct hosts: the largest number that any one host field shows."""
    return max((int(one["value"]) for name, one in found.items() if name.startswith("hosts ")), default=0)


def _days(found: Mapping[str, Any]) -> int:
    return len(found["days"]["buckets"])


def _moment(found: Mapping[str, Any]) -> datetime | None:
    value = found["value"]
    return None if value is None else _EPOCH + timedelta(milliseconds=value)
