"""Alerts become activities: bursts collapse, gaps divide, and neither order nor nights change the keys."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.activities import HOUR, MINUTE, START, batch, fact
from triage.columns import ACTIVITIES, Batch
from triage.condense import Condensed, condense, mask
from triage.config import CondenseSettings

NOTHING = pl.DataFrame(schema=ACTIVITIES)
FACTS = [fact("scan", "host:a"), fact("scan", "host:b"), fact("login", "host:a", "user:eva", severity=47)]


def run(alerts: list[tuple[int, int]], earlier: pl.DataFrame = NOTHING) -> Condensed:
    return condense(batch(FACTS, alerts), earlier, CondenseSettings())


def test_a_burst_is_one_activity() -> None:
    activities = run([(START + n, 0) for n in range(5000)]).activities
    assert activities.select("rule", "principal", "count", "variety").rows() == [("scan", "host:a", 5000, 1)]


def test_a_silence_longer_than_the_gap_begins_a_new_activity() -> None:
    activities = run([(START, 0), (START + HOUR, 0), (START + 2 * HOUR + 1, 0)]).activities
    assert activities["count"].to_list() == [2, 1]


def test_each_principal_has_its_own_activity_of_one_signature() -> None:
    condensed = run([(START, 0), (START + 1, 1)])
    assert condensed.activities["principal"].to_list() == ["host:a", "host:b"]
    assert condensed.activities["signature"].n_unique() == 1


def test_the_highest_severity_and_all_entities_are_kept() -> None:
    row = run([(START, 2)]).activities.row(0, named=True)
    assert row["severity"] == 47
    assert [(e["kind"], e["value"]) for e in row["entities"]] == [("host", "a"), ("user", "eva")]


def test_no_alerts_no_activities() -> None:
    condensed = run([])
    assert condensed.activities.is_empty()
    assert condensed.activities.schema == ACTIVITIES


@given(st.lists(st.tuples(st.integers(0, 12 * HOUR), st.integers(0, 2)), max_size=60), st.integers(0, 60))
@settings(max_examples=60)
def test_two_nights_give_the_activities_of_one(alerts: list[tuple[int, int]], cut: int) -> None:
    whole = batch(FACTS, [(START + time, number) for time, number in sorted(alerts)])
    at_once = condense(whole, NOTHING, CondenseSettings())
    first, second = (Batch(part, whole.facts, whole.dead_letters) for part in (whole.alerts[:cut], whole.alerts[cut:]))
    night_one = condense(first, NOTHING, CondenseSettings()).activities
    night_two = condense(second, night_one, CondenseSettings()).activities
    kept = night_one.join(night_two.select("activity"), on="activity", how="anti")
    both = pl.concat([kept, night_two]).sort("first", "activity")
    compared = [name for name in ACTIVITIES.names() if name != "variety"]  # distinct things are counted per night
    assert both.select(compared).equals(at_once.activities.select(compared))


@given(st.lists(st.tuples(st.integers(0, 5 * HOUR), st.integers(0, 2)), min_size=1, max_size=60))
@settings(max_examples=40)
def test_every_alert_is_in_exactly_one_activity(alerts: list[tuple[int, int]]) -> None:
    condensed = run([(START + time, number) for time, number in alerts])
    assert condensed.activities["count"].sum() == len(alerts)
    assert set(condensed.membership.to_list()) == set(condensed.activities["activity"].to_list())


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("logon of eva from 10.1.2.3:445 failed 17 times", "logon of <user> from <address> failed <number> times"),
        ("Host WEB01 sent 0xdeadbeef", "Host <host> sent <number>"),
        ("sha256 " + "ab" * 32, "sha<number> <hash>"),
        ("task {0F1E2D3C-0000-1111-2222-333344445555} ran", "task <guid> ran"),
        ("mail to a.b+c@example.org at 2026-03-02T10:00:00Z", "mail to <mailbox> at <time>"),
    ],
)
def test_masking_leaves_what_kind_of_thing_happened(message: str, masked: str) -> None:
    assert mask(message, [{"kind": "user", "value": "eva"}, {"kind": "host", "value": "web01"}]) == masked


def test_masking_does_not_eat_parts_of_words() -> None:
    assert mask("evaluation of eva", [{"kind": "user", "value": "eva"}]) == "evaluation of <user>"


@pytest.mark.parametrize(
    ("message", "value"),
    [("logon of EVA", "eva"), ("logon of Eva", "EVA"), ("logon of \u212aarl", "karl"), ("logon of JU\u017fT", "just")],
)
def test_masking_knows_a_value_in_any_case(message: str, value: str) -> None:
    assert mask(message, [{"kind": "user", "value": value}]) == "logon of <user>"


@given(st.integers(1, 50))
def test_one_minute_apart_stays_together(number: int) -> None:
    assert run([(START + n * MINUTE, 0) for n in range(number)]).activities.height == 1
