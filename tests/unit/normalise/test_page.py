"""Every line of a page ends as one alert or one dead letter, whatever is in it."""

import json
import pickle
import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.mutate import mutated
from triage.columns import ALERTS, DEAD_LETTERS, FACTS
from triage.config import Limits
from triage.normalise import merge, normalise_page
from triage.ports import RawPage

RECEIVED = 1_700_000_000_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


def page_of(*lines: bytes, origin: str = "alerts.ndjson", first_line: int = 1) -> RawPage:
    return RawPage(b"".join(line + b"\n" for line in lines), len(lines), origin, first_line)


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def copied(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own value


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"", "empty"),
        (b"[1]", "no object"),
        (b"{}", "empty"),
        (b'{"a":' * 5000, "nested too deeply"),
        (b'{"a":"' + b"x" * 200_000 + b'"}', "more than 100000"),
        (b'{"_index":"i","_id":"1","_source":[]}', "empty"),
    ],
)
def test_a_broken_line_is_a_dead_letter_that_says_where_and_why(line: bytes, reason: str) -> None:
    page = page_of(encoded({"rule": {"name": "fine"}, "event.kind": "alert"}), line, first_line=7)
    batch = normalise_page(page, 0, Limits(document_bytes=100_000), RECEIVED)
    assert batch.alerts.height == 1
    [dead] = rows(batch.dead_letters)
    assert reason in dead["reason"]
    assert dead["origin"] == "alerts.ndjson:8"
    assert len(dead["excerpt"]) <= 500


def test_a_dead_letter_keeps_its_identity_and_a_clean_excerpt() -> None:
    line = b'{"_index":"i","_id":"7","_source":{}, "x":"\x1b[2J\xe2\x80\xae"}'
    batch = normalise_page(page_of(line, origin="i*", first_line=0), 0, Limits(), RECEIVED)
    [dead] = rows(batch.dead_letters)
    assert (dead["index"], dead["origin"]) == ("", "i*")
    assert re.fullmatch(r"i\*#[0-9a-f]{12}", dead["id"])
    assert "\x1b" not in dead["excerpt"]
    assert "\\u202e" in dead["excerpt"]


def test_a_dead_letter_without_an_id_is_known_by_its_place_and_its_content() -> None:
    def names(*lines: bytes) -> list[str]:
        return list(normalise_page(page_of(*lines), 0, Limits(), RECEIVED).dead_letters["id"])

    here, there = names(b"{broken", b"{broken")
    assert here.startswith("alerts.ndjson:1#")
    assert here != there
    assert names(b"{broken") == [here]
    assert names(b"{broken too") != [here]


def test_a_hit_keeps_its_index_and_id() -> None:
    hit = {"_index": "alerts-x", "_id": "42", "_source": {"event": {"kind": "alert"}, "rule": {"name": "r"}}}
    [alert] = rows(normalise_page(page_of(encoded(hit)), 3, Limits(), RECEIVED).alerts)
    assert (alert["index"], alert["id"], alert["part"], alert["line"]) == ("alerts-x", "42", 3, 0)


def test_a_hit_of_fields_only_is_read_too() -> None:
    fields = {"@timestamp": ["2026-01-01T00:00:00Z"], "kibana.alert.rule.name": ["r"], "host.name": ["H1"]}
    batch = normalise_page(page_of(encoded({"_index": "i", "_id": "1", "fields": fields})), 0, Limits(), RECEIVED)
    assert batch.facts["rule"].to_list() == ["r"]
    assert batch.facts["principal"].to_list() == ["host:h1"]
    assert batch.alerts["time"].to_list() == [1_767_225_600_000_000]


def test_a_bare_document_is_identified_by_its_content() -> None:
    first, second = encoded({"event.kind": "alert", "n": 1}), encoded({"event.kind": "alert", "n": 2})
    alerts = normalise_page(page_of(first, second, first), 0, Limits(), RECEIVED).alerts
    ids = alerts["id"].to_list()
    assert ids[0] == ids[2] != ids[1]
    assert len(ids[0]) == 20
    assert set(alerts["index"]) == {"ecs"}


def test_a_document_without_a_time_is_placed_and_flagged() -> None:
    lines = [
        encoded({"event": {"kind": "alert", "ingested": "2026-01-01T00:00:00Z"}, "rule": {"name": "r"}}),
        encoded({"event": {"kind": "alert"}, "rule": {"name": "r"}, "@timestamp": "soon"}),
        encoded({"event": {"kind": "alert"}, "rule": {"name": "r"}, "@timestamp": "2026-01-01T00:00:00Z"}),
    ]
    batch = normalise_page(page_of(*lines), 0, Limits(), RECEIVED)
    assert batch.alerts["time_source"].to_list() == ["ingested", "run", "event"]
    assert batch.alerts["time"].to_list() == [1_767_225_600_000_000, RECEIVED, 1_767_225_600_000_000]
    flags = batch.alerts.join(batch.facts, on="fact", how="left", maintain_order="left")["flags"].to_list()
    assert flags == [["time_missing"], ["time_missing"], []]


