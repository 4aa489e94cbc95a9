"""The calendar of a generated company: twins fall into their entries, attacks are covered by none."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from triage.generator import ATTACKS, ROUTINE, TWINS, Scenario, ScenarioSpec, generate, write
from triage.generator.plans import FIELDS, PlanRow
from triage.judgement.calendar import Planned, read_calendar
from triage.judgement.planned import claims

PLANNED = {
    "patch-rollout": "patch",
    "software-rollout": "rollout",
    "plant-maintenance": "maintenance",
    "penetration-test": "test",
    "network-migration": "migration",
    "vulnerability-scanner": "scan",
    "backup-change": "backup",
    "new-admin": "access",
    "model-release": "release",
}


def company(seed: int, *names: str, attacks: tuple[str, ...] = ()) -> Scenario:
    return generate(ScenarioSpec(name="c", seed=seed, days=10, entities=120, attacks=attacks, benign=names))


def entries(scenario: Scenario, kind: str) -> list[PlanRow]:
    return [row for row in scenario.calendar if row.kind == kind]


@pytest.mark.parametrize("name", PLANNED)
def test_all_alerts_of_a_twin_fall_into_its_entries_where_it_has_any(name: str) -> None:
    written = 0
    for seed in range(4):
        scenario = company(seed, name)
        rows = entries(scenario, PLANNED[name])
        written += bool(rows)
        times = [alert.time for alert in scenario.alerts()]
        assert not rows or all(any(row.since <= time < row.until for row in rows) for time in times)
    assert written >= 2


def test_some_owners_forget_their_entry_and_nobody_plans_a_misfiring_rule() -> None:
    kinds = [bool(entries(company(seed, "patch-rollout"), "patch")) for seed in range(40)]
    assert 0 < kinds.count(False) < 20
    assert not company(1, "misfiring-rule", "holiday", "crawler-burst").calendar


def test_attacks_bring_decoys_of_other_scope_or_of_a_kind_that_explains_nothing() -> None:
    calendar = company(3, attacks=("ransomware",)).calendar
    assert {row.kind for row in calendar} == {"patch", "event"}
    assert "event" not in claims()
    assert any(row.scope == ("*",) and row.kind == "patch" for row in calendar)
    assert all(row.until - row.since <= timedelta(days=1) for row in calendar)


def test_the_calendar_is_written_as_the_program_reads_it_and_is_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(company(5, *ROUTINE, *TWINS, attacks=tuple(ATTACKS)[:2]), tmp_path / folder)
    text = (tmp_path / "a" / "calendar.csv").read_text()
    assert text == (tmp_path / "b" / "calendar.csv").read_text()
    assert tuple(next(csv.reader(text.splitlines()))) == FIELDS
    found = read_calendar(tmp_path / "a" / "calendar.csv").entries
    expected = company(5, *ROUTINE, *TWINS, attacks=tuple(ATTACKS)[:2]).calendar
    assert sorted(found) == sorted(Planned(r.since, r.until, r.kind, r.scope, r.title) for r in expected)
