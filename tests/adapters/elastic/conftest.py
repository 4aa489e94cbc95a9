"""A small corpus on each server, and a way to pull it through a misbehaving proxy."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from support.certificates import Certificates, make_certificates
from support.fault_proxy import FaultProxy, Plan
from support.pulls import EVERYTHING, START, Corpus, Pull, Pulled, read
from triage.config import ElasticSettings
from triage.ports import Window


@pytest.fixture(scope="session")
def corpus(es_node: str) -> Corpus:
    """700 documents in three indices, one with several shards; every tenth has no ``@timestamp``."""
    documents = list(_documents())
    with Elasticsearch(es_node) as client:
        for index, shards in (("corpus-a", 3), ("corpus-b", 1), ("corpus-c", 1)):
            properties = {"@timestamp": {"type": "date"}, "n": {"type": "integer"}}
            settings = {"number_of_shards": shards, "number_of_replicas": 0}
            client.indices.create(index=index, settings=settings, mappings={"properties": properties})
        operations = [line for index, name, source in documents for line in (_action(index, name), source)]
        assert not client.bulk(operations=operations, refresh=True)["errors"]
    return Corpus(es_node, "corpus-*", {(index, name) for index, name, _ in documents})


def _documents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for n in range(700):
        source: dict[str, Any] = {"n": n, "host": {"name": f"h{n % 7}"}}
        if n % 10:
            source["@timestamp"] = START + n * 1000 * (n % 3)  # a third at one and the same moment
        yield f"corpus-{'abc'[n % 3]}", f"d{n}", source


def _action(index: str, name: str) -> dict[str, Any]:
    return {"index": {"_index": index, "_id": name}}


@pytest.fixture(scope="session")
def pull(corpus: Corpus) -> Pull:
    """Return a function that pulls the corpus through a proxy with a plan of faults."""

    def pull_it(plan: Plan = lambda _: None, window: Window = EVERYTHING, **changed: Any) -> Pulled:
        with FaultProxy(corpus.url, plan) as proxy:
            settings = ElasticSettings.model_validate(
                {"url": proxy.url, "index": corpus.pattern, "page_size": 40, "retries": 3} | changed
            )
            return read(settings, window, proxy.sizes)

    return pull_it


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))