def test_surrogates_bad_bytes_nan_and_huge_numbers_are_read() -> None:
    lines = [
        b'{"@timestamp":1750935017,"event.kind":"alert","rule.name":"a\\ud800b"}',
        b'{"@timestamp":1750935017,"event.kind":"alert","rule.name":"\xff"}',
        b'{"@timestamp":1750935017,"event.kind":"alert","rule.name":"n","x":NaN}',
        b'{"@timestamp":1750935017,"event.kind":"alert","rule.name":"h","x":' + b"9" * 400 + b"}",
        b'{"@timestamp":1750935017,"event.kind":"alert","rule.name":"first","rule.name":"last"}',
    ]
    batch = normalise_page(page_of(*lines), 0, Limits(), RECEIVED)
    assert batch.dead_letters.is_empty()
    assert batch.facts["rule"].to_list()[::4] == ["a?b", "last"]


def test_text_is_cleaned_and_bounded() -> None:
    document = {
        "@timestamp": "2026-01-01T00:00:00Z",
        "event.kind": "alert",
        "rule.name": "a\x1b[31mb\u202ec\u200bd\ne",
        "message": "m" * 5000,
        "user.name": [f"user{number}" for number in range(500)],
        "host.name": "h" * 5000,
    }
    limits = Limits(field_chars=100, entities_per_alert=10)
    [fact] = rows(normalise_page(page_of(encoded(document)), 0, limits, RECEIVED).facts)
    assert fact["rule"] == "a\\x1b[31mb\\u202ec\\u200bd"
    assert len(fact["message"]) == 100
    assert len(fact["entities"]) == 10
    assert all(len(entity["value"]) <= 100 for entity in fact["entities"])


def test_pages_and_batches_can_be_sent_to_a_process() -> None:
    batch = copied(normalise_page)(page_of(encoded({"a": "b"})), 0, Limits(), RECEIVED)
    assert copied(batch).alerts.equals(batch.alerts)


def test_an_empty_page_is_an_empty_batch() -> None:
    batch = normalise_page(RawPage(b"", 0, "x", 1), 0, Limits(), RECEIVED)
    assert (batch.alerts.schema, batch.facts.schema, batch.dead_letters.schema) == (ALERTS, FACTS, DEAD_LETTERS)
    assert batch.alerts.is_empty()


def test_ten_thousand_mutated_documents_are_all_accounted_for() -> None:
    lines = list(mutated(seed=1, count=10_000))
    batches = [
        normalise_page(page_of(*lines[start : start + 500], first_line=start + 1), start // 500, Limits(), RECEIVED)
        for start in range(0, len(lines), 500)
    ]
    for batch in batches:
        assert batch.alerts.height + batch.dead_letters.height == 500
        assert (batch.alerts.schema, batch.facts.schema, batch.dead_letters.schema) == (ALERTS, FACTS, DEAD_LETTERS)
    merged = merge(batches)
    assert merged.batch.alerts.height + merged.repeated + merged.batch.dead_letters.height == 10_000
    assert 0 < merged.batch.dead_letters.height < 2_000
    assert merged.batch.facts.filter(pl.col("rule") == "").is_empty()
    assert merged.batch.facts["severity"].drop_nulls().is_between(0, 100).all()
    texts = pl.concat([merged.batch.facts[name] for name in ("rule", "message", "rule_id", "principal", "detector")])
    assert texts.filter(texts.str.contains(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")).is_empty()


def test_mutated_lines_are_the_same_for_the_same_seed() -> None:
    assert list(mutated(5, 50)) == list(mutated(5, 50))


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON | st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")), max_size=6))
def test_any_lines_become_alerts_or_dead_letters(contents: list[Any]) -> None:
    lines = [item if isinstance(item, bytes) else encoded(item) for item in contents]
    batch = normalise_page(page_of(*lines), 0, Limits(), RECEIVED)
    assert batch.alerts.height + batch.dead_letters.height == len(lines)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["host", "rule", "event", "process", "matches", "title", "Entities"]), JSON))
def test_known_fields_with_any_content_do_no_harm(source: dict[str, Any]) -> None:
    marks: tuple[dict[str, Any], ...] = (
        {"kibana.alert.rule.name": "r"},
        {"SystemAlertId": "s"},
        {"rule.level": 3, "rule.description": "d"},
        {"event_type": "alert", "src_ip": "1.1.1.1"},
        {"title": "t", "rule_level": "low"},
        {"AnalysisComponent": {"Message": source}},
    )
    lines = [encoded({**source, **mark}) for mark in marks]
    batch = normalise_page(page_of(*lines), 0, Limits(), RECEIVED)
    assert batch.alerts.height == len(lines)
