"""A team's own server over several nights: late alerts are read, and tools may ask the server itself."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from support.story import MONDAY, Hit, story
from triage.cli import main
from triage.config import ElasticSettings, InvestigateSettings, Settings
from triage.errors import ConfigError
from triage.events import RunEnded
from triage.fakes import HashEmbedder
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext
from triage.wiring import build_publisher

pytestmark = pytest.mark.elastic
INDEX = "night-alerts"
ALWAYS = Window(None, None)
WORD = {"type": "keyword"}
MAPPING: Mapping[str, Any] = {
    "dynamic": False,
    "properties": {
        "@timestamp": {"type": "date"},
        "event": {"properties": {"ingested": {"type": "date"}}},
        "host": {"properties": {"name": WORD}},
        "user": {"properties": {"name": WORD}},
        "rule": {"properties": {"name": WORD}},
    },
}


def fake_model(context: RunContext) -> RunContext:
    return replace(context, embedder=HashEmbedder())


def run(output: Path, source: str, **more: Any) -> RunEnded:
    elastic = ElasticSettings(index=INDEX, publish=False)
    settings = Settings(output=output, workers=1, elasticsearch=elastic, **more)
    with Session(settings, fake_model) as session:
        *_, ended = session.run([source], ALWAYS, output)
    assert isinstance(ended, RunEnded)
    return ended


def add(client: Elasticsearch, *documents: Hit) -> None:
    for hit in documents:
        client.index(index=INDEX, id=hit["_id"], document=hit["_source"])
    client.indices.refresh(index=INDEX)


@pytest.fixture
def server(es_node: str) -> Iterator[Elasticsearch]:
    """A server that holds the week of the story."""
    with Elasticsearch(es_node) as client:
        client.indices.delete(index=[INDEX, "triage-incidents"], ignore_unavailable=True)
        client.indices.create(index=INDEX, mappings=MAPPING)
        add(client, *story())
        yield client
        client.indices.delete(index=[INDEX, "triage-incidents"], ignore_unavailable=True)


def dated(name: str, time: datetime, **event: str) -> Hit:
    source = story()[0]["_source"]
    return {"_id": name, "_source": {**source, "@timestamp": time.isoformat(), "event": {**source["event"], **event}}}


def test_an_alert_that_arrives_late_is_read_by_the_next_run(
    server: Elasticsearch, es_node: str, tmp_path: Path
) -> None:
    assert run(tmp_path, es_node).counts.read == 205
    last = datetime.fromisoformat(story()[-1]["_source"]["@timestamp"])
    overlapping = sum(hit["_source"]["@timestamp"] >= (last - timedelta(hours=2)).isoformat() for hit in story())
    again = run(tmp_path, es_node).counts
    assert again.read == again.already_judged == overlapping > 0

    now = datetime.now(UTC).isoformat()
    add(
        server,
        dated("slow-pipeline", last - timedelta(hours=1)),
        dated("agent-was-offline", MONDAY - timedelta(days=30), ingested=now),
        dated("long-known", MONDAY - timedelta(days=30), ingested=(MONDAY - timedelta(days=30)).isoformat()),
    )
    third = run(tmp_path, es_node).counts
    assert (third.read, third.already_judged) == (overlapping + 2, overlapping)
    assert run(tmp_path, es_node).counts.benign == 0


@pytest.mark.usefixtures("server")
def test_tools_that_ask_the_server_find_what_the_embedded_store_finds(es_node: str, tmp_path: Path) -> None:
    found = []
    for search in ("embedded", "elasticsearch"):
        output = tmp_path / search
        asking = InvestigateSettings.model_validate({"search": search, "search_index": "night-*", "tool_seconds": 60})
        run(output, es_node, investigate=asking.model_copy(update={"seconds": 120}))
        found.append(json.loads((output / "incidents.json").read_bytes()))
    embedded, asked = found
    assert any(one["evidence"] for one in asked)
    assert [_without_queries(one) for one in asked] == [_without_queries(one) for one in embedded]


def _without_queries(value: Any) -> Any:
    """Leave out how a question was asked: KQL for people there, query DSL as it ran here."""
    if isinstance(value, Mapping):
        return {key: _without_queries(inner) for key, inner in value.items() if key != "query"}
    return [_without_queries(inner) for inner in value] if isinstance(value, list) else value


def test_asking_a_server_needs_one(tmp_path: Path) -> None:
    file = tmp_path / "alerts.ndjson"
    file.write_text("".join(json.dumps(hit) + "\n" for hit in story()))
    with pytest.raises(ConfigError, match=r"investigate\.search"):
        run(tmp_path / "out", str(file), investigate=InvestigateSettings(search="elasticsearch"))


def test_a_run_on_files_is_published_only_where_that_is_asked_for(
    server: Elasticsearch, es_node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "alerts.ndjson"
    file.write_text("".join(json.dumps(hit) + "\n" for hit in story()))
    monkeypatch.setenv("TRIAGE_ELASTICSEARCH__URL", es_node)
    for folder, flags, published in (("a", [], False), ("b", ["--publish"], True)):
        words = ["run", str(file), "--output", str(tmp_path / folder), "--no-progress", *flags]
        assert main(words, lambda settings: Session(settings, fake_model)) == 0
        assert bool(server.indices.exists(index="triage-incidents")) is published


@pytest.mark.parametrize(
    ("names", "elastic", "published"),
    [
        (["a.ndjson"], {}, False),
        (["a.ndjson"], {"publish_files": True}, True),
        (["a.ndjson", "http://es:9200"], {}, True),
        (["http://es:9200"], {"publish": False}, False),
        ([], {}, True),
    ],
)
def test_who_publishes(names: list[str], elastic: dict[str, bool], published: bool) -> None:
    settings = Settings(elasticsearch=ElasticSettings(url="http://es:9200", **elastic))
    assert (build_publisher(names, settings) is not None) is published
