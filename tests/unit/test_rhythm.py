"""Usual hours and days of the week: what deviates is told with its strength, and what is not known is not claimed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from support.activities import DAY, HOUR, MINUTE, START, activity, frame
from triage.config import BaselineSettings
from triage.judgement.baseline import SIGHTINGS, together
from triage.judgement.rhythm import LEAST_DAYS, RHYTHM, is_odd, rhythm, said_rhythm, strength
from triage.times import micros

TODAY = START // DAY
OFFICE = sum(1 << hour for hour in range(7, 19))
SUNDAY = next(day for day in range(7) if (TODAY + day + 3) % 7 == 6)


def seen(rule: str, principal: str, days: Iterable[int], hours: int) -> pl.DataFrame:
    rows = [(f"s-{rule}", principal, TODAY + day, 1, hours) for day in days]
    return pl.DataFrame(rows, schema=SIGHTINGS, orient="row")


def weekdays(count: int) -> list[int]:
    return [day for day in range(-count, 0) if (TODAY + day + 3) % 7 < 5]


WATCHED = seen("noise", "host:z", range(-60, 7), 1)


def told(row: dict[str, object], *memory: pl.DataFrame, zone: str = "UTC") -> dict[str, Any]:
    known = together(WATCHED.clear(), *memory)
    found = rhythm(frame([row]), known, together(WATCHED, known), BaselineSettings(timezone=zone))
    assert found.schema == RHYTHM
    return found.row(0, named=True)


def test_a_sunday_night_among_office_hours_is_odd_in_hour_and_day() -> None:
    office = seen("logon", "host:a", weekdays(28), OFFICE)
    row = told(activity("k", "logon", "host:a", START + SUNDAY * DAY + 3 * HOUR + 12 * MINUTE), office)
    assert is_odd(row)
    assert strength(row) > 0.9
    assert said_rhythm(row) == (
        "usually Mon-Fri, hours 07-18 UTC; this one Sun 03:12: 0 of 240 hours with it before were near that time of "
        "day, 0 of 20 days with it a Sun"
    )


def test_the_usual_hour_on_a_usual_day_is_not_odd() -> None:
    office = seen("logon", "host:a", weekdays(28), OFFICE)
    monday = next(day for day in range(7) if (TODAY + day + 3) % 7 == 0)
    row = told(activity("k", "logon", "host:a", START + monday * DAY + 10 * HOUR), office)
    assert (strength(row), is_odd(row)) == (0, False)


def test_the_edge_of_the_office_hours_is_the_same_time_of_day() -> None:
    office = seen("logon", "host:a", range(-28, 0), OFFICE)
    assert not is_odd(told(activity("k", "logon", "host:a", START + 19 * HOUR + 59 * MINUTE), office))


@settings(max_examples=30)
@given(days=st.sets(st.integers(-60, -1), max_size=LEAST_DAYS - 1), hour=st.integers(0, 23))
def test_nothing_is_claimed_of_what_was_seen_on_too_few_days(days: set[int], hour: int) -> None:
    row = told(activity("k", "x", "host:a", START + hour * HOUR), seen("x", "host:a", days, 1))
    assert (row["rhythm_of"], strength(row)) == ("", 0)
    assert "too few to know its hours, 5 are needed" in said_rhythm(row)


def test_a_new_entity_leans_on_what_is_known_of_the_kind_of_alert() -> None:
    office = [seen("logon", f"host:{name}", range(-28, 0), OFFICE) for name in "abc"]
    row = told(activity("k", "logon", "host:new", START + 2 * HOUR), *office)
    assert row["rhythm_of"] == "signature"
    assert is_odd(row)
    assert said_rhythm(row).startswith("wherever it was seen, usually every day, hours 07-18 UTC")


def test_a_day_of_the_week_that_was_hardly_watched_says_nothing() -> None:
    short = range(-6, 0)
    office = seen("logon", "host:a", short, OFFICE)
    known = together(office)
    at = activity("k", "logon", "host:a", START + 10 * HOUR)
    row = rhythm(frame([at]), known, known, BaselineSettings()).row(0, named=True)
    assert row["off_weekday"] == 0
    assert "too few days of that name" in said_rhythm(row)


@settings(max_examples=30)
@given(
    hours=st.integers(1, 2**24 - 1),
    days=st.sets(st.integers(-59, -1), min_size=LEAST_DAYS, max_size=40),
    at=st.integers(0, 7 * 24 * 60 - 1),
)
def test_a_further_day_at_that_very_time_never_makes_it_odder(hours: int, days: set[int], at: int) -> None:
    row = activity("k", "x", "host:a", START + at * MINUTE)
    before = told(row, seen("x", "host:a", days, hours))
    more = sorted({day - 7 * 9 for day in days if (day - at // 1440) % 7 == 0} or {-70 + (at // 1440) % 7})
    same = seen("x", "host:a", more, 1 << (at // 60 % 24))
    after = told(row, seen("x", "host:a", days, hours), same)
    assert after["off_hour"] <= before["off_hour"] + 1e-6
    assert 0 <= after["off_hour"] <= 1
    assert 0 <= after["off_weekday"] <= 1


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(-40, 6), st.integers(1, 2**24 - 1)), max_size=12),
    st.integers(0, 6),
    st.integers(0, 23),
)
def test_counts_are_those_that_counting_by_hand_finds(met: list[tuple[str, int, int]], day: int, hour: int) -> None:
    known = together(WATCHED.clear(), *(seen("x", f"host:{who}", [when], mask) for who, when, mask in met))
    row = told(activity("k", "x", "host:a", START + day * DAY + hour * HOUR), known)
    slots = {(when, h) for who, when, mask in met for h in range(24) if mask >> h & 1 and when < day and who == "a"}
    if len({when for when, _ in slots}) >= LEAST_DAYS:
        assert row["rhythm_of"] == "pair"
        assert row["times"] == len(slots)
        assert row["same_hour"] == sum(min((h - hour) % 24, (hour - h) % 24) <= 1 for _, h in slots)
        assert row["same_weekday"] == len({when for when, _ in slots if (when - day) % 7 == 0})


def test_later_days_and_the_order_of_rows_change_nothing() -> None:
    office = seen("logon", "host:a", weekdays(28), OFFICE)
    rows = [activity(f"k{n}", "logon", f"host:{n % 3}", START + n * HOUR) for n in range(9)]
    usual = BaselineSettings()
    plain = rhythm(frame(rows), office, WATCHED, usual)
    later = together(office, seen("logon", "host:0", range(7, 30), 2**24 - 1))
    assert plain.equals(rhythm(frame(rows), later, WATCHED, usual))
    turned = rhythm(frame(rows[::-1]), office.reverse(), WATCHED.reverse(), usual)
    assert plain.equals(turned.reverse())


def test_hours_are_those_of_the_configured_wall_clock_summer_time_included() -> None:
    def moment_of(month: int) -> int:
        return micros(datetime(2025, month, 15, 8, 30, tzinfo=UTC))

    for month, wall in ((1, "09:30"), (7, "10:30")):
        office = seen("x", "host:a", [moment_of(month) // DAY - TODAY - day for day in range(1, 8)], 1 << 8)
        row = told(activity("k", "x", "host:a", moment_of(month)), office, zone="Europe/Berlin")
        assert f"hours {wall[:2]} Europe/Berlin" in said_rhythm(row, "Europe/Berlin")
        assert wall in said_rhythm(row, "Europe/Berlin")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "\x00"])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        BaselineSettings(timezone=zone)


@pytest.mark.parametrize("at", [-(2**62), 2**62, 0])
def test_impossible_dates_are_no_error(at: int) -> None:
    assert told(activity("k", "x", "host:a", at), seen("x", "host:a", range(-28, 0), 1))["local"] is not None


def test_no_memory_at_all_is_cold() -> None:
    empty = pl.DataFrame(schema=SIGHTINGS)
    row = rhythm(frame([activity("k", "x", "host:a", START)]), empty, empty, BaselineSettings()).row(0, named=True)
    assert (row["rhythm_of"], row["watched"], strength(row)) == ("", 0, 0)
