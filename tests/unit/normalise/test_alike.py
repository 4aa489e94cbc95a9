"""Lines that differ from an earlier one in id and time only are read without parsing, and read the same."""

import json

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage.config import Limits
from triage.normalise import normalise_page
from triage.normalise.alike import COMPACT, SPACED, are_own, cut, plain, spelling
from triage.normalise.reading import Readings
from triage.ports import RawPage

RECEIVED = 1_700_000_000_000_000
RULE = {"rule": {"name": "r"}, "event": {"kind": "alert"}}


def hit(own_id: object, stamp: object, **source: object) -> bytes:
    body = {"@timestamp": stamp, **RULE, **source}
    return json.dumps({"_index": "i", "_id": own_id, "_source": body}, ensure_ascii=False).encode("utf-8", "replace")


def read(*lines: bytes, readings: Readings | None = None) -> pl.DataFrame:
    """Return time, id and line of each alert and dead letter of one page."""
    batch = normalise_page(RawPage(b"\n".join(lines) + b"\n", len(lines), "f", 1), 0, Limits(), RECEIVED, readings)
    dead = batch.dead_letters.select(time=pl.lit(None, pl.Int64), id="id", rule="reason")
    said = batch.alerts.join(batch.facts.select("fact", "rule"), on="fact").sort("line")
    return pl.concat([said.select("time", "id", "rule"), dead])


def one_by_one(*lines: bytes) -> pl.DataFrame:
    """Read every line as the only one of its page, so that no other can be alike."""
    return pl.concat([read(line) for line in lines])


def test_a_line_is_cut_at_its_id_and_time() -> None:
    line = b'{"_index":"i","_id":"7","_source":{"@timestamp":"2026-01-01","a":1}}'
    parts = cut(line, COMPACT)
    assert parts == (b'{"_index":"i","_id":"","_source":{"@timestamp":"","a":1}}', b"7", b"2026-01-01")
    assert spelling(line) == COMPACT
    assert spelling(hit("7", "x")) == SPACED


@pytest.mark.parametrize(
    "line",
    [
        b'{"_source":{"_id":"7","@timestamp":"2026-01-01"},"_id":"7"}',
        b'{"x":{"_id":"7"},"_id":"7","_source":{"@timestamp":"2026-01-01"}}',
        b'{"_id":"7","_source":{"a":{"@timestamp":"2026-01-01"},"@timestamp":"2026-01-01"}}',
        b'{"_id":"7","_id":"8","_source":{"@timestamp":"2026-01-01"}}',
        b'{"_id":"7","@timestamp":"2026-01-01","_source":{"a":1}}',
        b'{"_id":"7","_source":{"@timestamp":"2026-01-01"',
        b'["_id":"7","@timestamp":"2026-01-01"]',
    ],
)
def test_what_belongs_to_something_inside_a_hit_is_not_taken_for_its_own(line: bytes) -> None:
    parts = cut(line, COMPACT)
    assert parts
    assert not are_own(line, parts, COMPACT)


@pytest.mark.parametrize("value", [b"a\\u0062", b"a\nb", b"\xff", b"\x00", b""])
def test_only_text_without_escapes_is_plain(value: bytes) -> None:
    assert plain(value) == ""
    assert plain("né-7".encode()) == "né-7"


@pytest.mark.parametrize("own_id", ["", 'q"uote', "back\\slash", "tab\t", "x" * 513, "é", "\u202e", 7, None, ["9"]])
@pytest.mark.parametrize(
    "stamp", ["2026-01-02T00:00:01Z", "1767312001", 'no"time', "", None, 5, ["2026-01-02T00:00:01Z"]]
)
def test_an_odd_id_or_time_after_a_plain_one_is_read_as_if_it_were_alone(own_id: object, stamp: object) -> None:
    lines = hit("1", "2026-01-01T00:00:00Z"), hit("2", "2026-01-01T00:00:07Z"), hit(own_id, stamp)
    assert read(*lines).equals(one_by_one(*lines))


def test_the_bound_of_a_document_holds_for_an_alike_line_too() -> None:
    limits = Limits(document_bytes=1000)
    short = hit("1", "2026-01-01T00:00:00Z", message="x" * (998 - len(hit("1", "2026-01-01T00:00:00Z", message=""))))
    longer = short.replace(b'"_id": "1"', b'"_id": "12345"')
    batch = normalise_page(RawPage(short + b"\n" + longer + b"\n", 2, "f", 1), 0, limits, RECEIVED)
    assert (batch.alerts.height, batch.dead_letters.height) == (1, 1)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(['"_id": "', '"@timestamp": "', '"', "\\"])
STAMPS = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01 00:00:01", "no", ""]) | TEXTS


@given(st.lists(st.tuples(TEXTS, STAMPS, TEXTS, TEXTS), min_size=1, max_size=6))
@example([("1", "2026-01-01T00:00:00Z", "_id", "1"), ("2", "2026-01-01T00:00:00Z", "_id", "1")])
def test_pages_are_read_like_their_lines(hits: list[tuple[str, str, str, str]]) -> None:
    lines = [hit(f"n{own_id}", stamp, **{f"_{key}": value}) for own_id, stamp, key, value in hits]
    lines += lines[:2]
    assert read(*lines, readings=Readings(Limits())).equals(one_by_one(*lines))
