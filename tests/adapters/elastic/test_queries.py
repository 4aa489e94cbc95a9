"""The division of a window: whatever the edges, every moment is in exactly one part."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.adapters.elastic.bodies import Body, Json, ndjson, split_hits
from triage.adapters.elastic.query import EPOCH, own_query, parts, query_of
from triage.errors import ConfigError
from triage.ports import Window

moments = st.integers(-(10**13), 10**14)


@given(st.lists(moments.map(float)), moments)
def test_every_moment_is_in_exactly_one_part(edges: list[float], moment: int) -> None:
    *timed, untimed = parts(Window(None, None), edges)

    assert not untimed.timed
    holding = [p for p in timed if (p.low is None or p.low <= moment) and (p.high is None or moment < p.high)]
    assert len(holding) == 1


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2), st.lists(moments))
def test_parts_of_a_window_follow_each_other_from_end_to_end(bounds: list[datetime], edges: list[int]) -> None:
    since, until = sorted(bounds)
    *timed, _ = parts(Window(since, until), edges)

    low, high = timed[0].low, timed[-1].high
    assert low is not None
    assert high is not None
    assert low <= (since - EPOCH).total_seconds() * 1000 + 1e-3
    assert high >= (until - EPOCH).total_seconds() * 1000 - 1e-3
    assert [p.high for p in timed[:-1]] == [p.low for p in timed[1:]]


def test_broken_own_queries_are_errors_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        own_query('{"match":')
    assert own_query("  ") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=5) | st.just("_source"), json_values, max_size=3), max_size=4))
def test_the_patient_reader_gives_the_same_lines_as_the_fast_one(sources: list[dict[str, object]]) -> None:
    hits = [{"_index": "i", "_id": f"_source{n}", "_source": source, "sort": [n]} for n, source in enumerate(sources)]
    raw = orjson.dumps({"hits": {"total": {"value": len(hits)}, "hits": hits}})

    assert ndjson(Body(split_hits(raw), raw)) == ndjson(Json().loads(raw))  # type: ignore[arg-type]


def test_what_arrived_late_is_a_part_of_its_own_before_the_window() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    first, late, untimed = parts(Window(noon, None, noon), [])

    assert (first.low, first.arrived, untimed.timed) == (late.high, None, False)
    assert (
        query_of(None, late)["bool"]["filter"][-1]["range"]["event.ingested"]["gte"] == "2026-01-01T12:00:00.000+00:00"
    )
    assert parts(Window(None, None, noon), []) == parts(Window(None, None), [])


def test_queries_do_not_score() -> None:
    assert set(query_of(None, parts(Window(None, None), [])[0])["bool"]) == {"filter"}
