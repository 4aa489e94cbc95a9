"""The response plan."""

from collections.abc import Sequence

import pytest

from triage.attack import KILL_CHAIN, load_techniques
from triage.casework.countermeasures import BY_BEHAVIOUR
from triage.casework.measures import ALWAYS, CONTAIN, FOR_MODELS
from triage.casework.response import plan_response
from triage.models import Entity, EntityKind, Evidence, ResponseStep

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
    isolate = next(s for s in plan_response("attack", [entity()], [], FACTS) if s.measure == "isolate_host")
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


def test_two_hosts_come_first_and_then_every_kind_gets_its_turn() -> None:
    hosts = [entity(value=f"h{i}") for i in range(9)]
    users = [entity(EntityKind.USER, "anna")]
    contained = [s.target for s in plan_response("attack", [*hosts, *users], [], FACTS) if s.phase == "containment"]
    assert contained[:4] == ["host:h0", "host:h1", "user:anna", "host:h2"]
    steps = {step.target: step.action for step in plan_response("suspicious", hosts, [], FACTS)}
    assert steps["host:h2"].count("If the investigation confirms it") == 1
    sure = {
        step.target: step.action for step in plan_response("attack", hosts, [], FACTS) if step.phase == "containment"
    }
    assert sure["host:h1"].startswith("Isolate")
    assert sure["host:h2"].startswith("If the investigation confirms it: isolate")


def actions(plan: Sequence[ResponseStep], phase: str = "") -> list[str]:
    return [step.action for step in plan if step.phase == phase or not phase]


def test_a_technique_takes_the_place_of_its_tactic() -> None:
    tactic = plan_response("attack", [entity()], ["persistence"], FACTS)
    technique = plan_response("attack", [entity()], ["persistence"], FACTS, ["T1053.005"])
    assert "Remove from web01 the persistence that was set up and every account it created" in actions(tactic)
    assert "Export and delete the scheduled tasks that were created on web01" in actions(technique)
    assert len(actions(technique)) == len(actions(tactic))
    (step,) = [one for one in technique if one.measure == "remove_persistence"]
    assert step.reason == "T1053.005: a scheduled task starts it again"


def test_a_step_for_a_technique_cites_the_facts_that_name_it() -> None:
    facts = (
        *FACTS,
        Evidence(evidence_id="E4", statement="ATT&CK T1053 Scheduled Task on host:web01.", tool="condense"),
    )
    plan = plan_response("attack", [entity()], [], facts, ["T1053"])
    assert next(one for one in plan if one.measure == "remove_persistence").evidence == ("E4",)


def test_an_ai_model_gets_its_own_steps() -> None:
    plan = plan_response("attack", [entity(EntityKind.MODEL, "assistant")], [], FACTS)
    wanted = {"suspend_model", "review_prompts", "verify_training_data", "rotate_model_keys", "roll_back_model"}
    assert wanted | {"retrain_model"} <= {step.measure for step in plan if step.target == "model:assistant"}


def test_our_own_names_are_not_blocked() -> None:
    ours = [
        entity(value="web01.corp.example"),
        entity(EntityKind.DOMAIN, "intranet.CORP.example."),
        entity(EntityKind.DOMAIN, "notcorp.example"),
        entity(EntityKind.URL, "https://web01.corp.example:8443/x"),
        entity(EntityKind.URL, "https://[::1"),
    ]
    blocked = [step.target for step in plan_response("attack", ours, [], FACTS) if step.measure.startswith("block_")]
    assert blocked == ["domain:notcorp.example", "url:https://(::1"]


def test_a_stranger_s_mailbox_is_a_sender_to_block() -> None:
    both = [
        entity(value="web01.corp.example"),
        entity(EntityKind.MAILBOX, "ana@corp.example"),
        entity(EntityKind.MAILBOX, "x@evil.example"),
    ]
    plan = plan_response("attack", both, [], FACTS, ["T1566.001"])
    measures = {step.target: step.measure for step in plan if step.phase == "containment"}
    assert (measures["mailbox:ana@corp.example"], measures["mailbox:x@evil.example"]) == (
        "quarantine_messages",
        "block_sender",
    )
    assert not any("x@evil" in action for action in actions(plan, "investigation"))


def test_ids_of_steps_are_stable_and_unique() -> None:
    entities = [entity(), entity(EntityKind.USER, "ana"), entity(EntityKind.DEVICE, "plc-7")]
    plan = plan_response("attack", entities, [*KILL_CHAIN], FACTS, [name for name in BY_BEHAVIOUR if name[0] == "T"])
    ids = [step.step_id for step in plan]
    assert len(set(ids)) == len(ids)
    again = plan_response("attack", entities[:1], ["impact"], FACTS)
    assert {s.step_id for s in again} & set(ids)


def test_the_table_of_measures_is_sound() -> None:
    techniques = load_techniques()
    measures = [m for several in BY_BEHAVIOUR.values() for m in several] + [*CONTAIN.values(), *FOR_MODELS, *ALWAYS]
    for name in BY_BEHAVIOUR:
        assert name in KILL_CHAIN or techniques.find(name)
    for measure in measures:
        assert measure.action.count("{}") == 1
        assert measure.phase == "investigation" or measure.role != "analyst"
        assert measure.phase == "investigation" or measure.reversal


@pytest.mark.parametrize("value", ["{0}", "{x.__class__}", "a\x1b[31mb", "[E9]"])
def test_a_hostile_name_is_only_text(value: str) -> None:
    for step in plan_response("attack", [entity(value=value)], ["execution"], FACTS):
        assert "\x1b" not in step.action
        assert "[E9]" not in step.action


def test_without_any_entity_there_is_still_a_plan() -> None:
    plan = plan_response("attack", [], [], FACTS)
    assert {step.phase for step in plan} == {"investigation", "eradication", "recovery"}
    assert all("{}" not in step.action for step in plan)


def test_a_step_for_a_technique_is_about_where_it_was_used() -> None:
    facts = (
        Evidence(evidence_id="E1", statement="10 alerts on host:db01 and host:web01.", tool="correlate"),
        Evidence(evidence_id="E2", statement="Rule 'Shell' on host:web01; ATT&CK T1190 Exploit.", tool="condense"),
    )
    plan = plan_response("attack", [entity(value="db01"), entity(value="web01")], [], facts, ["T1190"])
    (step,) = [one for one in plan if one.reason.startswith("T1190")]
    assert step.target == "host:web01"
    assert step.evidence == ("E2",)


def test_replicated_secrets_of_a_domain_need_more_than_a_password() -> None:
    plan = plan_response("attack", [entity(value="dc01"), entity(EntityKind.USER, "anna")], [], FACTS, ["T1003.006"])
    steps = {step.measure: step for step in plan}
    assert steps["reset_krbtgt"].role == "admin"
    assert steps["reset_krbtgt"].target == "host:dc01"
    assert steps["reset_credentials"].target == "user:anna"
