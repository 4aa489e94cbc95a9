"""Frequency tables against counting by hand; flip questions read back from KQL; similarity by what is shared."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.desk import STANDARD, incident
from triage.casework import kql
from triage.columns import FACTS
from triage.desk import pivots
from triage.desk.flip import question
from triage.desk.pivots import Question, Slice
from triage.desk.similar import similar
from triage.models import Entity, EntityKind

HOSTS = ("a", "b", "c")
DAY = 86_400_000_000


def slice_of(hosts: list[tuple[str, ...]], alerts: list[tuple[int, int]]) -> Slice:
    """Return a slice with one fact per tuple of hosts and alerts (time, fact)."""
    facts = [
        {
            "fact": at,
            "detector": "d",
            "family": "f",
            "rule": f"rule {at}",
            "rule_id": "",
            "message": "",
            "severity": None,
            "techniques": ["T1"],
            "tactics": [],
            "principal": "",
            "entities": [{"kind": "host", "role": role, "value": name} for name in names for role in ("", "source")],
            "flags": [],
        }
        for at, names in enumerate(hosts)
    ]
    rows = [(time, "i", str(at), f"act-{fact}", fact) for at, (time, fact) in enumerate(alerts)]
    return Slice(
        pl.DataFrame(rows, schema=pivots.SLICE, orient="row"),
        pl.DataFrame(facts, schema=FACTS),
    )


facts_and_alerts = st.lists(st.lists(st.sampled_from(HOSTS), unique=True).map(tuple), min_size=1, max_size=4).flatmap(
    lambda hosts: st.tuples(
        st.just(hosts), st.lists(st.tuples(st.integers(0, 5 * DAY), st.integers(0, len(hosts) - 1)), max_size=20)
    )
)


@given(facts_and_alerts)
def test_a_value_counts_each_alert_once_whatever_its_roles(
    drawn: tuple[list[tuple[str, ...]], list[tuple[int, int]]],
) -> None:
    hosts, alerts = drawn
    wanted = Counter(name for _, fact in alerts for name in hosts[fact])
    found = pivots.frequency(slice_of(hosts, alerts), "host")
    assert dict(found.table.select("value", "count").iter_rows()) == dict(wanted)
    assert (found.distinct, found.total) == (len(wanted), len(alerts))


@given(facts_and_alerts, st.sampled_from(HOSTS))
def test_what_is_left_after_a_value_is_what_was_counted(
    drawn: tuple[list[tuple[str, ...]], list[tuple[int, int]]], host: str
) -> None:
    whole = slice_of(*drawn)
    counted = dict(pivots.frequency(whole, "host").table.select("value", "count").iter_rows())
    left = pivots.narrowed(whole, "host", host)
    assert left.alerts.height == counted.get(host, 0)
    assert sum(pivots.per_day(left).values()) == left.alerts.height
    histories = pivots.histories(whole, [("host", host)])
    assert (histories[("host", host)].alerts if histories else 0) == left.alerts.height


@pytest.mark.parametrize("field", pivots.FIELDS)
def test_every_field_of_nothing_has_no_value(field: str) -> None:
    assert pivots.frequency(pivots.EMPTY, field).distinct == 0
    assert pivots.narrowed(pivots.EMPTY, field, "x").alerts.is_empty()


SINCE = datetime(2026, 3, 1, 8, tzinfo=UTC)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(VALUES, st.sampled_from(["host", "user", "domain", "hash", "address", "rule"]))
def test_a_question_is_read_back_as_it_was_written(value: str, kind: str) -> None:
    about = kql.rule(value) if kind == "rule" else kql.entity(kind, value)
    query = kql.every(about, kql.within(SINCE, SINCE + timedelta(hours=1)))
    assert question(f"To benign: a test. KQL: {query}") == Question(kind, value, SINCE, SINCE + timedelta(hours=1))


@pytest.mark.parametrize("sentence", ["", "To benign: a change.", 'KQL: nonsense : "x"', "KQL: host.name : x"])
def test_a_sentence_without_a_query_asks_nothing(sentence: str) -> None:
    assert question(sentence) is None


def test_incidents_that_share_what_is_rare_come_first() -> None:
    rare = Entity(kind=EntityKind.HASH, value="f" * 64, alert_count=1)
    mine, twin = (incident(rank).model_copy(update={"entities": (rare,)}) for rank in (1, 9))
    found = similar(mine, [*STANDARD, twin])
    assert found[0].incident_id == "inc-0009"
    assert found[0].shared[0] == f"hash:{'f' * 64}"
    assert all(one.incident_id != mine.incident_id for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_the_same_incident_under_another_id_is_wholly_alike() -> None:
    other = STANDARD[0].model_copy(update={"incident_id": "inc-x"})
    assert similar(STANDARD[0], [other])[0].score == pytest.approx(1.0)
