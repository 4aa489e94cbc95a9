"""What a healthy pull gives: every document of the window, once, as it is stored."""

import threading
from datetime import UTC, datetime

import orjson
import pytest
from elasticsearch import Elasticsearch

from support.pulls import EVERYTHING, START, Corpus, Pull, read
from triage.adapters.elastic.client import connect
from triage.adapters.elastic.source import ElasticSource
from triage.config import ElasticSettings
from triage.errors import SourceError
from triage.ports import Window

pytestmark = pytest.mark.elastic


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@pytest.mark.parametrize("page_size", [1, 100, 10_000])
@pytest.mark.parametrize("slices", [1, 2, 5])
def test_every_document_arrives_once(pull: Pull, corpus: Corpus, page_size: int, slices: int) -> None:
    found = pull(page_size=page_size, slices=slices)

    assert sorted(found.ids) == sorted(corpus.ids)
    assert found.problems == ()


def test_the_window_is_half_open_and_keeps_documents_without_a_time(pull: Pull) -> None:
    found = pull(window=Window(at(START + 4_000), at(START + 28_000)))

    # every n with n % 10 and 4 <= n * (n % 3) < 28, and all multiples of ten
    wanted = {n for n in range(700) if n % 10 == 0 or 4 <= n * (n % 3) < 28}
    assert {int(name[1:]) for _, name in found.ids} == wanted


@pytest.mark.parametrize("query", ["n:<10", '{"range": {"n": {"lt": 10}}}', '{"query": {"range": {"n": {"lt": 10}}}}'])
def test_own_queries_narrow_the_pull(pull: Pull, query: str) -> None:
    assert sorted(name for _, name in pull(query=query).ids) == [f"d{n}" for n in range(10)]


def test_aliases_work_as_patterns(pull: Pull, corpus: Corpus) -> None:
    with Elasticsearch(corpus.url) as client:
        client.indices.put_alias(index="corpus-b", name="alerts-of-b")

    assert {index for index, _ in pull(index="alerts-of-b").ids} == {"corpus-b"}


def test_only_the_wanted_fields_are_fetched(corpus: Corpus) -> None:
    settings = ElasticSettings(url=corpus.url, index="corpus-b")
    with connect(settings) as client:
        source = ElasticSource(client, settings, fields=["host.*"])
        hits = [orjson.loads(line) for page in source.pages(EVERYTHING) for line in page.lines.split(b"\n")]

    assert all(set(hit["_source"]) == {"host"} for hit in hits)


def test_bulky_copies_of_the_rule_stay_behind(es_node: str) -> None:
    with Elasticsearch(es_node) as client:
        alert = {"kibana.alert.rule.parameters": {"query": "x" * 1000}, "kibana.alert.rule.name": "r"}
        client.index(index="bulky", id="1", document=alert, refresh=True)

    settings = ElasticSettings(url=es_node, index="bulky")
    with connect(settings) as client:
        page = next(iter(ElasticSource(client, settings).pages(EVERYTHING)))
    assert orjson.loads(page.lines)["_source"] == {"kibana.alert.rule.name": "r"}


STRANGE = {
    "surrogate": b'{"m":"x\\ud800y"}',
    "deep": b'{"a":' * 900 + b"1" + b"}" * 900,
    "pretty": b'{\n "m": "{\\"_source\\":{"\r\n}',
    "comment": b'{/* a */"m":1}',
    "nul": b'{"m":"\\u0000\\u2028"}',
    "plain": b'{"a":{"_source":{"_id":1}}}',
}


def test_documents_that_strict_parsers_refuse_arrive_as_lines_of_their_own(es_node: str) -> None:
    with Elasticsearch(es_node) as client:
        client.options(ignore_status=404).indices.delete(index="strange")
        client.indices.create(index="strange", mappings={"dynamic": False})
        for name, document in STRANGE.items():
            client.perform_request(
                "PUT",
                f"/strange/_doc/{name}",
                headers={"content-type": "application/json", "accept": "application/json"},
                body=document,
            )
        client.indices.refresh(index="strange")

    settings = ElasticSettings(url=es_node, index="strange")
    with connect(settings) as client:
        lines = [line for page in ElasticSource(client, settings).pages(EVERYTHING) for line in page.lines.split(b"\n")]
    assert len(lines) == len(STRANGE)
    assert all(sum(b'"_id":"%s"' % name.encode() in line for line in lines) == 1 for name in STRANGE)
    assert any(b"\\ud800" in line for line in lines)


def test_a_time_field_that_is_no_date_stops_at_once(es_node: str) -> None:
    with Elasticsearch(es_node) as client:
        client.options(ignore_status=400).indices.create(
            index="untimely", mappings={"properties": {"@timestamp": {"type": "keyword"}}}
        )
        client.index(index="untimely", document={"@timestamp": "yesterday"}, refresh=True)

    with pytest.raises(SourceError, match="@timestamp"):
        read(ElasticSettings(url=es_node, index="untimely"), EVERYTHING)


def test_leaving_early_ends_the_threads_and_closes_the_point_in_time(corpus: Corpus) -> None:
    settings = ElasticSettings(url=corpus.url, index=corpus.pattern, page_size=1, slices=4)
    with connect(settings) as client:
        pages = iter(ElasticSource(client, settings).pages(EVERYTHING))
        next(pages)
        assert any(thread.name.startswith("pull-") for thread in threading.enumerate())
        pages.close()  # type: ignore[attr-defined]
        stats = client.indices.stats(index=corpus.pattern, metric="search")

    assert not any(thread.name.startswith("pull-") for thread in threading.enumerate())
    assert stats["_all"]["total"]["search"]["open_contexts"] == 0


def test_the_key_is_stable_and_tells_queries_apart() -> None:
    def key(**settings: str) -> str:
        chosen = ElasticSettings.model_validate({"url": "http://127.0.0.1:9200"} | settings)
        with connect(chosen) as client:
            return ElasticSource(client, chosen).key

    assert key(index="b, a") == key(index="a,b") == "elasticsearch:http://127.0.0.1:9200/a,b"
    assert key(index="a", query="x") != key(index="a", query="y")
    assert "secret" not in key(api_key="secret")
