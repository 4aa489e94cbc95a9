"""Our own index: typed, searchable, the same after a repeat, and loud about what it refuses."""

from datetime import UTC, datetime

import pytest
from elasticsearch import Elasticsearch

from support.fault_proxy import FaultProxy
from support.incidents import incident
from triage.adapters.elastic.client import connect
from triage.adapters.elastic.publish import publish_incidents
from triage.adapters.elastic.retry import Retry
from triage.config import ElasticSettings
from triage.errors import SourceError, SourceUnavailable

pytestmark = pytest.mark.elastic
NOW = datetime(2026, 11, 24, tzinfo=UTC)
AT_ONCE = Retry(tries=2, first=0, sleep=lambda _: None)


def test_incidents_are_found_by_fields_and_by_vector_and_a_repeat_changes_nothing(es_node: str) -> None:
    vectors = {"one": [1.0, 0.0, 0.0], "two": [0.0, 1.0, 0.0], "three": [0.0, 0.0, 0.0]}
    incidents = [incident(name, rank) for rank, name in enumerate(("one", "two", "three"), start=1)]
    with connect(ElasticSettings(url=es_node)) as client:
        for _ in range(2):
            assert publish_incidents(client, "mine", incidents, vectors, "run", NOW, retry=AT_ONCE) == 3
        near = client.search(
            index="mine", knn={"field": "vector", "query_vector": [0.9, 0.1, 0], "k": 1, "num_candidates": 5}
        )
        exact = client.search(index="mine", query={"term": {"entity": "host:dc01"}}, version=True)

    assert [hit["_id"] for hit in near["hits"]["hits"]] == ["one"]
    assert {hit["_id"]: hit["_version"] for hit in exact["hits"]["hits"]} == {"one": 1, "two": 1, "three": 1}
    assert near["hits"]["hits"][0]["_source"]["incident"] == incident("one").model_dump(mode="json")


def test_a_refused_incident_is_named_and_the_others_are_written(es_node: str) -> None:
    vectors = {"good": [1.0, 0.0], "bad": [1.0, 0.0, 0.0]}
    with connect(ElasticSettings(url=es_node)) as client:
        with pytest.raises(SourceError, match="refused 1 of 2 incidents, first bad"):
            publish_incidents(client, "picky", [incident("good"), incident("bad")], vectors, "r", NOW, retry=AT_ONCE)
        assert client.exists(index="picky", id="good")


def test_a_server_that_refuses_for_good_is_said(corpus: object, es_node: str) -> None:
    assert corpus
    with FaultProxy(es_node) as proxy, connect(ElasticSettings(url=proxy.url)) as client:
        proxy.upstream = proxy.upstream._replace(netloc="127.0.0.1:9")
        with pytest.raises(SourceUnavailable):
            publish_incidents(client, "gone", [incident("one")], {}, "run", NOW, retry=AT_ONCE)
    with Elasticsearch(es_node) as direct:
        assert not direct.indices.exists(index="gone")
