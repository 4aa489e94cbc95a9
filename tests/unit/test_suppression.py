"""Drafts of rule exceptions: as narrow as the alerts allow, and nothing in a value can widen them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.incidents import incident
from triage.columns import FACTS
from triage.desk.decisions import Status
from triage.desk.pivots import SLICE, Slice
from triage.desk.suppression import Condition, Draft, FieldIs, Judged, conditions, covered, draft, unfit
from triage.desk.suppression_files import as_elastic, as_sigma, literal

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BENIGN = incident("inc-1").model_copy(update={"disposition": "benign"})


def fact(
    number: int, rule: str, principal: str, *entities: tuple[str, str, str], rule_id: str = "r-1"
) -> dict[str, Any]:
    return {
        "fact": number,
        "detector": "elastic",
        "family": "elastic",
        "rule": rule,
        "rule_id": rule_id,
        "message": "",
        "severity": 21.0,
        "techniques": [],
        "tactics": [],
        "principal": principal,
        "entities": [dict(zip(("kind", "role", "value"), entity, strict=True)) for entity in entities],
        "flags": [],
    }


def slice_of(*facts: dict[str, Any]) -> Slice:
    """Return a slice with two alerts per fact."""
    rows = [
        {"time": 60_000_000 * n, "index": "alerts", "id": f"a{n}", "activity": f"act-{n // 2}", "fact": n // 2}
        for n in range(2 * len(facts))
    ]
    return Slice(pl.DataFrame(rows, schema=SLICE), pl.DataFrame(list(facts), schema=FACTS))


WEB = ("host", "", "web01")
BACKUP = ("user", "", "backup")
TAR, RM = ("process", "", "tar"), ("process", "", "rm")


def test_a_condition_is_a_rule_a_principal_and_all_that_its_alerts_share() -> None:
    made, left_out = conditions(
        slice_of(fact(0, "R", "host:web01", WEB, BACKUP, TAR), fact(1, "R", "host:web01", WEB, BACKUP, RM))
    )
    assert left_out == ()
    assert [(one.rule, one.rule_id) for one in made] == [("R", "r-1")]
    assert [(one.field, one.value) for one in made[0].entities] == [("host.name", "web01"), ("user.name", "backup")]


def test_each_principal_has_a_condition_of_its_own() -> None:
    made, _ = conditions(slice_of(*(fact(n, "R", f"host:h{n}", ("host", "", f"h{n}")) for n in range(3))))
    assert sorted(one.entities[0].value for one in made) == ["h0", "h1", "h2"]


def test_many_principals_are_said_to_be_left_out() -> None:
    made, left_out = conditions(slice_of(*(fact(n, "R", f"host:h{n}", ("host", "", f"h{n}")) for n in range(50))))
    assert (len(made), len(left_out)) == (40, 10)


def test_a_field_is_named_once_and_keeps_its_principal() -> None:
    """A host known by two names would be a condition that never holds, or one that lost the longer name."""
    long = ("host", "", "web01.corp.example")
    made, _ = conditions(slice_of(fact(0, "R", "host:web01.corp.example", WEB, long)))
    assert [(one.field, one.value) for one in made[0].entities] == [("host.name", "web01.corp.example")]


@pytest.mark.parametrize("principal", ["", "hash:ff", "host:elsewhere"])
def test_without_a_principal_in_a_field_nothing_is_covered(principal: str) -> None:
    made, left_out = conditions(slice_of(fact(0, "R", principal, WEB, ("hash", "", "ff"))))
    assert made == ()
    assert len(left_out) == 1


def test_only_what_fits_in_every_field_is_covered() -> None:
    history = slice_of(
        fact(0, "R", "host:web01", WEB, BACKUP),
        fact(1, "R", "host:web01", WEB),
        fact(2, "R", "host:db01", ("host", "", "db01"), BACKUP),
        fact(3, "S", "host:web01", WEB, BACKUP),
        fact(4, "R", "user:backup", ("host", "target", "web01"), BACKUP),
    )
    made, _ = conditions(slice_of(fact(0, "R", "host:web01", WEB, BACKUP)))
    assert covered(made[0], history)["id"].to_list() == ["a0", "a1"]
    near = covered(made[0], history, in_any_role=True)["id"].to_list()
    assert near == ["a0", "a1", "a8", "a9"]


def judged(attacks: dict[str, str] | None = None) -> Judged:
    rows = pl.DataFrame(
        [("alerts", f"a{n}", n, "benign", "inc-1") for n in range(30)] + [("alerts", "d1", 99, "duplicate", "inc-2")],
        schema=["index", "id", "time", "outcome", "incident_id"],
        orient="row",
    )
    return Judged(rows, attacks or {}, {"inc-1": ("one", "benign")})


def drafted(*values: str, attacks: dict[str, str] | None = None, objection: str = "") -> Draft:
    made = [
        Condition(
            detector="elastic", rule="R", rule_id="r-1", entities=(FieldIs(field="host.name", value=v, kind="host"),)
        )
        for v in values
    ]
    return draft(BENIGN, (made, ()), judged(attacks), NOW, objection=objection)


def test_the_preview_counts_everything_and_samples_both_ends() -> None:
    hidden = drafted("web01").hidden
    assert (hidden.alerts, hidden.outcomes) == (31, {"benign": 30, "duplicate": 1})
    assert [(one.incident_id, one.hidden) for one in hidden.incidents] == [("inc-1", 30), ("inc-2", 1)]
    assert len(hidden.samples) == 20
    assert (hidden.samples[0], hidden.samples[-1]) == ("alerts/a0", "alerts/d1")


def test_it_expires_by_itself() -> None:
    made = drafted("web01")
    assert made.expires - made.created == timedelta(days=30)
    assert json.loads(as_elastic(made))["rules"][0]["items"][0]["expire_time"] == "2026-12-24T00:00:00.000Z"
    assert yaml.safe_load(as_sigma(made))["expires"] == "2026-12-24"


def test_what_was_ever_an_attack_refuses_all_of_it() -> None:
    refused = drafted("web01", "web02", attacks={"inc-9": "was judged an attack"})
    assert refused.refused == ("it would hide alerts of inc-9, which was judged an attack",)
    assert (refused.conditions, as_sigma(refused)) == ((), "")
    assert json.loads(as_elastic(refused))["rules"] == []


def test_no_condition_and_no_case_are_refusals() -> None:
    assert drafted().refused
    assert drafted("web01", objection="no case").conditions == ()


@pytest.mark.parametrize(
    ("disposition", "state", "reason", "fit"),
    [
        ("benign", "open", "", True),
        ("benign", "closed", "false_positive", True),
        ("suspicious", "closed", "benign_true_positive", True),
        ("benign", "closed", "true_positive", False),
        ("benign", "closed", "duplicate", False),
        ("suspicious", "open", "", False),
        ("attack", "open", "false_positive", False),
    ],
)
def test_only_what_was_harmless_is_a_case(disposition: str, state: str, reason: str, fit: bool) -> None:
    one = BENIGN.model_copy(update={"disposition": disposition})
    status = Status.model_validate({"incident_id": "inc-1", "state": state, "reason": reason})
    assert (unfit(one, status) == "") is fit


@pytest.mark.parametrize(
    "value", ["*", "web*", "?", "\\*", "C:\\x\\*", "'", "- a: b", "&x", "yes", "\x1b[0m", "\u202e"]
)
def test_no_value_widens_or_breaks_a_file(value: str) -> None:
    made = drafted(value)
    sigma = yaml.safe_load(as_sigma(made))
    assert as_sigma(made).isascii()
    assert as_elastic(made).isascii()
    assert sigma["filter"]["harmless_1"] == {"host.name": literal(value)}
    entry = json.loads(as_elastic(made))["rules"][0]["items"][0]["entries"][0]
    assert (entry["type"], entry["value"]) == ("match", value)


@given(st.text(alphabet="ab*?\\", max_size=12))
def test_no_wildcard_is_left_in_a_sigma_value(value: str) -> None:
    read, rest = "", literal(value)
    while rest:
        if rest[0] == "\\":
            assert rest[1] in "*?\\"
            rest = rest[1:]
        else:
            assert rest[0] not in "*?"
        read, rest = read + rest[0], rest[1:]
    assert read == value


def test_the_same_draft_has_the_same_ids() -> None:
    assert as_elastic(drafted("web01")) == as_elastic(drafted("web01"))
    assert as_sigma(drafted("web01")) != as_sigma(drafted("web02"))
