"""What becomes memory: benign verdicts, people's word over the code's, and never much of it on one day."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.activities import DAY, START, activity, frame
from triage.config import BaselineSettings
from triage.judgement.baseline import OBSERVED, SIGHTINGS, WEIGHTS, compare, together
from triage.judgement.teaching import LOUDER_A_DAY, People, judged, learned, mark_unusual

SETTINGS = BaselineSettings()
NOBODY = People({}, {})


def placed(outcome: str | None, *, unusual: bool = False, incident: str = "i") -> pl.DataFrame:
    schema = {"activity": pl.String, "incident_id": pl.String, "outcome": pl.String, "unusual": pl.Boolean}
    return pl.DataFrame([("k", incident, outcome, unusual)], schema=schema, orient="row")


def rows(*seen: tuple[str, str, int, int]) -> pl.DataFrame:
    """Make taught OBSERVED of (signature, principal, day, count)."""
    values = [("k", signature, principal, day, count, 1, False, True) for signature, principal, day, count in seen]
    return pl.DataFrame(values, schema={**OBSERVED, "teaches": pl.Boolean}, orient="row")


@pytest.mark.parametrize(("outcome", "taught"), [("benign", True), ("incident", False), (None, True)])
def test_only_what_was_judged_benign_teaches(outcome: str | None, taught: bool) -> None:
    assert judged(placed(outcome), NOBODY)["teaches"].to_list() == [taught]


def test_what_stood_out_does_not_teach_by_the_codes_verdict_alone() -> None:
    assert judged(placed("benign", unusual=True), NOBODY)["teaches"].to_list() == [False]
    assert judged(placed("benign", unusual=True), People({"i": "benign"}, {}))["teaches"].to_list() == [True]


def test_what_nobody_judged_since_is_doubted_and_what_people_call_an_attack_is_not() -> None:
    assert judged(placed("incident"), NOBODY)["doubted"].to_list() == [True]
    assert judged(placed("benign", unusual=True), NOBODY)["doubted"].to_list() == [True]
    assert judged(placed("benign"), NOBODY)["doubted"].to_list() == [False]
    assert judged(placed("incident"), People({"i": "attack"}, {}))["doubted"].to_list() == [False]


def test_what_is_doubted_is_a_little_less_new_but_stays_out_of_the_ordinary() -> None:
    today = START // DAY
    background = pl.DataFrame([("s-z", "host:z", today - n, 1, 1) for n in range(1, 6)], schema=SIGHTINGS, orient="row")
    doubted = pl.DataFrame([("s-x", "host:a", today - n, 1, 1) for n in range(1, 31)], schema=SIGHTINGS, orient="row")
    own = frame([activity("k", "x", "host:a", START, severity=90)])
    found = compare(own, background, SETTINGS, WEIGHTS, together(background, doubted), doubted)
    assert found["novelty"].to_list() == [pytest.approx(WEIGHTS.doubted)]


def test_people_outweigh_the_code_and_a_checked_sample_outweighs_its_incident() -> None:
    assert judged(placed("incident"), People({"i": "benign"}, {}))["teaches"].to_list() == [True]
    assert judged(placed("benign"), People({"i": "attack"}, {}))["teaches"].to_list() == [False]
    assert judged(placed("benign"), People({"i": "benign"}, {"k": "attack"}))["teaches"].to_list() == [False]
    assert judged(placed("benign", incident="other"), People({"i": "attack"}, {}))["teaches"].to_list() == [True]


def test_what_was_not_taught_is_not_learned() -> None:
    known = rows(("s", "host:a", 1, 3), ("t", "host:a", 1, 3)).with_columns(teaches=pl.col("signature") == "s")
    assert learned(known, SETTINGS)["signature"].to_list() == ["s"]
    assert learned(known.clear(), SETTINGS).is_empty()


def test_a_principal_teaches_only_so_many_new_kinds_a_day_and_the_rest_waits() -> None:
    few = BaselineSettings(new_per_principal=2)
    flood = [(f"s{n}", "host:a", day, 1) for n in range(5) for day in (1, 2, 3)]
    found = learned(rows(("old", "host:z", 0, 1), *flood), few).filter(pl.col("principal") == "host:a")
    assert found.group_by("day").len().sort("day").rows() == [(1, 2), (2, 4), (3, 5)]


def test_a_kind_is_learned_of_only_so_many_new_principals_a_day() -> None:
    few = BaselineSettings(new_per_signature=1)
    spread = [("s", f"host:{n}", day, 1) for n in range(3) for day in (1, 2)]
    found = learned(rows(("old", "host:z", 0, 1), *spread), few).filter(pl.col("signature") == "s")
    assert found.group_by("day").len().sort("day").rows() == [(1, 1), (2, 2)]


def test_what_was_there_on_the_first_day_is_learned_at_once() -> None:
    few = BaselineSettings(new_per_principal=1, new_per_signature=1)
    assert learned(rows(*((f"s{n}", "host:a", 0, 1) for n in range(5))), few).height == 5


def test_the_usual_rate_rises_at_most_twofold_a_day() -> None:
    found = learned(
        rows(*(("s", "host:a", day, count) for day, count in enumerate([10, 1000, 1000, 5, 1000]))), SETTINGS
    )
    assert found["count"].to_list() == [10, 20, 40, 5, 80]


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12))
def test_no_day_teaches_more_than_it_had_or_twice_what_was_known(counts: list[int]) -> None:
    taught = learned(rows(*(("s", "host:a", day, count) for day, count in enumerate(counts))), SETTINGS)[
        "count"
    ].to_list()
    assert all(own <= count for own, count in zip(taught, counts, strict=True))
    assert all(taught[n] <= LOUDER_A_DAY * max(taught[:n]) for n in range(1, len(taught)))


@pytest.mark.parametrize(
    ("severity", "known", "unusual"), [(73, False, True), (73, True, False), (10, False, False), (None, False, False)]
)
def test_what_is_new_and_rated_by_its_vendor_stands_out(severity: float | None, known: bool, unusual: bool) -> None:
    today = START // DAY
    own = frame([activity("k", "x", "host:a", START, severity=severity)])
    past = [("s-x" if known else "s-y", "host:a", today - day, 1, 1) for day in range(1, 5)]
    memory = together(pl.DataFrame(past, schema=SIGHTINGS, orient="row"))
    compared = own.join(compare(own, memory, SETTINGS), on="activity")
    observed = pl.DataFrame([("k", "s-x", "host:a", today, 1, 1, False)], schema=OBSERVED, orient="row")
    assert mark_unusual(observed, compared, WEIGHTS, 0.4)["unusual"].to_list() == [unusual]
