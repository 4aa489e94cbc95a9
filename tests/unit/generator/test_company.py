"""Companies of every size are consistent: names, addresses and ids are unique, and the plant has its devices."""

import ipaddress
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.generator.company import Company, build_company
from triage.generator.stage import Stage

START = datetime(2026, 3, 2, tzinfo=UTC)


def stage(company: Company, **more: float) -> Stage:
    return Stage(company, seed=1, key="x", start=START, days=int(more.pop("days", 7)), **more)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(50, 5000))
def test_everything_has_a_name_and_address_of_its_own(seed: int, entities: int) -> None:
    company = build_company(seed, entities)
    hosts = (*company.workstations, *company.servers)
    named = [
        *(u.name for u in company.users),
        *(h.name for h in hosts),
        *(d.name for d in company.devices),
        *(m.name for m in company.models),
    ]
    addresses = [*(h.ip for h in hosts), *(d.ip for d in company.devices)]
    assert Counter(named).most_common(1)[0][1] == 1
    assert Counter(addresses).most_common(1)[0][1] == 1
    assert all(ipaddress.ip_address(ip).is_private for ip in addresses)
    assert len({h.agent for h in hosts}) == len(hosts)
    assert len(company.users) == len(company.workstations) >= 8
    assert len(company.plcs()) >= 4


@given(st.integers(0, 10**6))
def test_the_outside_is_public_and_located(seed: int) -> None:
    made = Stage(build_company(1, 50), seed, "x", START, 7)
    for place in (made.stranger(), made.home("a"), made.abroad("a")):
        assert ipaddress.ip_address(place.ip).is_global
        assert len(place.iso) == 2
    assert made.home("a") == made.home("a")
    assert made.home("a").iso == "SE"
    assert made.abroad("a").iso != "SE"


def test_a_user_has_a_workstation() -> None:
    company = build_company(3, 100)
    for user in company.users:
        assert company.user_of(company.station_of(user)) == user
        assert company.station_of(user).owner == user.name


@settings(max_examples=50, deadline=None)
@given(
    days=st.integers(1, 60),
    hours=st.floats(1, 100),
    hour=st.floats(0, 23.9),
    gaps=st.lists(st.floats(0.1, 100), min_size=1, max_size=20),
)
def test_the_clock_of_a_scenario_goes_forward_and_stays_inside(
    days: int, hours: float, hour: float, gaps: list[float]
) -> None:
    pace = stage(build_company(1, 50), days=days).pace(hours, hour)
    share = min(1.0, hours * 60 / sum(gaps))
    times = [pace.after(gap * share).at for gap in gaps]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + timedelta(days=days)


def test_a_stage_gives_the_same_numbers_again_and_others_on_another_day() -> None:
    company = build_company(1, 50)
    one, again, other = (stage(company, day=day) for day in (2, 2, 3))
    assert [one.any_time() for _ in range(5)] == [again.any_time() for _ in range(5)]
    assert one.any_time() != other.any_time()
    assert one.habit().random() == other.habit().random()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("days", [1, 2, 7, 60])
def test_a_single_event_falls_on_exactly_one_day(share: float, days: int) -> None:
    company = build_company(1, 50)
    assert sum(stage(company, days=days, day=day).is_day(share) for day in range(days)) == 1


def test_moments_of_today_stay_today() -> None:
    made = stage(build_company(1, 50), day=3)
    for hour in (0.0, 12.0, 23.99):
        for _ in range(50):
            at = made.today(hour, 90).at
            assert START + timedelta(days=3) <= at < START + timedelta(days=4)


def test_a_silent_company_has_no_counted_routine() -> None:
    assert all(stage(build_company(1, 50), noise=0.0, day=day).some(30) == 0 for day in range(7))
