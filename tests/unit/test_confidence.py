"""Confidence rises with urgency, is calibrated, learns from closures, and is withheld where little is known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.incidents import incident
from triage.judgement.confidence import (
    LEAST_CLOSURES,
    Block,
    Calibration,
    Labelled,
    calibration_error,
    fit,
    labelled_closures,
    load_calibration,
    probability,
    refined,
    state,
)
from triage.judgement.worth import within, worth

SURE = Calibration(
    blocks=(Block(low=0, high=40, attacks=10, incidents=100), Block(low=50, high=100, attacks=90, incidents=100))
)
urgencies = st.floats(0, 100, allow_nan=False)


@given(
    st.lists(st.builds(Labelled, urgencies, st.booleans()), min_size=1, max_size=200), st.lists(urgencies, min_size=2)
)
def test_more_urgent_is_never_less_likely(known: list[Labelled], asked: list[float]) -> None:
    blocks = fit(known)
    stated = [probability(urgency, blocks) for urgency in sorted(asked)]
    assert stated == sorted(stated)
    assert all(0 < one < 1 for one in stated)
    assert sum(block.incidents for block in blocks) == len(known)


def test_a_fit_is_calibrated_on_what_it_has_not_seen() -> None:
    rng = random.Random(4)

    def drawn() -> list[Labelled]:
        urgencies = [rng.uniform(0, 100) for _ in range(3000)]
        return [Labelled(urgency, rng.random() < (urgency / 100) ** 2) for urgency in urgencies]

    blocks = fit(drawn())
    held_back = [(probability(urgency, blocks), attack) for urgency, attack in drawn()]
    assert calibration_error(held_back) < 0.03
    assert calibration_error([(1 - p, attack) for p, attack in held_back]) > 0.3


def test_the_table_that_comes_with_the_program_says_where_it_is_from_and_keeps_its_promise() -> None:
    table = load_calibration()
    assert table.made_by
    assert table.cases
    assert table.held_back_error is not None
    assert table.held_back_error <= 0.05
    assert [block.share for block in table.blocks] == sorted(block.share for block in table.blocks)


def test_few_closures_change_nothing_and_many_outweigh_the_table() -> None:
    false_alarms = [Labelled(80, attack=False)] * LEAST_CLOSURES
    assert refined(SURE, false_alarms[1:]) == SURE
    told = refined(SURE, false_alarms * 3)
    assert probability(80, told.blocks) < 0.4
    assert told.closures == 3 * LEAST_CLOSURES


def test_it_is_withheld_for_what_is_benign_and_where_little_is_known() -> None:
    thin = Calibration(blocks=(Block(low=0, high=100, attacks=3, incidents=LEAST_CLOSURES - 1),))
    urgent = incident("inc-1")
    assert state(urgent, thin).probability is None
    assert state(urgent, Calibration()).probability is None
    assert state(urgent.model_copy(update={"disposition": "benign"}), SURE).probability is None
    assert state(urgent, SURE).probability == pytest.approx(0.1, abs=0.01)


def test_only_closures_that_say_what_it_was_count() -> None:
    reasons = {"a": "true_positive", "b": "false_positive", "c": "duplicate", "d": "benign_true_positive", "e": "own"}
    found = labelled_closures(dict.fromkeys("abcde", 50.0), reasons)
    assert [one.attack for one in found] == [True, False, False]


def test_minutes_go_to_what_gains_most_in_them() -> None:
    small = incident("inc-1", 1).model_copy(update={"confidence": 0.9})
    huge = incident("inc-2", 2).model_copy(update={"confidence": 0.9, "activity_count": 500})
    doubtful = incident("inc-3", 3).model_copy(update={"confidence": 0.1})
    assert [one.incident.incident_id for one in within([huge, doubtful, small], 100)] == ["inc-1", "inc-2", "inc-3"]
    assert [one.incident.incident_id for one in within([huge, doubtful, small], 8)] == ["inc-1", "inc-3"]
    assert within([huge], 5) == []
    assert worth(huge).minutes == 30
