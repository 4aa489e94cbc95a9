"""Scorers on a hand-made case of two attacks, one benign pair, and an alert that counts neither way."""

from pathlib import Path

import polars as pl
import pytest

from triage_evals.answer import MEMBERS, Answer, answer
from triage_evals.baselines import METHODS, without_truth
from triage_evals.cases import Case, dig, pair, vendor_severity
from triage_evals.scoring import (
    SCORERS,
    Found,
    Merged,
    Noise,
    Phases,
    Pieces,
    Precision,
    Rand,
    Recall,
    VMeasure,
    WorstRank,
    attack_scores,
    conservation,
)

HOUR = 3_600_000_000
ROWS = [
    # id, rule, host, attack, phase, certain
    ("a1", "dump", "h1", "theft", "access", True),
    ("a2", "copy", "h1", "theft", "exfiltration", True),
    ("a3", "copy", "h1", "theft", "exfiltration", True),  # the same pair again: counts once
    ("b1", "lock", "h2", "ransom", "impact", True),
    ("b2", "stop", "h2", "ransom", "impact", True),
    ("n1", "noise", "h3", "", "", True),
    ("u1", "noise", "h1", "theft", "access", False),
]


def case() -> Case:
    columns = {"id": pl.String, "rule": pl.String, "host": pl.String, "attack": pl.String, "phase": pl.String}
    rows = pl.DataFrame(ROWS, schema={**columns, "certain": pl.Boolean}, orient="row")
    timed = rows.with_columns(time=pl.int_range(pl.len(), dtype=pl.Int64) * HOUR, severity=pl.lit(50.0))
    return Case("hand", Path("alerts.ndjson.gz"), timed)


def given(**places: int) -> Answer:
    rows = list(places.items())
    return answer(case(), pl.DataFrame(rows, schema=MEMBERS, orient="row"))


PERFECT = {"a1": 1, "a2": 1, "a3": 1, "b1": 2, "b2": 2}


def test_a_perfect_queue_has_perfect_scores() -> None:
    best = given(**PERFECT)
    for scorer in (Found(), Recall(), Precision(), Pieces(), Phases(), Rand(), VMeasure()):
        assert scorer(best).value == pytest.approx(1.0), scorer.name
    assert Noise()(best).value == Merged()(best).value == 0
    assert WorstRank()(best).value == 2


def test_a_missed_attack_is_named() -> None:
    missed = given(a1=1, a2=1)
    assert Found()(missed).value == 0.5
    assert "ransom" in Found()(missed).reason
    assert Recall()(missed).value == 0.5
    assert attack_scores(missed)[0].rank is None


def test_an_attack_in_two_pieces_counts_both() -> None:
    assert Pieces()(given(**{**PERFECT, "a2": 3, "a3": 3})).value == 1.5


def test_two_attacks_in_one_incident_are_merged() -> None:
    assert Merged()(given(a1=1, a2=1, b1=1, b2=1)).value == 1
    assert Merged()(given(a1=1, a2=1, b1=1)).value == 0, "one stray pair is no second attack"


def test_noise_is_what_belongs_to_no_attack_and_uncertain_alerts_count_neither_way() -> None:
    assert Noise()(given(**PERFECT, n1=3)).value == 1
    assert Precision()(given(**PERFECT, u1=1)).value == 1.0
    assert Precision()(given(**PERFECT, n1=1)).value == pytest.approx((2 / 3 + 1) / 2)


def test_phases_are_those_of_the_incidents_that_belong_to_the_attack() -> None:
    assert Phases()(given(a1=1, b1=2)).value == 0.75


def test_every_scorer_answers_an_empty_queue() -> None:
    empty = given()
    assert {scorer.name: scorer(empty).value for scorer in SCORERS}["found@10"] == 0
    assert all(scorer(empty).reason for scorer in SCORERS)


def test_conservation_sees_lost_repeated_and_foreign_alerts() -> None:
    ids = [row[0] for row in ROWS]
    ledger = [pl.DataFrame({"alert_id": some}) for some in (ids, ids[1:], [*ids, ids[0]], [*ids, "x"])]
    assert [conservation(case(), one).value for one in ledger] == [1, 0, 0, 0]


@pytest.mark.parametrize("name", METHODS)
def test_a_plain_method_sees_no_truth_and_numbers_its_places(name: str) -> None:
    seen = without_truth(case().alerts)
    assert "attack" not in seen.columns
    queue = METHODS[name].queue(seen)
    assert queue.schema == MEMBERS
    places = queue["place"].unique().sort().to_list()
    assert places == list(range(1, len(places) + 1))


def test_pair_and_severity_are_found_in_every_vendors_document() -> None:
    assert pair({"kibana.alert.rule.name": "r", "host": {"name": "h"}}) == ("r", "h")
    assert pair({"AlertName": "r", "CompromisedEntity": "h"}) == ("r", "h")
    assert pair({"alert": {"signature": "s"}, "src_ip": "10.0.0.1"}) == ("s", "10.0.0.1")
    assert vendor_severity({"rule": {"level": 15}}) == 100
    assert vendor_severity({"AlertSeverity": "High"}) == 73
    assert vendor_severity({}) is None
    assert dig({"a": {"b.c": 1}}, "a.b.c") == 1
