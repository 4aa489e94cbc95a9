"""A plan settles only what it explains in full; everything else is kept, and says what is left over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.attack import KILL_CHAIN, load_techniques
from triage.judgement.calendar import Calendar, Planned
from triage.judgement.planned import claims, plan_in_part_of, plan_of, settled
from triage.judgement.urgency import Rating, rate
from triage.models import UrgencyPart
from triage.times import micros
from triage.trust.injection import PLANTED

NIGHT = datetime(2026, 1, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATCH = Planned(NIGHT, NIGHT + 4 * HOUR, "patch", ("app*", "sql01"), "Patch night")
SHOWN = Rating("attack", "3 kinds", 2.0, (UrgencyPart(name="behaviour", points=50, why="x"),))


def row(technique: str = "T1489", asset: str = "host:app01", hours: float = 1, **more: Any) -> dict[str, Any]:
    first = micros(NIGHT + hours * HOUR)
    base = {"rule": f"Rule {technique}", "principal": asset, "first": first, "last": first, "flags": []}
    base |= {"techniques": [technique] if technique else [], "tactics": [], "entities": [], "entity_total": 0}
    return base | more


def entity(kind: str, role: str, value: str) -> dict[str, str]:
    return {"kind": kind, "role": role, "value": value}


def judge(*rows: dict[str, Any], plan: Planned = PATCH, before: Rating = SHOWN, bad: bool = False) -> Rating:
    return settled(before, rows, [], Calendar((plan,)), known_bad=bad)


def test_a_plan_that_explains_all_makes_it_benign_and_is_named() -> None:
    found = judge(row(), row("T1569.002", "host:sql01"))
    assert found.disposition == "benign"
    assert found.parts == SHOWN.parts
    assert "patch 'Patch night' between 2026-01-12 01:00:00 and 05:00:00 UTC on app* and sql01" in found.reason
    assert "without it attack, 3 kinds" in found.reason
    assert plan_of(found.reason) == "patch"


@pytest.mark.parametrize(
    "left",
    [
        row("T1486"),
        row("T1489", hours=5),
        row("T1489", hours=-0.1),
        row("T1489", "host:dc01"),
        row("", rule="Ransomware note"),
        row("T1489", asset=""),
    ],
    ids=["kind", "after", "before", "scope", "says nothing", "no asset"],
)
def test_one_activity_left_over_keeps_it_and_is_named(left: dict[str, Any]) -> None:
    found = judge(row(rule="Stopped"), left)
    assert found.disposition == "attack"
    assert found.reason.endswith(f"; the calendar's patch 'Patch night' does not explain '{left['rule']}'")
    assert plan_in_part_of(found.reason) == "patch"
    assert plan_of(found.reason) == ""


def test_an_activity_that_runs_on_after_the_plan_is_not_explained() -> None:
    assert judge(row(last=micros(NIGHT + 6 * HOUR))) == SHOWN


def test_a_known_bad_indicator_and_text_for_the_reader_rule_a_plan_out() -> None:
    assert judge(row(), bad=True).disposition == "attack"
    assert judge(row(flags=[PLANTED])).disposition == "attack"
    company = [row(flags=[PLANTED], hours=9)]
    assert settled(SHOWN, [row()], company, Calendar((PATCH,))).disposition == "attack"


def test_a_kind_that_explains_nothing_settles_nothing() -> None:
    assert judge(row(), plan=PATCH._replace(kind="event", scope=("*",))) == SHOWN
    assert settled(SHOWN, [row()], [], Calendar(())) == SHOWN


def test_two_different_plans_do_not_add_up_but_a_recurring_one_does() -> None:
    other = PATCH._replace(scope=("dc01",), title="Other")
    rows = [row(), row(asset="host:dc01")]
    assert settled(SHOWN, rows, [], Calendar((PATCH, other))).disposition == "attack"
    again = PATCH._replace(since=NIGHT + 24 * HOUR, until=NIGHT + 28 * HOUR)
    assert settled(SHOWN, [row(), row(hours=25)], [], Calendar((PATCH, again))).disposition == "benign"


def test_a_scan_explains_what_comes_from_its_scanner_only() -> None:
    scan = PATCH._replace(kind="scan", scope=("10.0.0.9",), title="Scan")
    seen: dict[str, Any] = {"rule": "SQL keywords in query string", "asset": "host:web01", "entity_total": 1}
    assert judge(row("", entities=[entity("address", "source", "10.0.0.9")], **seen), plan=scan).disposition == "benign"
    assert judge(row("", entities=[entity("address", "source", "10.0.0.8")], **seen), plan=scan) == SHOWN


def test_entities_that_were_left_out_might_be_out_of_scope() -> None:
    scan = PATCH._replace(kind="scan", scope=("10.0.0.9",), title="Scan")
    seen: dict[str, Any] = {
        "rule": "SQL probe",
        "asset": "host:web01",
        "entities": [entity("address", "source", "10.0.0.9")],
    }
    assert judge(row("", entity_total=2, **seen), plan=scan) == SHOWN


def test_a_backup_explains_an_upload_to_its_vault_only() -> None:
    backup = PATCH._replace(kind="backup", scope=("app01", "198.51.100.7"), title="Backup")
    upload: dict[str, Any] = {"rule": "Large upload", "entity_total": 1}
    known, other = ([entity("address", "destination", value)] for value in ("198.51.100.7", "198.51.100.8"))
    assert judge(row("", entities=known, **upload), plan=backup).disposition == "benign"
    assert judge(row("", entities=other, **upload), plan=backup).disposition == "attack"


def test_a_coarser_technique_beside_its_own_sub_technique_asks_for_nothing_more() -> None:
    assert judge(row(techniques=["T1569", "T1569.002"])).disposition == "benign"
    assert judge(row(techniques=["T1569"])) == SHOWN


def test_no_kind_explains_command_and_control_and_only_a_backup_to_its_receiver_data_that_leaves() -> None:
    table = load_techniques()
    for kind, rows in claims().items():
        for claim in rows:
            tactics = table.tactics([claim.explains]) or (claim.explains,)
            assert "command-and-control" not in tactics, (kind, claim)
            if "exfiltration" in tactics:
                assert kind == "release" or "destination" in claim.needs, (kind, claim)


def test_the_table_names_known_techniques_tactics_and_parties() -> None:
    table = load_techniques()
    for kind, rows in claims().items():
        assert kind == kind.lower().strip()
        for claim in rows:
            known = claim.explains in KILL_CHAIN or claim.explains.startswith("words:") or table.get(claim.explains)
            assert known, (kind, claim)
            assert claim.needs
            assert set(claim.needs) <= {"principal", "source", "destination", "user"}


PLANS = st.builds(
    Planned,
    st.just(NIGHT),
    st.sampled_from([NIGHT + HOUR, NIGHT + 9 * HOUR]),
    st.sampled_from([*claims(), "event", "Patch "]),
    st.sampled_from([("*",), ("app*",), ("nobody",)]),
    st.sampled_from(["a", "b '; the calendar's c"]),
)
ROWS = st.builds(
    row,
    st.sampled_from(["T1489", "T1486", "T1021.001", "AML.T0025", "T0858", ""]),
    st.sampled_from(["host:app01", "host:dc01", "model:m"]),
    st.floats(0, 8),
)


@given(st.lists(PLANS, max_size=4), st.lists(ROWS, min_size=1, max_size=5), ROWS, st.booleans())
def test_more_activity_never_makes_it_benign_and_the_order_does_not_matter(
    plans: list[Planned], rows: list[dict[str, Any]], more: dict[str, Any], bad: bool
) -> None:
    calendar = Calendar(tuple(sorted(plans)))
    less = settled(SHOWN, rows, [], calendar, known_bad=bad)
    found = settled(SHOWN, [*rows, more], [], calendar, known_bad=bad)
    assert found.parts == less.parts == SHOWN.parts
    assert not (found.disposition == "benign" and less.disposition != "benign")
    assert settled(SHOWN, rows, [], Calendar(tuple(reversed(calendar.entries))), known_bad=bad).disposition == (
        less.disposition
    )


def test_a_roll_out_that_calls_home_by_the_words_of_a_rule_is_none() -> None:
    def seen(rule: str, host: int) -> dict[str, Any]:
        base = {"signature": rule, "rule": rule, "principal": f"host:{host}", "severity": 60, "novelty": 1.0}
        return base | {"first": 0, "count": 1, "variety": 1, "alone": False, "tactics": [], "net_days": 0}

    mild = [seen(rule, host) for rule in ("Updater started", "Driver loaded") for host in range(9)]
    calls = [seen(rule, host) for rule in ("Updater started", "Random labels in DNS queries") for host in range(9)]
    assert rate(mild).disposition == "benign"
    assert rate(calls).disposition != "benign"
