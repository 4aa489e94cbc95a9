"""The query that an analyst takes away finds, on a real node, what the incident's entities did in its time."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from support.incidents import incident
from triage.desk import queries
from triage.models import Entity, EntityKind

pytestmark = pytest.mark.elastic
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOSTILE = 'x" or \\ * {"}\x1b\n\u202e'


def test_the_copied_body_finds_the_named_and_nothing_else(es_node: str) -> None:
    entities = (
        Entity(kind=EntityKind.HOST, value=HOSTILE, alert_count=2),
        Entity(kind=EntityKind.ADDRESS, value="2001:db8::1", alert_count=1),
        Entity(kind=EntityKind.ADDRESS, value="no address", alert_count=1),
    )
    one = incident("inc-1").model_copy(
        update={"entities": entities, "first_seen": NOW, "last_seen": NOW + timedelta(hours=1)}
    )
    fields = {"@timestamp": {"type": "date"}, "host.name": {"type": "keyword"}, "source.ip": {"type": "ip"}}
    with Elasticsearch(es_node) as client:
        client.indices.create(index="copied", mappings={"properties": fields})
        for number, (time, host, address) in enumerate(
            [
                (NOW, HOSTILE, "10.0.0.1"),
                (NOW + timedelta(hours=1), "other", "2001:db8:0::1"),
                (NOW + timedelta(minutes=1), "other", "10.0.0.1"),
                (NOW - timedelta(seconds=1), HOSTILE, "10.0.0.1"),
            ]
        ):
            source = {"@timestamp": time.isoformat(), "host": {"name": host}, "source": {"ip": address}}
            client.index(index="copied", id=str(number), document=source, refresh=True)
        found = client.search(index="copied", body=json.loads(queries.as_dsl(one)))
        client.indices.delete(index="copied")
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["0", "1"]
