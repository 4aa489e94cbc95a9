"""The embedded search against a plain loop over the same alerts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.adapters.embedded_search import EmbeddedSearch, Segment
from triage.columns import ALERTS, FACTS
from triage.models import EntityKind
from triage.ports import Prevalence, Sightings

START = datetime(2026, 11, 1, tzinfo=UTC)
MICROS = 1_000_000


def facts(*entity_lists: list[tuple[str, str, str]], rules: tuple[str, ...] = ()) -> pl.DataFrame:
    rows = [
        {
            "fact": number,
            "detector": "wazuh",
            "family": "wazuh",
            "rule": rules[number] if rules else "rule",
            "rule_id": "1",
            "message": "said",
            "severity": None,
            "techniques": [],
            "tactics": [],
            "principal": "",
            "entities": [{"kind": kind, "role": role, "value": value} for kind, role, value in entities],
            "flags": [],
        }
        for number, entities in enumerate(entity_lists)
    ]
    return pl.DataFrame(rows, schema=FACTS)


def alerts(*rows: tuple[str, float, int]) -> pl.DataFrame:
    """Rows of id, hours after START, fact."""
    micros = int(START.timestamp()) * MICROS
    values = [(micros + int(hours * 3600 * MICROS), "event", "alerts", key, fact, 0, 0) for key, hours, fact in rows]
    return pl.DataFrame(values, schema=ALERTS, orient="row")


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@pytest.fixture
def search() -> EmbeddedSearch:
    said = facts(
        [("host", "", "dc01"), ("user", "", "ana")],
        [("host", "source", "ws7"), ("host", "target", "dc01"), ("host", "", "dc01")],
        [],
        rules=("logon", "smb", "other"),
    )
    first = Segment(alerts(("b", 1, 1), ("a", 1, 0), ("c", 30, 0), ("d", 2, 2)), said)
    second = Segment(
        alerts(("e", 40, 0), ("c", 30, 0)), facts([("host", "", "dc01"), ("host", "", "fs1")], rules=("smb",))
    )
    return EmbeddedSearch([first, second])


def test_alerts_around_an_entity_come_oldest_first_with_the_true_count(search: EmbeddedSearch) -> None:
    found = search.around(EntityKind.HOST, "dc01", START, after(48), 2)
    assert [row["id"] for row in found.rows] == ["a", "b"]
    assert (found.total, found.truncated) == (4, True)
    assert found.rows[1] == {
        "time": after(1),
        "index": "alerts",
        "id": "b",
        "detector": "wazuh",
        "rule": "smb",
        "severity": None,
        "message": "said",
        "entities": ("host:dc01", "host:ws7"),
    }
    assert 'host.name : "dc01"' in found.query
    assert '@timestamp < "2026-11-03T00:00:00.000000Z"' in found.query


def test_the_window_is_half_open(search: EmbeddedSearch) -> None:
    found = search.around(EntityKind.HOST, "dc01", after(1), after(30), 10)
    assert [row["id"] for row in found.rows] == ["a", "b"]
    assert not found.truncated


def test_kind_and_value_must_match_exactly(search: EmbeddedSearch) -> None:
    for kind, value in ((EntityKind.USER, "dc01"), (EntityKind.HOST, "DC01"), (EntityKind.HOST, "dc0")):
        assert search.around(kind, value, START, after(99), 10).total == 0
        assert search.sightings(kind, value) == Sightings(None, None, 0, 0, 0)
        assert search.history(kind, value, START, after(99)) == {}


def test_sightings_count_hosts_and_days(search: EmbeddedSearch) -> None:
    assert search.sightings(EntityKind.HOST, "dc01") == Sightings(after(1), after(40), 4, 3, 2)
    assert search.sightings(EntityKind.USER, "ana") == Sightings(after(1), after(30), 2, 1, 2)


def test_prevalence_of_a_rule(search: EmbeddedSearch) -> None:
    assert search.rule_prevalence("smb", START, after(99)) == Prevalence(2, 3, 2)
    assert search.rule_prevalence("smb", START, after(2)) == Prevalence(1, 2, 1)
    assert search.rule_prevalence("unknown", START, after(99)) == Prevalence(0, 0, 0)


def test_history_per_day(search: EmbeddedSearch) -> None:
    assert search.history(EntityKind.HOST, "dc01", START, after(99)) == {"2026-11-01": 2, "2026-11-02": 2}


def test_a_query_cannot_be_broken_out_of(search: EmbeddedSearch) -> None:
    found = search.around(EntityKind.USER, 'x" or host.name : "*', START, after(1), 1)
    assert 'user.name : "x\\" or host.name : \\"*"' in found.query


def test_nothing_to_search() -> None:
    search = EmbeddedSearch([])
    assert search.around(EntityKind.HOST, "x", START, after(1), 5).rows == ()
    assert search.sightings(EntityKind.HOST, "x").count == 0


ENTITIES = st.lists(
    st.tuples(st.sampled_from(["host", "user"]), st.sampled_from(["", "source"]), st.sampled_from("abc")), max_size=4
)
ROWS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2)), max_size=30)


@given(st.lists(ENTITIES, min_size=3, max_size=3), ROWS, st.integers(0, 100), st.integers(0, 100))
def test_it_agrees_with_a_loop(
    said: list[list[tuple[str, str, str]]], rows: list[tuple[int, int]], low: int, high: int
) -> None:
    named = [(f"{number:03d}", float(hour), fact) for number, (hour, fact) in enumerate(rows)]
    search = EmbeddedSearch([Segment(alerts(*named), facts(*said))])
    expected: list[Any] = sorted(
        (hour, key)
        for key, hour, fact in named
        if low <= hour < high and any((kind, value) == ("host", "a") for kind, _, value in said[fact])
    )
    found = search.around(EntityKind.HOST, "a", after(low), after(high), 1000)
    assert [row["id"] for row in found.rows] == [key for _, key in expected]
    assert sum(search.history(EntityKind.HOST, "a", after(low), after(high)).values()) == len(expected)
