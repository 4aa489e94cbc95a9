"""An investigator's questions over events that are no alerts, in ECS and as Windows writes them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from triage.adapters.elastic.client import connect
from triage.adapters.elastic.event_log import SHOWN, ElasticEventLog
from triage.config import ElasticSettings
from triage.errors import ToolError
from triage.models import EntityKind
from triage_tools.events_around import events_around
from triage_tools.limits import ToolLimits
from triage_tools.logon_events import logon_events
from triage_tools.process_events import process_events

pytestmark = pytest.mark.elastic
REAL = Path(__file__).parents[4] / "shared/datasets/raw_formats/elastic_security/winlogbeat_source_event_hits.ndjson"
DAY = datetime(2026, 1, 10, 8, tzinfo=UTC)
BEFORE, AFTER = DAY - timedelta(days=20), DAY + timedelta(days=1)
WORD, ADDRESS = {"type": "keyword"}, {"type": "ip"}
TYPED = {
    "@timestamp": {"type": "date"},
    **dict.fromkeys(("host.name", "user.name", "event.category", "event.outcome", "event.type", "event.module"), WORD),
    **dict.fromkeys(("process.entity_id", "process.parent.entity_id", "process.name", "process.executable"), WORD),
    **dict.fromkeys(("process.command_line", "dns.question.name"), WORD),
    "source.ip": ADDRESS,
    "destination.ip": ADDRESS,
}
WINDOW = {"since": (DAY - timedelta(hours=1)).isoformat(), "until": (DAY + timedelta(hours=1)).isoformat()}


def event(minute: float, category: str, **fields: Any) -> dict[str, Any]:
    return {
        "@timestamp": (DAY + timedelta(minutes=minute)).isoformat(),
        "event.category": [category],
        "host.name": "WS1",
        "http.request.body.content": "password=hunter2",
        **{name.replace("__", "."): value for name, value in fields.items()},
    }


def start(minute: float, child: str, parent: str, name: str, **more: Any) -> dict[str, Any]:
    ids = {"process.entity_id": child, "process.parent.entity_id": parent, "process.name": name}
    return {**event(minute, "process"), **ids, "event.type": ["start"], **more}


def documents() -> Iterator[dict[str, Any]]:
    yield start(0, "p1", "p0", "winword.exe")
    yield start(1, "p2", "p1", "powershell.exe", **{"process.command_line": "powershell -enc \x1b[31mAAAA [E1]"})
    yield start(2, "p3", "p2", "whoami.exe")
    yield start(3, "p4", "p2", "curl.exe")
    yield start(4, "p9", "p8", "notepad.exe")
    yield {**start(5, "p2", "p1", "powershell.exe"), "event.type": ["end"]}
    for n in range(30):
        yield event(2 + n / 60, "network", process__entity_id="p2", destination__ip="203.0.113.9")
    yield event(2, "network", process__entity_id="p2", dns__question__name="bad.example")
    for n in range(1, 11):
        yield event(-n * 1440, "authentication", user__name="ann", source__ip="10.0.0.5", event__outcome="success")
    for n in range(4):
        yield event(n, "authentication", user__name="ann", source__ip="203.0.113.9", event__outcome="failure")
    yield event(6, "authentication", user__name="Ann", source__ip="198.51.100.7", event__outcome="success")
    yield {**event(7, "iam", user__name="ann"), "event.module": "aws", "event.action": "CreateAccessKey"}


@pytest.fixture(scope="module")
def log(es_node: str) -> Iterator[ElasticEventLog]:
    with Elasticsearch(es_node) as client:
        for index, mappings in (("events-typed", {"properties": TYPED}), ("events-dynamic", {})):
            client.options(ignore_status=404).indices.delete(index=index)
            client.indices.create(index=index, mappings=mappings)
        for n, document in enumerate(documents()):
            client.index(index=("events-typed", "events-dynamic")[n % 2], id=str(n), document=document)
        client.indices.refresh(index="events-*")
    settings = ElasticSettings(url=es_node, index="events-*")
    with connect(settings) as ours:
        yield ElasticEventLog(ours, settings)


def test_events_around_have_true_counts_by_category_and_known_fields_only(log: ElasticEventLog) -> None:
    ask = events_around(log, ToolLimits(rows=5)).invoke
    answer = ask({"kind": "host", "value": "ws1", **WINDOW})
    assert (answer["total"], answer["truncated"], len(answer["rows"])) == (43, True, 5)
    assert answer["counts"] == {"process": 6, "network": 31, "dns": 1, "authentication": 5, "cloud": 1}
    assert all(set(row) <= {"time", "index", "id", *SHOWN} for row in answer["rows"])
    assert "hunter2" not in json.dumps(answer)
    assert [row["time"] for row in answer["rows"]] == sorted(row["time"] for row in answer["rows"])
    told = ask({"kind": "host", "value": "ws1", "categories": ["process"], **WINDOW, "limit": 50})["rows"]
    assert next(row for row in told if row["id"] == "1")["process.command_line"] == "powershell -enc ␛(31mAAAA (E1)"
    only = ask({"kind": "user", "value": "ann", "categories": ["cloud"], **WINDOW})
    assert (only["total"], only["rows"][0]["event.action"]) == (1, "CreateAccessKey")
    assert ask({"kind": "host", "value": "ws2", **WINDOW})["total"] == 0


def test_the_tree_goes_up_and_down_and_says_what_the_process_did(log: ElasticEventLog) -> None:
    answer = process_events(log, ToolLimits()).invoke({"host": "WS1", "process": "PowerShell.exe", **WINDOW})
    assert [(row["generation"], row["child"]) for row in answer["tree"]] == [
        (0, "winword.exe"),
        (1, "powershell.exe"),
        (2, "whoami.exe"),
        (2, "curl.exe"),
    ]
    assert (answer["total"], answer["matching"], answer["truncated"]) == (4, 1, False)
    assert answer["did"] == {"network": 31, "dns": 1, "file": 0}
    cut = process_events(log, ToolLimits(beats=10, rows=2)).invoke({"host": "WS1", "process": "p2", **WINDOW})
    assert (cut["total"], cut["truncated"], len(cut["tree"])) == (4, True, 2)


def test_first_time_logons_and_failures(log: ElasticEventLog) -> None:
    args = {"user": "ann", "since": BEFORE.isoformat(), "fresh": DAY.isoformat(), "until": AFTER.isoformat()}
    answer = logon_events(log, ToolLimits()).invoke(args)
    assert (answer["total"], answer["before"], answer["failed"]) == (15, 10, 4)
    assert [row["place"] for row in answer["new"]] == ["address:198.51.100.7"]
    assert (answer["known_places"], answer["new_places"], answer["truncated"]) == (2, 1, False)


def test_windows_events_without_a_pipeline_are_understood(es_node: str) -> None:
    if not REAL.exists():
        pytest.skip("the raw formats are not here")
    hits: list[Mapping[str, Any]] = [json.loads(line) for line in REAL.read_text("utf-8").splitlines()]
    with Elasticsearch(es_node) as client:
        client.options(ignore_status=404).indices.delete(index="events-windows")
        for hit in hits:
            client.index(index="events-windows", id=hit["_id"], document=hit["_source"], refresh=True)
    settings = ElasticSettings(url=es_node, index="events-windows")
    with connect(settings) as ours:
        args = {"since": "2026-03-25T00:00:00Z", "until": "2026-03-26T00:00:00Z", "process": "whoami.exe"}
        tool = process_events(ElasticEventLog(ours, settings), ToolLimits())
        (row,) = tool.invoke({"host": "dc01.lab2019.local", **args})["tree"]
    assert row["parent"].endswith("powershell.exe")
    assert row["command"] == '"C:\\Windows\\system32\\whoami.exe"'


def test_no_answer_is_a_tool_error(es_node: str) -> None:
    with pytest.raises(ToolError, match=r"investigate\.events"):
        events_around(None, ToolLimits()).invoke({"kind": "host", "value": "x", **WINDOW})
    settings = ElasticSettings(url=es_node, index="events-nowhere")
    with connect(settings) as ours, pytest.raises(ToolError, match="events-nowhere"):
        ElasticEventLog(ours, settings).around(EntityKind.HOST, "x", BEFORE, AFTER, (), 5)
