"""A generated case: the same seed gives the same bytes, truth stays out of the documents, every spec works."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from triage.generator import ATTACKS, BENIGN, DEMO_WEEK, Scenario, ScenarioSpec, demo_case, generate, write

DOMAINS = {
    "alerts-security": "endpoint",
    "endpoint.alerts": "endpoint",
    "wazuh": "endpoint",
    "suricata": "network",
    "zeek": "network",
    "okta": "identity",
    "sentinel": "identity",
    "guardduty": "cloud",
    "mailgateway": "mail",
    "otmonitor": "plant",
    "aigateway": "ai",
}


NAMES = {name for name in (*ATTACKS, *BENIGN) if "-" in name}
"""Names of scenarios that are no word a product would use itself."""


@pytest.fixture(scope="module")
def week() -> Scenario:
    return generate(DEMO_WEEK)


def domain(index: str) -> str:
    return next(name for part, name in DOMAINS.items() if part in index)


def strings(value: Any) -> Iterator[str]:
    """Yield every key and text of a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def test_the_demo_week_has_the_promised_shape(week: Scenario) -> None:
    hits = list(week.hits())
    assert 2_900 <= len(hits) <= 3_400
    assert {domain(h["_index"]) for h in hits} == set(DOMAINS.values())
    burst = Counter(json.dumps(h["_source"].get("alert", {}).get("signature")) for h in hits)
    assert burst.most_common(1)[0][1] == 2000
    sizes = Counter(row.attack for row in week.truth)
    assert set(sizes) == set(DEMO_WEEK.attacks)
    assert all(10 <= size <= 40 for size in sizes.values())


def test_one_attack_of_the_demo_spans_at_least_four_domains(week: Scenario) -> None:
    mine = {row.id for row in week.truth if row.attack == "phishing-to-cloud"}
    seen = {domain(h["_index"]) for h in week.hits() if h["_id"] in mine}
    assert {"mail", "endpoint", "network", "identity", "cloud"} <= seen


def test_the_attacks_of_the_demo_come_one_after_the_other(week: Scenario) -> None:
    at = {alert.id: alert.time for alert in week.alerts()}
    times = [[at[row.id] for row in week.truth if row.attack == name] for name in DEMO_WEEK.attacks]
    spans = sorted((min(mine), max(mine)) for mine in times)
    assert all(end < begin for (_, end), (begin, _) in pairwise(spans))


def test_ids_are_unique_and_every_truth_id_exists(week: Scenario) -> None:
    ids = Counter(h["_id"] for h in week.hits())
    assert max(ids.values()) == 1
    assert {row.id for row in week.truth} <= set(ids)


def test_alerts_come_in_order_and_inside_the_window(week: Scenario) -> None:
    times = [(a.time, a.id) for a in week.alerts()]
    assert times == sorted(times)
    assert times[0][0] >= DEMO_WEEK.start
    assert times[-1][0] < DEMO_WEEK.start + timedelta(days=DEMO_WEEK.days)


def test_the_truth_is_not_in_the_documents() -> None:
    spec = ScenarioSpec(days=3, attacks=tuple(ATTACKS), entities=80)
    forbidden = {"truth", "attack", "benign", "phase", "certain", *NAMES}
    for hit in generate(spec).hits():
        words = {w.lower() for w in strings(hit["_source"]) if not w.startswith("https://attack.mitre.org/")}
        assert not words & forbidden
        text = " ".join(words).replace("mitre att&ck", "")
        assert not any(word in text for word in ("malicious activity simulated", "benign", *NAMES))


def test_attacks_and_routine_share_their_detectors(week: Scenario) -> None:
    """An index or a product that only attacks write would give them away."""
    mine = {row.id for row in week.truth}
    indices: dict[bool, set[str]] = {True: set(), False: set()}
    for hit in week.hits():
        indices[hit["_id"] in mine].add(hit["_index"].split("-2026")[0])
    assert indices[True] <= indices[False]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second = demo_case(tmp_path / "a"), demo_case(tmp_path / "b")
    for name in ("alerts.ndjson.gz", "truth.csv.gz", "case.json", "assets.csv"):
        assert (first.parent / name).read_bytes() == (second.parent / name).read_bytes()


def test_another_seed_writes_another_company() -> None:
    one, two = (generate(ScenarioSpec(seed=seed, days=1, entities=60)) for seed in (1, 2))
    assert one.company.users != two.company.users
    assert not {h["_id"] for h in one.hits()} & {h["_id"] for h in two.hits()}


