"""Blind samples are drawn the same way again, and the bound on misses is the exact one."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.judgement.quality import draw, quality, upper_bound


@given(st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=40), st.integers(0, 10))
def test_a_run_draws_the_same_sample_whatever_the_order(names: list[str], most: int) -> None:
    drawn = draw("run-000001", names, most)
    assert drawn == draw("run-000001", names[::-1], most)
    assert len(drawn) == min(most, len(names))
    assert set(drawn) <= set(names)


def test_runs_draw_differently_and_every_activity_has_its_turn() -> None:
    names = [f"k{n}" for n in range(20)]
    turns = [name for run in range(400) for name in draw(f"run-{run:06d}", names, 5)]
    assert all(60 < turns.count(name) < 140 for name in names)  # 100 expected of each


def test_nothing_missed_among_n_gives_about_three_of_n() -> None:
    assert upper_bound(0, 100) == pytest.approx(1 - 0.05 ** (1 / 100), abs=1e-9)
    assert upper_bound(0, 1000) == pytest.approx(3 / 1000, rel=0.01)


def test_known_values_of_clopper_and_pearson() -> None:
    assert upper_bound(1, 20) == pytest.approx(0.2161, abs=1e-4)
    assert upper_bound(5, 5) == 1


@given(st.integers(1, 300), st.data())
def test_at_the_bound_so_few_misses_would_be_rare(checked: int, data: st.DataObject) -> None:
    missed = data.draw(st.integers(0, checked - 1))
    share = upper_bound(missed, checked)
    chance = sum(comb(checked, k) * share**k * (1 - share) ** (checked - k) for k in range(missed + 1))
    assert chance == pytest.approx(0.05, abs=1e-6)
    assert share > missed / checked


@pytest.mark.parametrize(("missed", "checked"), [(0, 0), (2, 1), (-1, 3)])
def test_what_makes_no_sense_is_refused(missed: int, checked: int) -> None:
    with pytest.raises(ValueError, match="checked"):
        upper_bound(missed, checked)


def test_without_answers_nothing_is_claimed() -> None:
    assert quality(5, 100, []).bound is None
    assert quality(5, 100, ["benign", "attack"])[2:4] == (2, 1)
