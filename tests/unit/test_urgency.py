"""Urgency: parts add up, more evidence never lowers it, and the rules of judgement hold."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.judgement.urgency import Rating, rate, total


def row(rule: str, host: str = "a", severity: float | None = None, **more: Any) -> dict[str, Any]:
    base = {"signature": rule, "rule": rule, "principal": f"host:{host}", "severity": severity, "novelty": 1.0}
    return base | {"first": 0, "count": 1, "variety": 1, "alone": False, "tactics": [], "net_days": 0} | more


def test_two_severe_new_things_are_worth_showing_and_one_mild_is_not() -> None:
    assert rate([row("x", severity=73), row("y", severity=73)]).disposition == "suspicious"
    assert rate([row("x", severity=47)]).disposition == "benign"


def test_many_severe_new_things_over_tactics_are_an_attack() -> None:
    rows = [row(f"r{n}", severity=73, tactics=[f"t{n}"]) for n in range(6)]
    assert rate(rows).disposition == "attack"


def test_the_same_thing_over_and_over_counts_once() -> None:
    once = rate([row("x", severity=73)])
    again = rate([row("x", severity=73), row("x", severity=73)])
    assert once.weight == again.weight


def test_one_kind_on_many_assets_and_nothing_else_is_a_roll_out() -> None:
    found = rate([row("x", host=str(n), severity=73, variety=8) for n in range(18)])
    assert found.disposition == "benign"
    assert "roll-out" in found.reason


def test_several_mild_kinds_on_many_assets_are_a_roll_out_too() -> None:
    rows = [row(kind, host=str(n), severity=73, tactics=["execution"]) for n in range(9) for kind in "xy"]
    assert rate(rows).disposition == "benign"


def test_but_not_when_they_do_what_only_an_intruder_wants() -> None:
    rows = [row(kind, host=str(n), severity=73, tactics=["lateral-movement"]) for n in range(9) for kind in "xy"]
    assert rate(rows).disposition != "benign"


def test_a_roll_out_that_met_something_severe_counts_little_itself() -> None:
    rollout = [row("x", host=str(n), severity=73) for n in range(9)]
    assert rate([*rollout, row("y", host="3", severity=47)]).disposition == "benign"
    assert rate([*rollout, row("y", host="3", severity=99)]).disposition == "suspicious"


def test_kinds_that_mean_much_the_same_are_one_behaviour() -> None:
    rows = [row(kind, severity=47) for kind in "xyz"]
    family = dict.fromkeys("xyz", "x")
    assert rate(rows, families=family).weight == pytest.approx(rate(rows[:1]).weight * 1.5, abs=1e-3)
    assert rate(rows).weight > rate(rows, families=family).weight


def test_a_critical_one_on_many_assets_is_no_roll_out() -> None:
    assert rate([row("x", host=str(n), severity=99) for n in range(18)]).disposition != "benign"


def test_a_presence_round_the_clock_is_shown_whatever_its_vendor_says() -> None:
    assert rate([row("dns", alone=True, novelty=0.8)]).disposition == "suspicious"


def test_an_important_asset_raises_urgency() -> None:
    rows = [row("x", severity=73), row("y", severity=73)]
    assert rate(rows, criticality=100).urgency == rate(rows).urgency + 15


SEVERITIES = st.none() | st.floats(0, 100)
ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from("abcdef"),
        st.sampled_from("xyz"),
        SEVERITIES,
        novelty=st.floats(0, 1),
        variety=st.integers(1, 500),
        tactics=st.lists(st.sampled_from(["execution", "discovery", "impact"]), max_size=2),
        alone=st.booleans(),
        first=st.integers(0, 4).map(lambda second: second * 1_000_000),
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.integers(0, 100))
def test_parts_add_up_to_the_urgency(rows: list[Mapping[str, Any]], criticality: int) -> None:
    found: Rating = rate(rows, criticality)
    assert 0 <= found.urgency <= 100
    assert found.urgency == total(found.parts)
    assert all(part.points > 0 for part in found.parts)


@given(ROWS, st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("pq")))
def test_families_never_raise_the_weight(rows: list[Mapping[str, Any]], families: dict[str, str]) -> None:
    assert rate(rows, families=families).weight <= rate(rows).weight + 1e-4


@given(ROWS, ROWS)
def test_more_evidence_never_lowers_urgency(rows: list[Mapping[str, Any]], more: list[Mapping[str, Any]]) -> None:
    assert rate([*rows, *more]).urgency >= rate(rows).urgency
    assert rate([*rows, *more]).weight >= rate(rows).weight


PLANTED = {"flags": ["injection"]}
SEVERITIES = st.one_of(st.none(), st.floats(0, 100))
TOLD = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcdefgh"), SEVERITIES, st.floats(0, 1), st.booleans()),
    min_size=1,
    max_size=20,
)
RANKS = {"benign": 0, "suspicious": 1, "attack": 2}


@given(TOLD, st.integers(0, 100))
def test_text_that_directs_the_reader_never_lowers_anything(
    told: list[tuple[str, str, float | None, float, bool]], criticality: int
) -> None:
    clean = [row(rule, host, severity, novelty=novelty) for rule, host, severity, novelty, _ in told]
    planted = [one | PLANTED if sign else one for one, (*_, sign) in zip(clean, told, strict=True)]
    without, with_text = rate(clean, criticality), rate(planted, criticality)
    assert with_text.urgency >= without.urgency
    assert with_text.weight >= without.weight
    assert RANKS[with_text.disposition] >= RANKS[without.disposition]


def test_text_that_directs_the_reader_is_always_shown_with_a_part_of_its_own() -> None:
    rollout = [row("x", host=str(n), severity=40) for n in range(9)]
    found = rate([*rollout[1:], rollout[0] | PLANTED])
    assert found.disposition == "suspicious"
    assert "without it benign, roll-out" in found.reason
    assert [part.points for part in found.parts if part.name == "instruction-like text"] == [15]


def test_one_event_in_several_words_of_unrated_rules_is_one_behaviour() -> None:
    said = [row(f"r{n}", first=1_000_000) for n in range(6)]
    apart = [row(f"r{n}", first=n * 10_000_000) for n in range(6)]
    assert rate(said).weight < rate(apart).weight / 2
    assert rate(said).disposition == "benign"


def test_two_rated_steps_after_each_other_are_shown_where_one_or_a_stray_alert_is_not() -> None:
    steps = [row("enumerate", severity=21, first=0), row("connect", severity=21, first=5_000_000)]
    assert rate(steps).disposition == "suspicious"
    assert rate(steps[:1]).disposition == "benign"
    at_once = [step | {"first": 0} for step in steps]
    assert rate(at_once).disposition == "benign"
    elsewhere = [steps[0], steps[1] | {"principal": "host:b"}]
    assert rate(elsewhere).disposition == "benign"


def test_two_rated_kinds_at_one_moment_need_more_than_two_steps_but_less_than_a_stray_alert() -> None:
    at_once = [row("open", severity=47, first=0, novelty=0.75), row("read", severity=47, first=0, novelty=0.75)]
    assert 0.5 < rate(at_once).weight < 0.85
    assert rate(at_once).disposition == "suspicious"
    stray = [row("clear", severity=73, first=0)]
    assert 0.5 < rate(stray).weight < 0.85
    assert rate(stray).disposition == "benign"


def test_a_step_that_is_not_unusual_by_itself_makes_a_sequence_but_weighs_nothing() -> None:
    core = [row("service", severity=47, first=0)]
    company = [row("registry", severity=47, first=2_500_000, novelty=0.35)]
    assert rate(core).disposition == "benign"
    assert rate(core, company=company).disposition == "suspicious"
    assert rate(core, company=company).weight == rate(core).weight


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"), st.integers(0, 5), st.sampled_from([0.5, 1.0])),
        min_size=1,
        max_size=12,
    )
)
def test_a_further_unrated_alert_never_lowers_the_weight(alerts: list[tuple[str, str, int, float]]) -> None:
    rows = [row(rule, host, first=at * 1_000_000, novelty=novelty) for rule, host, at, novelty in alerts]
    assert rate(rows).weight >= rate(rows[:-1]).weight - 1e-9
