"""The response plan."""

import pytest

from triage.models import Entity, EntityKind, Evidence
from triage.response import plan_response

PHASES = ["containment", "investigation", "eradication", "recovery"]
FACTS = (
    Evidence(evidence_id="E1", statement="5 alerts.", tool="correlate"),
    Evidence(evidence_id="E2", statement="Rule 'x' fired 3 times on host:web01 at noon.", tool="condense"),
    Evidence(evidence_id="E3", statement="host:web011 is something else.", tool="condense"),
)


def entity(kind: EntityKind = EntityKind.HOST, value: str = "web01", criticality: int = 0, count: int = 5) -> Entity:
    return Entity(kind=kind, value=value, alert_count=count, criticality=criticality)


def test_an_attack_has_all_four_phases_in_order() -> None:
    plan = plan_response("attack", [entity()], ["initial-access", "persistence"], FACTS)
    assert list(dict.fromkeys(step.phase for step in plan)) == PHASES


def test_steps_cite_the_evidence_that_names_their_target_exactly() -> None:
    isolate = plan_response("attack", [entity()], [], FACTS)[0]
    assert (isolate.target, isolate.evidence) == ("host:web01", ("E2",))
    other = plan_response("attack", [entity(value="db")], [], FACTS)[0]
    assert other.evidence == ("E1",)


def test_containment_can_be_undone_and_needs_a_lead() -> None:
    for kind in EntityKind:
        for step in plan_response("attack", [entity(kind, "8.8.8.8")], [], FACTS):
            if step.phase == "containment":
                assert step.reversal
                assert step.role in {"lead", "admin"}


def test_a_critical_asset_needs_an_administrator() -> None:
    isolate = plan_response("attack", [entity(criticality=90)], [], FACTS)[0]
    assert isolate.role == "admin"
    assert "criticality 90" in isolate.reason


def test_a_suspicion_only_looks() -> None:
    for step in plan_response("suspicious", [entity()], ["impact"], FACTS):
        assert step.phase == "investigation" or step.action.startswith("If the investigation confirms it: ")


def test_a_benign_candidate_gets_one_step_that_changes_nothing() -> None:
    (step,) = plan_response("benign", [entity()], ["impact"], FACTS)
    assert step.phase == "investigation"


def test_private_addresses_are_not_blocked() -> None:
    inner, outer = entity(EntityKind.ADDRESS, "10.1.2.3"), entity(EntityKind.ADDRESS, "8.8.8.8")
    blocked = [step.target for step in plan_response("attack", [inner, outer], [], FACTS) if "Block" in step.action]
    assert blocked == ["address:8.8.8.8"]


def test_an_industrial_device_is_never_isolated_on_its_own() -> None:
    step = plan_response("attack", [entity(EntityKind.DEVICE, "plc-7")], [], FACTS)[0]
    assert step.role == "admin"
    assert "plant operations" in step.action


def test_every_kind_gets_its_turn_before_one_kind_gets_a_second() -> None:
    hosts = [entity(value=f"h{i}") for i in range(9)]
    users = [entity(EntityKind.USER, "anna")]
    contained = [s.target for s in plan_response("attack", [*hosts, *users], [], FACTS) if s.phase == "containment"]
    assert contained[:3] == ["host:h0", "user:anna", "host:h1"]
    assert len(contained) <= 5


@pytest.mark.parametrize("value", ["{0}", "{x.__class__}", "a\x1b[31mb", "[E9]"])
def test_a_hostile_name_is_only_text(value: str) -> None:
    for step in plan_response("attack", [entity(value=value)], ["execution"], FACTS):
        assert "\x1b" not in step.action
        assert "[E9]" not in step.action


def test_without_any_entity_there_is_still_a_plan() -> None:
    plan = plan_response("attack", [], [], FACTS)
    assert {step.phase for step in plan} == {"investigation", "eradication", "recovery"}
    assert all("{}" not in step.action for step in plan)
