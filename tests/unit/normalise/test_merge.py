"""Merging does not depend on how alerts were cut into pages, nor on their order."""

import json
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.mutate import mutated
from triage.columns import ALERTS, DEAD_LETTERS, ENTITY, FACTS, Batch
from triage.config import Limits
from triage.normalise import merge, normalise_page
from triage.ports import RawPage

LINES = list(mutated(seed=3, count=300))


def hit(number: str, source: dict[str, Any] | None = None, time: str = "2026-01-01T00:00:00Z") -> bytes:
    document = {"@timestamp": time, "event.kind": "alert", "rule.name": "r", **(source or {})}
    return json.dumps({"_index": "i", "_id": number, "_source": document}).encode()


def batches_of(lines: list[bytes], size: int) -> list[Batch]:
    """Return one batch per page; every line keeps its own origin wherever it goes."""
    pages = [lines[start : start + size] for start in range(0, len(lines), size)]
    return [
        normalise_page(RawPage(b"\n".join(page) + b"\n", len(page), "f", 0), part, Limits(), 0)
        for part, page in enumerate(pages)
    ]


def content(batch: Batch) -> tuple[list[Any], list[Any], list[Any]]:
    return (batch.alerts.drop("part", "line").rows(), batch.facts.rows(), batch.dead_letters.rows())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 120))
def test_order_and_page_size_change_nothing(seed: int, size: int) -> None:
    lines = LINES.copy()
    random.Random(seed).shuffle(lines)
    batches = batches_of(lines, size)
    random.Random(seed + 1).shuffle(batches)
    one, other = merge(batches_of(LINES, 1000)), merge(batches)
    assert other.repeated == one.repeated
    assert content(other.batch) == content(one.batch)


def test_merging_merged_batches_is_merging_once() -> None:
    batches = batches_of(LINES, 50)
    twice = merge([merge(batches[:3]).batch, merge(batches[3:]).batch])
    assert content(twice.batch) == content(merge(batches).batch)


def test_alerts_are_sorted_and_the_first_of_equal_ids_is_kept() -> None:
    batches = batches_of(
        [
            hit("b", time="2026-01-02T00:00:00Z"),
            hit("a", time="2026-01-03T00:00:00Z"),
            hit("c"),
            hit("a", {"message": "early"}, "2026-01-01T12:00:00Z"),
        ],
        1,
    )
    merged = merge(batches)
    assert merged.repeated == 1
    assert merged.batch.alerts["id"].to_list() == ["c", "a", "b"]
    assert "early" in merged.batch.facts["message"].to_list()


def test_equal_facts_are_stored_once_and_unused_ones_not_at_all() -> None:
    lines = [
        hit("1", {"message": "same"}),
        hit("2", {"message": "same"}, "2026-01-05T00:00:00Z"),
        hit("2", {"message": "lost"}, "2026-01-06T00:00:00Z"),
    ]
    merged = merge(batches_of(lines, 1)).batch
    assert merged.facts["message"].to_list() == ["same"]
    assert merged.facts["fact"].to_list() == [0]
    assert merged.alerts["fact"].to_list() == [0, 0]


def test_facts_that_differ_anywhere_stay_apart() -> None:
    lines = [
        hit("1"),
        hit("2", {"event.severity": 50}),
        hit("3", {"event.severity": 51}),
        hit("4", {"user.name": "a"}),
        hit("5", {"user.target.name": "a"}),
        hit("6", {"threat.technique.id": ["T1059"]}),
        hit("7", {"threat.tactic.name": "Execution"}),
    ]
    assert merge(batches_of(lines, 2)).batch.facts.height == len(lines)


def test_facts_keep_all_columns() -> None:
    line = hit(
        "1",
        {
            "message": "what happened",
            "host.name": "H",
            "user.name": "U",
            "event.severity": 73,
            "event.module": "acme",
            "threat.technique.id": ["t1059.001"],
            "threat.tactic.id": ["TA0002"],
        },
    )
    [fact] = merge(batches_of([line], 1)).batch.facts.to_dicts()
    assert fact == {
        "fact": 0,
        "detector": "acme",
        "family": "ecs",
        "rule": "r",
        "rule_id": "",
        "message": "what happened",
        "severity": 73.0,
        "techniques": ["T1059.001"],
        "tactics": ["execution"],
        "principal": "host:h",
        "entities": [
            {"kind": "host", "role": "", "value": "h"},
            {"kind": "user", "role": "", "value": "u"},
        ],
        "flags": [],
    }


@pytest.mark.parametrize("batches", [[], batches_of([b"{"], 1)])
def test_nothing_merges_to_nothing(batches: list[Batch]) -> None:
    merged = merge(batches).batch
    assert (merged.alerts.schema, merged.facts.schema, merged.dead_letters.schema) == (ALERTS, FACTS, DEAD_LETTERS)
    assert merged.alerts.is_empty()
    assert merged.dead_letters.height == len(batches)
    assert merged.facts.schema["entities"] == pl.List(ENTITY)
