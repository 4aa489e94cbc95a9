"""What is normal: newness fades with days, cold memory counts little, beacons stand out, spikes too."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.activities import DAY, HOUR, START, activity, frame
from triage.config import BaselineSettings
from triage.judgement.baseline import SIGHTINGS, compare, sightings, together

DAY_NUMBER = START // DAY


def seen(rule: str, principal: str, days: list[int], count: int = 1, hours: int = 1) -> pl.DataFrame:
    rows = [(f"s-{rule}", principal, DAY_NUMBER + day, count, hours) for day in days]
    return pl.DataFrame(rows, schema=SIGHTINGS, orient="row")


def novelty(row: dict[str, object], *memory: pl.DataFrame) -> dict[str, Any]:
    background = seen("noise", "host:z", [-5, -4, -3, -2, -1, 0])
    return compare(frame([row]), together(background, *memory), BaselineSettings()).row(0, named=True)


def test_what_was_never_seen_here_is_wholly_new() -> None:
    assert novelty(activity("k", "x", "host:a", START))["novelty"] == 1


def test_newness_fades_with_every_day_it_was_seen() -> None:
    row = activity("k", "x", "host:a", START)
    fading = [novelty(row, seen("x", "host:a", list(range(-days, 0))))["novelty"] for days in range(5)]
    assert fading == sorted(fading, reverse=True)
    assert len(set(fading)) == 5


def test_known_elsewhere_is_less_new_and_common_elsewhere_still_less() -> None:
    row = activity("k", "x", "host:a", START)
    few = novelty(row, seen("x", "host:b", [-1]))["novelty"]
    many = novelty(row, *(seen("x", f"host:{n}", [-1]) for n in range(6)))["novelty"]
    assert 1 > few > many


_MET = st.tuples(st.sampled_from("ab"), st.sampled_from(["host:a", "host:b", "host:c"]), st.integers(-31, 3))


@given(own=st.lists(_MET, min_size=1, max_size=8), memory=st.sets(_MET, max_size=25))
def test_days_and_principals_on_the_net_are_those_that_counting_by_hand_finds(
    own: list[tuple[str, str, int]], memory: set[tuple[str, str, int]]
) -> None:
    rows = [activity(f"k{n}", rule, who, START + day * DAY) for n, (rule, who, day) in enumerate(own)]
    known = together(seen("z", "host:z", [0]), *(seen(rule, who, [day]) for rule, who, day in sorted(memory)))
    found = compare(frame(rows), known, BaselineSettings(history_days=28)).sort("activity")
    for (rule, who, day), row in zip(own, found.iter_rows(named=True), strict=True):
        before = {(other, past) for name, other, past in memory if name == rule and day - 28 <= past < day}
        assert row["net_days"] == len({past for _, past in before})
        assert row["net_principals"] == len({other for other, _ in before} - {who})


def test_later_days_do_not_change_what_was_new_then() -> None:
    row = activity("k", "x", "host:a", START)
    assert novelty(row, seen("x", "host:a", [1, 2, 3]))["novelty"] == 1


def test_while_memory_is_cold_newness_counts_half_and_recurring_things_less() -> None:
    first = activity("k", "x", "host:a", START)
    own = seen("x", "host:a", [0])
    alone = compare(frame([first]), own, BaselineSettings()).row(0, named=True)
    daily = compare(frame([first]), seen("x", "host:a", [0, 1, 2, 3]), BaselineSettings()).row(0, named=True)
    assert alone["cold"]
    assert alone["novelty"] == 0.5
    assert daily["novelty"] < alone["novelty"]


def test_a_stray_document_with_a_wrong_date_does_not_warm_the_memory() -> None:
    stray = seen("stray", "host:q", [-40_000 + 20_000], count=1)
    own = seen("x", "host:a", [0], count=5000)
    found = compare(frame([activity("k", "x", "host:a", START)]), together(stray, own), BaselineSettings())
    assert found["cold"].to_list() == [True]


def test_an_everyday_thing_that_is_suddenly_loud_is_new_again() -> None:
    quiet = novelty(activity("k", "x", "host:a", START, count=10), seen("x", "host:a", [-3, -2, -1], count=9))
    loud = novelty(activity("k", "x", "host:a", START, count=900), seen("x", "host:a", [-3, -2, -1], count=9))
    assert loud["novelty"] > 0.5 > quiet["novelty"]


@pytest.mark.parametrize(("peers", "alone"), [(1, True), (2, True), (3, False)])
def test_a_presence_round_the_clock_on_few_assets_stands_out(peers: int, alone: bool) -> None:
    all_day = 2**24 - 1
    memory = [seen("x", f"host:{n}", [-2, -1, 0], count=240, hours=all_day) for n in range(peers)]
    found = novelty(activity("k", "x", "host:0", START - 2 * DAY, last=START + DAY - 1, count=720), *memory)
    assert found["steady_hours"] == 72
    assert found["alone"] is alone


def test_one_activity_of_thirty_hours_is_a_presence_round_the_clock() -> None:
    found = novelty(activity("k", "x", "host:a", START - DAY, last=START + 12 * HOUR), seen("x", "host:a", [-1, 0]))
    assert found["steady_hours"] == 36
    assert found["alone"]


def test_while_memory_is_cold_a_vendors_rating_speaks() -> None:
    rated = compare(
        frame([activity("k", "x", "host:a", START, severity=73)]), seen("x", "host:a", [0]), BaselineSettings()
    )
    assert rated["novelty"].to_list() == [pytest.approx(0.85)]


def test_office_hours_are_no_presence_round_the_clock() -> None:
    office = sum(2**hour for hour in range(8, 18))
    found = novelty(activity("k", "x", "host:a", START), seen("x", "host:a", [-3, -2, -1, 0], hours=office))
    assert not found["alone"]


def test_sightings_count_alerts_and_mark_hours() -> None:
    alerts = pl.DataFrame({"time": [START, START + 1, START + 5 * HOUR, START + DAY], "activity": ["k"] * 4})
    found = sightings(alerts, frame([activity("k", "x", "host:a", START)]))
    assert found.select("day", "count", "hours").rows() == [(DAY_NUMBER, 3, 0b100001), (DAY_NUMBER + 1, 1, 1)]


def test_sightings_of_two_runs_add_up() -> None:
    united = together(seen("x", "host:a", [0], count=2, hours=0b01), seen("x", "host:a", [0], count=3, hours=0b10))
    assert united.select("count", "hours").rows() == [(5, 0b11)]
