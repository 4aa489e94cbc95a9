"""From a real server or from a file: the same incidents and the same ledger, published, incremental, and honest."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from support.elastic_case import fill, hits
from support.fault_proxy import Fault, FaultProxy
from support.story import MONDAY, story
from triage.cli import main
from triage.config import ElasticSettings, Settings
from triage.events import Notice, RunEnded
from triage.fakes import HashEmbedder
from triage.generator import demo_case
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

pytestmark = pytest.mark.elastic
ALWAYS = Window(None, None)
WEEK = Window(MONDAY, MONDAY + timedelta(days=7))
RESULTS = ("incidents.json", "ledger.csv.gz")
INCIDENTS = "triage-incidents"


def fake_model(context: RunContext) -> RunContext:
    return replace(context, embedder=HashEmbedder())


def run(output: Path, source: str, window: Window = ALWAYS, **elastic: Any) -> RunEnded:
    settings = Settings(output=output, workers=1, elasticsearch=ElasticSettings.model_validate(elastic))
    with Session(settings, fake_model) as session:
        *events, ended = session.run([source], window, output)
    assert isinstance(ended, RunEnded)
    assert [event for event in events if isinstance(event, Notice) and event.level == "warning"] == []
    return ended


def published(client: Elasticsearch) -> list[dict[str, Any]]:
    client.indices.refresh(index=INCIDENTS)
    found = client.search(index=INCIDENTS, size=1000, sort=["rank"], version=True)
    return list(found["hits"]["hits"])


def results(output: Path) -> list[bytes]:
    return [(output / name).read_bytes() for name in RESULTS]


def emptied(url: str, pattern: str) -> None:
    with Elasticsearch(url) as client:
        client.options(ignore_status=404).indices.delete(index=pattern.split(","))


@pytest.fixture
def client(es_node: str) -> Iterator[Elasticsearch]:
    """A client of a server without incidents of other tests."""
    emptied(es_node, INCIDENTS)
    with Elasticsearch(es_node) as client:
        yield client
    emptied(es_node, INCIDENTS)


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_case(tmp_path_factory.mktemp("week"))


@pytest.fixture(scope="module")
def from_file(alerts: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    output = tmp_path_factory.mktemp("from-file")
    run(output, str(alerts))
    return results(output)


def test_a_server_gives_what_the_file_gives(
    client: Elasticsearch, es_node: str, alerts: Path, from_file: list[bytes], tmp_path: Path
) -> None:
    index = fill(es_node, hits(alerts))
    for page_size in (100, 10_000):
        output = tmp_path / str(page_size)
        assert run(output, es_node, index=index, page_size=page_size).status == "done"
        assert results(output) == from_file
    client.indices.refresh(index=INCIDENTS)
    assert client.count(index=INCIDENTS)["count"] > 0
    emptied(es_node, index)


def test_incidents_are_published_once_and_only_new_alerts_are_judged(
    client: Elasticsearch, es_node: str, tmp_path: Path
) -> None:
    week = story()
    index = fill(es_node, week[:150])
    first = run(tmp_path, es_node, WEEK, index=index)
    fill(es_node, week[150:])
    second = run(tmp_path, es_node, WEEK, index=index)
    assert (first.counts.read, second.counts.read, second.counts.already_judged) == (150, 205, 150)
    before, files = published(client), results(tmp_path)
    assert before
    assert all(hit["_id"] == hit["_source"]["incident_id"] for hit in before)
    with_vector = client.count(index=INCIDENTS, query={"exists": {"field": "vector"}})  # 9.x keeps it out of _source
    assert with_vector["count"] == len(before)
    third = run(tmp_path, es_node, WEEK, index=index)
    assert third.counts.already_judged == 205
    assert (published(client), results(tmp_path)) == (before, files)
    emptied(es_node, index)


def test_shards_that_stay_away_make_the_run_incomplete(
    es_node: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = fill(es_node, story())
    monkeypatch.setenv("TRIAGE_ELASTICSEARCH__BACKOFF_SECONDS", "0")
    monkeypatch.setenv("TRIAGE_ELASTICSEARCH__RETRIES", "2")
    with FaultProxy(es_node, lambda _: Fault.PARTIAL) as proxy:
        words = ["run", proxy.url, "--index", index, "--output", str(tmp_path), "--no-progress"]
        assert main(words, lambda settings: Session(settings, fake_model)) == 3
    assert "shards failed" in "".join(capsys.readouterr())
    for name in ("summary.json", "report.md", "report.html"):
        assert "shards failed" in (tmp_path / name).read_text("utf-8")
    emptied(es_node, index)
