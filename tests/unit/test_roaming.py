"""One public address that does the same to ever others round the clock, and what only looks like it."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from support.activities import HOUR, START, activity, frame
from triage.judgement.roaming import roaming

OURS = [f"user:u{n}" for n in range(12)]


def tries(hours: Iterable[float], address: str = "9.9.9.9", about: list[str] = OURS) -> list[dict[str, object]]:
    return [
        activity(
            f"{address}-{n}", "login", about[n % len(about)], START + int(h * HOUR), entities=(f"address:{address}",)
        )
        for n, h in enumerate(hours)
    ]


def found(rows: list[dict[str, object]]) -> set[str]:
    return set(roaming(frame(rows))["activity"])


def test_a_try_an_hour_on_ever_others_for_two_days_roams() -> None:
    rows = tries(range(48))
    told = roaming(frame(rows))
    assert set(told["activity"]) == {row["activity"] for row in rows}
    assert set(told["roamer"]) == {"9.9.9.9"}
    assert set(told["roams"]) == {12}
    assert set(told["roam_hours"]) == {47}


def test_who_sleeps_does_not() -> None:
    assert not found(tries(h for h in range(72) if h % 24 < 18))


def test_nor_one_that_is_here_for_a_day_only() -> None:
    assert not found(tries(range(24)))


def test_nor_one_that_is_about_few() -> None:
    assert not found(tries(range(48), about=OURS[:4]))


def test_nor_an_address_of_our_own() -> None:
    assert not found(tries(range(48), address="10.0.0.4"))


def test_what_many_addresses_do_is_the_noise_of_the_internet() -> None:
    assert found([*tries(range(48)), *tries(range(48), "9.9.9.8")])
    assert not found([*tries(range(48)), *tries(range(48), "9.9.9.8"), *tries(range(48), "9.9.9.7")])


def test_text_in_the_place_of_an_address_is_none() -> None:
    assert not found(tries(range(48), address="\x1b[2Jnone"))


@given(st.lists(st.floats(0, 200), max_size=60), st.randoms(use_true_random=False))
def test_order_does_not_matter(hours: list[float], random: object) -> None:
    rows = tries(hours)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert roaming(frame(rows)).equals(roaming(frame(shuffled)))
