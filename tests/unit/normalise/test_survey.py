"""What the doctor says about documents: how much of them is understood, and what a mapping would add."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from support.story import story
from triage.config import Limits, MappingSettings, Settings
from triage.normalise.survey import Understood, survey
from triage.ports import RawPage
from triage.understanding import understanding

OWN: dict[str, Any] = {
    "vendor": "acme",
    "when_seen": "2026-01-01T00:00:00Z",
    "sig_no": "odd thing happened",
    "prio": 7,
    "gate": {"inner": "10.0.0.9", "peer_dst": "203.0.113.9"},
    "machine": "PC-7",
    "labels": ["T1059"],
    "sum": "a" * 64,
    "n": 12,
}


def surveyed(*documents: Any, origin: str = "f.ndjson", first: int = 1, **mapping: Any) -> list[Understood]:
    lines = b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in documents)
    mappings = [MappingSettings.model_validate(mapping)] if mapping else []
    return survey([RawPage(lines, len(documents), origin, first)], Limits(), mappings)


def test_documents_that_are_understood_say_so() -> None:
    [found] = surveyed(*(hit["_source"] for hit in story() if hit["_id"].startswith("a")))
    assert (found.place, found.family, found.documents, found.usable) == ("f.ndjson", "ecs", 5, True)
    assert found.shares == dict.fromkeys(("time", "rule", "severity", "entities", "techniques"), 1)
    assert found.unmapped == ()


def test_hits_are_told_by_index_and_family() -> None:
    hits = [{"_index": "a", "_id": "1", "_source": story()[0]["_source"]}, {"_index": "b", "_id": "2", "_source": OWN}]
    assert [(one.place, one.family) for one in surveyed(*hits, origin="x-*", first=0)] == [
        ("a", "ecs"),
        ("b", "fallback"),
    ]


def test_fields_that_nobody_reads_are_worth_a_mapping() -> None:
    documents = [{**OWN, "machine": f"PC-{n}"} for n in range(8)] + [{"vendor": "acme", "machine": "PC-9"}] * 2
    [found] = surveyed(*documents)
    worth = {one.field: (one.key, one.share) for one in found.unmapped}
    assert worth["when_seen"] == ("time", 0.8)
    assert worth["prio"] == ("severity", 0.8)
    assert worth["machine"] == ("host", 1.0)
    assert "n" not in worth
    assert not found.usable
    assert "when_seen as time (80%, e.g. 2026-01-01T00:00:00Z)" in str(found)


def test_after_the_mapping_they_are_read_and_no_longer_named() -> None:
    mapping: dict[str, Any] = {
        "name": "acme",
        "when": {"field": "vendor"},
        "time": "when_seen",
        "severity": "prio",
        "host": "machine",
    }
    [found] = surveyed(*[OWN] * 3, **mapping, rule="sig_no", severity_scale=[0, 10], technique="labels")
    assert (found.family, found.usable) == ("acme", True)
    assert set(found.shares.values()) == {1}
    assert not {"when_seen", "prio", "machine", "labels"} & {one.field for one in found.unmapped}


def test_broken_lines_are_counted() -> None:
    [found] = surveyed(OWN, b"{broken", b"[1]")
    assert found.broken == 2
    assert "2 broken lines" in str(found)
    [nothing] = surveyed(b"{broken")
    assert (nothing.family, nothing.documents, nothing.usable) == ("nothing", 0, False)


def test_hostile_names_and_values_are_shown_clean() -> None:
    [found] = surveyed({"user\x1b[2J": "10.9.9.9\u202e", "ho\u202est": "a\x07b", "vendor": "x", "login\x00": "eve\x1b"})
    assert not any(char in str(found) for char in "\x1b\u202e\x07\x00")


def test_a_file_is_sampled_and_a_missing_one_is_said(tmp_path: Path) -> None:
    file = tmp_path / "alerts.ndjson.gz"
    file.write_bytes(gzip.compress(b"".join(json.dumps(hit).encode() + b"\n" for hit in story())))
    ok, missing = understanding([str(file), str(tmp_path / "nothing")], Settings())
    assert ok.ok
    assert ok.name == f"understood {file}"
    assert ok.detail.startswith("205 sampled, read as ecs: time 100%, rule 100%")
    assert not missing.ok
    assert "no such file" in missing.detail


@pytest.mark.elastic
def test_each_index_of_a_server_is_sampled(es_node: str) -> None:
    from elasticsearch import Elasticsearch

    with Elasticsearch(es_node) as client:
        for index, document in (("survey-a", story()[0]["_source"]), ("survey-b", OWN)):
            client.index(index=index, document=document, refresh=True)
        settings = Settings.model_validate({"elasticsearch": {"url": es_node, "index": "survey-*"}})
        found = {check.name: check for check in understanding([], settings)}
        client.indices.delete(index="survey-a,survey-b")
    assert found["understood survey-a"].ok
    assert "read as ecs" in found["understood survey-a"].detail
    assert not found["understood survey-b"].ok
    assert "[[mapping]]" in found["understood survey-b"].advice
