"""Read-only questions of an investigation, answered by Elasticsearch. An ``EventSearch`` of ``triage.ports``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from triage.adapters.elastic.asking import OLDEST_FIRST, Asking, moment_of, total_of, within
from triage.adapters.elastic.bodies import Body, ndjson
from triage.adapters.elastic.fields import ENTITY_FIELDS, HOST_FIELDS, RULE_FIELDS
from triage.adapters.elastic.query import TIME
from triage.adapters.elastic.typed import equals_any, word_fields
from triage.config import ElasticSettings, Limits, MappingSettings
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
        names = {name for fields in ENTITY_FIELDS.values() for name in fields} | {*RULE_FIELDS, *HOST_FIELDS}
        self._asking = Asking(client, settings, sorted(names), seconds)
        self._limits = limits

    def around(self, kind: EntityKind, value: str, since: datetime, until: datetime, limit: int) -> Found:
        """Return up to ``limit`` (at most 1000) alerts that name the entity, oldest first, and how many there are."""
        query = self._of_entity(kind, value, since, until)
        body = self._asking.search(query, min(limit, _MOST_ROWS), sort=OLDEST_FIRST)
        rows, total = self._rows(body), total_of(body)
        return Found(rows, total, total > len(rows), orjson.dumps({"query": query, "sort": OLDEST_FIRST}).decode())

    def sightings(self, kind: EntityKind, value: str) -> Sightings:
        """Return when and how often the entity was seen at all."""
        body = self._count(self._of_entity(kind, value, None, None))
        found = body["aggregations"]
        return Sightings(
            moment_of(found["first"]), moment_of(found["last"]), total_of(body), _hosts(found), _days(found)
        )

    def rule_prevalence(self, rule: str, since: datetime, until: datetime) -> Prevalence:
        """Return how common a rule is in [since, until)."""
        body = self._count(within(equals_any(RULE_FIELDS, rule, self._asking.types()), since, until))
        return Prevalence(total_of(body), _hosts(body["aggregations"]), _days(body["aggregations"]))

    def history(self, kind: EntityKind, value: str, since: datetime, until: datetime) -> Mapping[str, int]:
        """Return alerts per day (UTC) in [since, until), days without any left out."""
        found = self._count(self._of_entity(kind, value, since, until))["aggregations"]
        return {bucket["key_as_string"]: bucket["doc_count"] for bucket in found["days"]["buckets"]}

    def _of_entity(
        self, kind: EntityKind, value: str, since: datetime | None, until: datetime | None
    ) -> dict[str, Any]:
        return within(equals_any(ENTITY_FIELDS[kind], value, self._asking.types()), since, until)

    def _count(self, query: Mapping[str, Any]) -> Body:
        aggregations: dict[str, Any] = {"first": {"min": {"field": TIME}}, "last": {"max": {"field": TIME}}}
        aggregations["days"] = _DAYS
        for field in word_fields(HOST_FIELDS, self._asking.types()):
            aggregations[f"hosts {field}"] = {"cardinality": {"field": field}}
        return self._asking.search(query, 0, aggs=aggregations)

    def _rows(self, body: Body) -> tuple[Mapping[str, Any], ...]:
        lines = ndjson(body)
        page = RawPage(b"\n".join(lines), len(lines), self._asking.index, 0)
        readings = Readings(self._limits, self._mappings)
        batch = normalise_page(page, 0, self._limits, 0, readings) if lines else None
        if batch is None:
            return ()
        rows = batch.alerts.join(batch.facts, on="fact").sort("time", "index", "id")
        return tuple(_row(row) for row in rows.select("time", "index", "id", *_ROW).iter_rows(named=True))


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    entities = tuple(f"{entity['kind']}:{entity['value']}" for entity in row["entities"])
    return {**row, "time": _EPOCH + timedelta(microseconds=row["time"]), "entities": entities}


def _hosts(found: Mapping[str, Any]) -> int:
    """Return distinct hosts: the largest number that any one host field shows."""
    return max((int(one["value"]) for name, one in found.items() if name.startswith("hosts ")), default=0)


def _days(found: Mapping[str, Any]) -> int:
    return len(found["days"]["buckets"])
