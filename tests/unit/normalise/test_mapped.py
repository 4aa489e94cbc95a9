"""A team's own mapping: what it names is taken from there, the rest is found as ever, and nothing is lost by it."""

import json
import pickle
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.mutate import mutated
from triage.config import Limits, MappingSettings
from triage.normalise import normalise_page
from triage.normalise.reading import Readings
from triage.ports import RawPage

ACME: dict[str, Any] = {
    "name": "acme",
    "when": {"field": "vendor", "equals": "ACME"},
    "time": ["seen.at", "ts"],
    "id": "uid",
    "rule": "sig.name",
    "rule_id": "sig.no",
    "message": "txt",
    "severity": "prio",
    "severity_scale": [5, 1],
    "severity_words": {"P1": 99},
    "host": "dev.name",
    "user": ["who", "also"],
    "source_ip": "a",
    "destination_ip": "b",
    "technique": "labels",
    "tactic": "phase",
}
DOCUMENT: dict[str, Any] = {
    "vendor": "Acme",
    "ts": 1_767_225_600,
    "uid": "u-7",
    "sig": {"name": "Odd thing", "no": 12},
    "txt": "Something odd\nand more",
    "prio": 2,
    "dev": {"name": "PC7"},
    "who": "CORP\\ann",
    "also": ["bob"],
    "a": "10.0.0.7",
    "b": "203.0.113.9",
    "labels": ["x", "attack.t1059.001"],
    "phase": "Execution",
}


def read(document: dict[str, Any], mapping: dict[str, Any]) -> dict[str, Any]:
    """Return the alert and what it says, as one row."""
    line = json.dumps(document).encode()
    readings = pickle.loads(pickle.dumps(Readings(Limits(), [MappingSettings.model_validate(mapping)])))  # noqa: S301
    batch = normalise_page(RawPage(line, 1, "f", 1), 0, Limits(), 0, readings)
    [alert] = batch.alerts.to_dicts()
    fact = batch.facts.row(alert["fact"], named=True)
    return {**alert, **fact, "entities": {(e["kind"], e["role"], e["value"]) for e in fact["entities"]}}


def test_a_mapping_says_what_each_field_means() -> None:
    found = read(DOCUMENT, ACME)
    said = [found[key] for key in ("family", "detector", "rule", "rule_id", "message", "severity", "principal", "id")]
    assert said == ["acme", "acme", "Odd thing", "12", "Something odd", 75, "host:pc7", "u-7"]
    assert (found["time"], found["time_source"]) == (1_767_225_600_000_000, "event")
    assert (found["techniques"], found["tactics"]) == (["T1059.001"], ["execution"])
    assert found["entities"] >= {
        ("host", "", "pc7"),
        ("user", "", "ann"),
        ("user", "", "bob"),
        ("address", "source", "10.0.0.7"),
        ("address", "destination", "203.0.113.9"),
    }


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 100), (5, 0), (3, 50), ("2", 75), (9, 0), ("p1", 99), ("High", 73), ("odd", None)]
)
def test_severity_by_scale_or_word(value: object, expected: float | None) -> None:
    assert read({**DOCUMENT, "prio": value}, ACME)["severity"] == expected


def test_what_the_mapping_leaves_open_is_found_as_ever() -> None:
    document = {
        "@timestamp": "2026-01-01T00:00:00Z",
        "event": {"kind": "alert", "module": "sensor", "severity": 60},
        "rule": {"name": "r"},
        "host": {"name": "web01"},
        "importance": "critical",
        "threat": {"technique": {"id": "T1046"}},
    }
    mapping = {"name": "mine", "when": {"field": "event.module", "equals": "sensor"}, "severity": "importance"}
    found = read(document, mapping)
    assert (found["severity"], found["rule"], found["principal"]) == (99, "r", "host:web01")
    assert (found["time"], found["techniques"]) == (1_767_225_600_000_000, ["T1046"])
    assert read({**document, "importance": None}, mapping)["severity"] == 60


def test_a_document_that_does_not_fit_is_read_without_the_mapping() -> None:
    assert read({**DOCUMENT, "vendor": "other"}, ACME)["family"] == "fallback"
    there = {**ACME, "when": {"field": "sig.no"}}
    assert read({**DOCUMENT, "vendor": "other"}, there)["family"] == "acme"
    number = {**ACME, "when": {"field": "sig.no", "equals": [11, 12]}}
    assert read(DOCUMENT, number)["family"] == "acme"


def test_a_document_carried_as_text_is_mapped_too() -> None:
    carried = {"@timestamp": "2026-01-01T00:00:00Z", "message": json.dumps(DOCUMENT)}
    found = read(carried, ACME)
    assert (found["family"], found["rule"]) == ("acme", "Odd thing")
    assert datetime.fromtimestamp(found["time"] / 1e6).year == 2026  # noqa: DTZ006


@pytest.mark.parametrize("changed", [{"severity_scale": [1, 1]}, {"name": "No Name"}, {"when": {}}])
def test_mappings_that_cannot_work_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"severity_scale|name|when"):
        MappingSettings.model_validate(ACME | changed)
    with pytest.raises(ValueError, match="at least one field"):
        MappingSettings.model_validate({"name": "n", "when": {"field": "f"}})


@given(st.integers(0, 10_000))
def test_hostile_documents_end_as_one_row_each_whatever_the_mapping(seed: int) -> None:
    lines = [line for line in mutated(seed, 20) if line]
    mapping = MappingSettings.model_validate(
        {"name": "any", "when": {"field": "event.kind"}, "severity": "event.severity", "host": "host.name", "time": "x"}
    )
    page = RawPage(b"\n".join(lines), len(lines), "f", 1)
    batch = normalise_page(page, 0, Limits(), 0, Readings(Limits(), [mapping]))
    assert batch.alerts.height + batch.dead_letters.height == len(lines)
