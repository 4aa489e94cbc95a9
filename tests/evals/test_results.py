"""Intervals, regression against accepted scores, and the report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.generator import ATTACKS, TWINS
from triage_evals.generated import company
from triage_evals.regression import regressions
from triage_evals.report import html, markdown
from triage_evals.results import Measured, Met, OwnOutcome, Place, Results
from triage_evals.statistics import calibration_error, found_at, mean


def outcome(name: str = "one", rank: int | None = 1, noise: float = 0, conserved: float = 1) -> OwnOutcome:
    values = {"found@10": float(rank is not None), "noise": noise, "shown": 1 + noise, "V-measure": 1.0}
    scores = {key: Measured(value=value, reason="") for key, value in {**values, "conservation": conserved}.items()}
    met = Met(attack="theft", rank=rank, pieces=1, recall=1, precision=1, phases=1)
    places = (Place(place=1, urgency=80, alerts=3, owner="theft"), Place(place=2, urgency=20, alerts=1, owner=""))
    return OwnOutcome(
        case=name, alerts=4, seconds=1, scores=scores, attacks=(met,), peak_mb=100, tokens=0, queue=places
    )


def results(*outcomes: OwnOutcome) -> Results:
    return Results(code="0" * 64, cases=outcomes)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_interval_holds_the_mean_and_is_the_same_every_time(values: list[float]) -> None:
    found = mean(values)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found == mean(values)


def test_the_same_scores_are_no_regression() -> None:
    assert not list(regressions(results(outcome()), results(outcome())))


def test_worse_scores_lost_alerts_and_lost_attacks_are_regressions() -> None:
    accepted = results(outcome())
    assert any("noise" in text for text in regressions(accepted, results(outcome(noise=3))))
    assert any("no longer" in text for text in regressions(accepted, results(outcome(rank=None))))
    assert any("conserved" in text for text in regressions(accepted, results(outcome(conserved=0))))


def test_better_scores_are_no_regression_and_foreign_cases_are_said() -> None:
    assert not list(regressions(results(outcome(noise=3)), results(outcome())))
    assert list(regressions(results(outcome("other")), results(outcome())))


def test_results_are_read_back_as_they_were_written() -> None:
    whole = results(outcome())
    assert Results.model_validate_json(whole.model_dump_json()) == whole
    assert json.loads(whole.model_dump_json())["cases"][0]["case"] == "one"


def test_a_hostile_name_acts_neither_in_html_nor_in_markdown() -> None:
    hostile = results(outcome("<script>x</script>|\x1b[31m"))
    assert "<script" not in html(hostile)
    assert "<script" not in markdown(hostile)
    assert "\x1b" not in html(hostile) + markdown(hostile)


def test_curves_and_calibration() -> None:
    assert found_at([outcome(rank=2), outcome(rank=None)], 3) == [0, 0.5, 0.5]
    assert calibration_error(outcome().queue) == pytest.approx(0.2)


def test_fourteen_companies_play_every_family_and_every_twin() -> None:
    specs = [company(seed) for seed in range(1, 15)]
    assert {name for spec in specs for name in spec.attacks} == set(ATTACKS)
    assert set(TWINS) <= {name for spec in specs for name in spec.benign}
