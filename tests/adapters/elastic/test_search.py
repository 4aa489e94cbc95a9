"""An investigator's questions over indices whose mappings differ."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from triage.adapters.elastic.client import connect
from triage.adapters.elastic.search import ElasticEvents
from triage.config import ElasticSettings, Limits
from triage.errors import ToolError
from triage.models import EntityKind

pytestmark = pytest.mark.elastic
DAY = datetime(2026, 1, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=30)


@pytest.fixture(scope="module")
def events(es_node: str) -> Iterator[ElasticEvents]:
    words = {"type": "keyword"}
    typed = {"host.name": words, "rule.name": words, "source.ip": {"type": "ip"}, "@timestamp": {"type": "date"}}
    with Elasticsearch(es_node) as client:
        for index, mappings in (("seen-typed", {"properties": typed}), ("seen-dynamic", {})):
            client.options(ignore_status=404).indices.delete(index=index)
            client.indices.create(index=index, mappings=mappings)
            for n in range(6):
                document = {
                    "@timestamp": (DAY + timedelta(hours=12 * n)).isoformat(),
                    "event": {"kind": "alert", "module": "edr"},
                    "host": {"name": ("DC01", "web")[n % 2]},
                    "rule": {"name": "Credential dump"},
                    "source": {"ip": f"10.0.0.{n % 3}"},
                }
                client.index(index=index, id=f"{n}", document=document)
        client.indices.refresh(index="seen-*")
    settings = ElasticSettings(url=es_node, index="seen-*")
    with connect(settings) as ours:
        yield ElasticEvents(ours, settings, Limits())


def test_around_gives_rows_oldest_first_and_the_true_total(events: ElasticEvents) -> None:
    found = events.around(EntityKind.HOST, "dc01", DAY, LATER, 4)

    assert (found.total, found.truncated, len(found.rows)) == (6, True, 4)
    first = found.rows[0]
    assert (first["time"], first["rule"]) == (DAY, "Credential dump")
    assert "host:dc01" in first["entities"]
    assert [row["time"] for row in found.rows] == sorted(row["time"] for row in found.rows)
    assert '"query"' in found.query


def test_the_window_is_half_open(events: ElasticEvents) -> None:
    assert events.around(EntityKind.HOST, "dc01", DAY, DAY + timedelta(days=1), 10).total == 2


def test_sightings_history_and_prevalence_count_truly(events: ElasticEvents) -> None:
    seen = events.sightings(EntityKind.ADDRESS, "10.0.0.1")
    assert (seen.first, seen.last, seen.count, seen.days) == (DAY + timedelta(hours=12), DAY + timedelta(days=2), 4, 2)
    assert events.history(EntityKind.ADDRESS, "10.0.0.1", DAY, LATER) == {"2026-01-01": 2, "2026-01-03": 2}
    assert events.rule_prevalence("credential dump", DAY, LATER)[::2] == (12, 3)


def test_what_was_never_seen_is_nothing(events: ElasticEvents) -> None:
    assert events.sightings(EntityKind.MODEL, "x").count == 0
    assert events.around(EntityKind.ADDRESS, "no address", DAY, LATER, 5).rows == ()


def test_a_missing_index_is_a_tool_error(es_node: str) -> None:
    settings = ElasticSettings(url=es_node, index="nowhere")
    with connect(settings) as client, pytest.raises(ToolError):
        ElasticEvents(client, settings, Limits()).sightings(EntityKind.HOST, "x")