def test_adding_a_scenario_leaves_the_other_alerts_as_they_were() -> None:
    plain = ScenarioSpec(days=2, benign=("mail-routine", "failed-logons"))
    more = plain.model_copy(update={"attacks": ("model-theft",), "benign": (*plain.benign, "admin-work")})
    kept = {h["_id"]: h for h in generate(more).hits()}
    assert all(kept[h["_id"]] == h for h in generate(plain).hits())


def test_the_written_case_can_be_read_by_the_scorer(tmp_path: Path) -> None:
    path = write(generate(ScenarioSpec(name="small", days=1, attacks=("model-theft", "model-theft"))), tmp_path)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        hits = [json.loads(line) for line in lines]
    with gzip.open(tmp_path / "truth.csv.gz", "rt", encoding="utf-8", newline="") as rows:
        truth = list(csv.DictReader(rows))
    case = json.loads((tmp_path / "case.json").read_text())
    assert {tuple(sorted(hit)) for hit in hits} == {("_id", "_index", "_source")}
    assert case == {
        "name": "small",
        "alerts": len(hits),
        "attacks": ["model-theft", "model-theft-2"],
        "first": case["first"],
        "last": case["last"],
    }
    assert list(truth[0]) == ["id", "attack", "phase", "certain"]
    assert {row["certain"] for row in truth} == {"1"}
    assert {row["attack"] for row in truth} == set(case["attacks"])


def test_the_inventory_has_a_row_per_entity(tmp_path: Path) -> None:
    write(generate(ScenarioSpec(days=1, entities=90, benign=("mail-routine",))), tmp_path)
    with (tmp_path / "assets.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 90
    assert all(0 <= int(row["criticality"]) <= 100 for row in rows)
    assert {row["kind"] for row in rows} == {"user", "host", "device", "model", "cloud"}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("days", [1, 2, 7, 30])
def test_every_attack_fits_into_every_window(name: str, days: int) -> None:
    scenario = generate(ScenarioSpec(days=days, attacks=(name,), benign=()))
    alerts = list(scenario.alerts())
    end = scenario.spec.start + timedelta(days=days)
    assert 8 <= len(alerts) <= max(60, 24 * days if name == "slow-spray" else 0)  # it lasts as long as the window
    assert all(scenario.spec.start <= alert.time < end for alert in alerts)
    assert {row.attack for row in scenario.truth} == {name}


@pytest.mark.parametrize("name", BENIGN)
def test_every_activity_writes_something_in_a_fortnight_and_nothing_of_it_is_truth(name: str) -> None:
    scenario = generate(ScenarioSpec(days=14, entities=200, benign=(name,)))
    assert sum(1 for _ in scenario.hits()) > 0
    assert scenario.truth == ()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    entities=st.integers(50, 5000),
    attacks=st.lists(st.sampled_from(sorted(ATTACKS)), max_size=3).map(tuple),
    benign=st.lists(st.sampled_from(sorted(BENIGN)), max_size=3, unique=True).map(tuple),
)
def test_any_spec_makes_json_documents_with_truth_that_points_at_them(
    seed: int, entities: int, attacks: tuple[str, ...], benign: tuple[str, ...]
) -> None:
    spec = ScenarioSpec(seed=seed, days=1, entities=entities, attacks=attacks, benign=benign)
    scenario = generate(spec)
    ids = set()
    for hit in scenario.hits():
        assert json.loads(json.dumps(hit, allow_nan=False)) == hit
        ids.add(hit["_id"])
    assert {row.id for row in scenario.truth} <= ids
    assert len(scenario.assets) == entities


def test_noise_scales_routine() -> None:
    quiet, loud = (
        sum(1 for _ in generate(ScenarioSpec(days=2, noise=noise, benign=("network-routine",))).hits())
        for noise in (1, 5)
    )
    assert loud > 3 * quiet


@pytest.mark.parametrize(
    "wrong",
    [
        {"entities": 49},
        {"entities": 5001},
        {"days": 0},
        {"attacks": ("nothing",)},
        {"benign": ("nothing",)},
        {"name": "../x"},
        {"start": datetime(2026, 3, 2)},  # noqa: DTZ001 - a naive time is what is refused
    ],
)
def test_a_wrong_spec_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ScenarioSpec(**wrong)


def test_the_start_is_cut_to_midnight() -> None:
    spec = ScenarioSpec(start=datetime(2026, 5, 4, 13, 30, tzinfo=UTC))
    assert spec.start == datetime(2026, 5, 4, tzinfo=UTC)
