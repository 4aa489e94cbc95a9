"""Events that are no alerts, from the index into the evidence, the report and the queue of a run."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from support.story import MONDAY, story
from triage.cli import main
from triage.config import ElasticSettings, InvestigateSettings, Settings
from triage.errors import ConfigError
from triage.fakes import HashEmbedder
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

START = MONDAY + timedelta(days=4, hours=12)


def fake_model(context: RunContext) -> RunContext:
    return replace(context, embedder=HashEmbedder())


def event(minute: int, category: str, **fields: str) -> dict[str, Any]:
    time = (START + timedelta(minutes=minute)).isoformat()
    said = {name.replace("__", "."): value for name, value in fields.items()}
    return {"@timestamp": time, "event.category": category, "host.name": "web01", "user.name": "www-data", **said}


@pytest.fixture
def events(es_node: str) -> Iterator[str]:
    told = [
        event(41, "network", process__name="curl", destination__ip="203.0.113.9", event__action="connection_attempted"),
        *(event(-1440 * n, "authentication", source__ip="10.0.0.8", event__outcome="success") for n in range(1, 7)),
        event(12, "authentication", source__ip="203.0.113.9", event__outcome="success"),
    ]
    with Elasticsearch(es_node) as client:
        client.options(ignore_status=404).indices.delete(index="logs-web")
        for number, document in enumerate(told):
            client.index(index="logs-web", id=str(number), document=document)
        client.indices.refresh(index="logs-web")
        yield es_node
        client.indices.delete(index="logs-web")


def run(output: Path, url: str, events: str, file: Path) -> list[Incident]:
    asking = InvestigateSettings(events=events, tool_seconds=60, seconds=120)
    elastic = ElasticSettings(url=url, publish=False)
    settings = Settings(output=output, workers=1, elasticsearch=elastic, investigate=asking)
    with Session(settings, fake_model) as session:
        for _ in session.run([str(file)], Window(None, None), output):
            pass
        return [one for one in session.incidents() if one.disposition != "benign"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.ndjson"
    path.write_text("".join(json.dumps(hit) + "\n" for hit in story()))
    return path


@pytest.mark.elastic
def test_what_events_say_is_evidence_and_only_that(
    events: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = run(tmp_path / "without", events, "", file)
    (found,) = run(tmp_path / "with", events, "logs-*", file)
    told = {one.tool: one for one in found.evidence}
    assert "curl connection_attempted '203.0.113.9'" in told["events_around"].statement
    assert told["logon_events"].supports == "attack"
    assert "for the first time from address:203.0.113.9" in told["logon_events"].statement
    assert (found.urgency, found.disposition) == (without[0].urgency, without[0].disposition)
    assert found.evidence[: len(without[0].evidence)] == without[0].evidence
    assert "203.0.113.9" in (tmp_path / "with" / "report.md").read_text("utf-8").replace("[.]", ".")
    capsys.readouterr()
    assert main(["show", "1", "--output", str(tmp_path / "with")]) == 0
    assert "for the first time from address:203.0.113.9" in " ".join(capsys.readouterr().out.split())


@pytest.mark.elastic
def test_an_index_that_is_not_there_is_a_gap_and_no_failure(es_node: str, file: Path, tmp_path: Path) -> None:
    (found,) = run(tmp_path / "with", es_node, "logs-nowhere", file)
    assert any("events_around gave no answer" in gap for gap in found.missing_evidence)


def test_events_need_a_server(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"investigate\.events"):
        run(tmp_path, "", "logs-*", file)
