"""The deterministic planner."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.briefs import activity, candidate
from support.fake_search import START
from triage.casework.playbook import Playbook, indicators_of, is_indicator, main_entities, seen_elsewhere
from triage.investigation import Observation, ToolCall
from triage.models import EntityRef

DNS = EntityRef("address", "destination", "8.8.8.8")
INNER = EntityRef("address", "source", "10.0.0.9")
WEB01 = EntityRef("host", "", "web01")


def sighting(ref: EntityRef, hosts: int) -> Observation:
    call = ToolCall(name="first_last_seen", args={"kind": ref.kind, "value": ref.value})
    return Observation(call=call, result={"total": 9, "hosts": hosts, "first": START.isoformat()})


def test_opens_with_asset_sightings_prevalence_history_and_surroundings() -> None:
    calls = Playbook().plan(candidate(activity(techniques=("T1003",))), ())
    assert [call.name for call in calls] == [
        "asset_lookup",
        "first_last_seen",
        "rule_prevalence",
        "entity_history",
        "alerts_around_entity",
        "attack_lookup",
        "threat_intelligence",
        "usual_times",
        "peers",
        "planned_changes",
        "similar_incidents",
        "rule_guide",
    ]
    assert calls[2].args["until"] == START.isoformat()
    assert calls[2].args["since"] == (START - timedelta(days=14)).isoformat()


def test_a_benign_candidate_gets_a_short_look() -> None:
    calls = Playbook().plan(candidate(disposition="benign"), ())
    assert [call.name for call in calls] == ["asset_lookup", "first_last_seen", "rule_prevalence"]


def test_no_call_is_made_twice() -> None:
    brief = candidate(activity(entities=(WEB01, DNS)), activity(1, "Other", entities=(DNS, WEB01)))
    calls = [call.model_dump_json() for call in Playbook().plan(brief, ())]
    assert len(calls) == len(set(calls))


def test_an_activity_without_any_entity_still_gets_its_prevalence() -> None:
    bare = activity(principal="", entities=())
    calls = [call.name for call in Playbook().plan(candidate(bare), ())]
    assert calls == [
        "rule_prevalence",
        "threat_intelligence",
        "usual_times",
        "peers",
        "similar_incidents",
        "rule_guide",
    ]


def test_follows_an_indicator_to_other_hosts_and_nothing_else() -> None:
    brief = candidate(activity(entities=(WEB01, DNS, INNER)))
    follow_up = Playbook().plan(brief, (sighting(DNS, 4), sighting(INNER, 9), sighting(WEB01, 9)))
    assert [(call.name, call.args["value"]) for call in follow_up] == [("alerts_around_entity", "8.8.8.8")]
    assert not Playbook().plan(brief, (sighting(DNS, 1),))


def test_only_what_leads_outside_is_an_indicator() -> None:
    assert is_indicator(DNS)
    assert is_indicator(EntityRef("hash", "", "ab"))
    assert not is_indicator(INNER)
    assert not is_indicator(EntityRef("address", "", "not-an-address"))
    assert not is_indicator(WEB01)


def test_the_principal_of_the_weightiest_activities_comes_first() -> None:
    loud = activity(0, "Noise", host="mail", novelty=0.1, count=9000)
    new = activity(1, "New", host="web01", novelty=0.9)
    assert main_entities([loud, new])[0] == WEB01


@given(st.permutations(range(6)))
def test_the_plan_does_not_depend_on_the_order_of_activities(order: list[int]) -> None:
    activities = [
        activity(i, f"r{i % 3}", i, f"h{i % 4}", entities=(EntityRef("host", "", f"h{i % 4}"), DNS)) for i in range(6)
    ]
    expected = Playbook().plan(candidate(*activities), ())
    assert Playbook().plan(candidate(*(activities[i] for i in order)), ()) == expected


def test_indicators_keep_the_order_of_activities_and_drop_roles() -> None:
    assert indicators_of([activity(entities=(DNS, WEB01, DNS._replace(role="source")))]) == [DNS._replace(role="")]
    assert seen_elsewhere(candidate(), ()) == []


def test_events_are_asked_for_only_where_there_are_any_and_after_everything_else() -> None:
    named = (WEB01, EntityRef("user", "", "ann"), EntityRef("process", "", "sh"))
    brief = candidate(activity(minute=90, entities=named, severity=80), activity(1, minute=0, host="db01"))
    without, asked = (Playbook(events=events).plan(brief, ()) for events in (False, True))
    assert asked[: len(without)] == without
    about, logons, tree = asked[len(without) :]
    assert (about.name, logons.name, tree.name) == ("events_around", "logon_events", "process_events")
    told = START + timedelta(minutes=90)
    assert about.args["since"] == (told - timedelta(minutes=15)).isoformat()
    assert (tree.args["host"], tree.args["process"]) == ("web01", "sh")
    assert logons.args["user"] == "ann"


def test_surroundings_are_those_of_the_entity_and_not_of_another() -> None:
    brief = candidate(
        activity(0, minute=0, severity=90, entities=()), activity(1, minute=300, host="db01", severity=80)
    )
    quiet = brief.model_copy(
        update={"activities": (*brief.activities, activity(2, minute=301, host="db01", severity=80))}
    )
    (around,) = [call for call in Playbook().plan(quiet, ()) if call.name == "alerts_around_entity"]
    assert around.args["value"] == "db01"
    assert around.args["since"] == (START + timedelta(minutes=300, hours=-1)).isoformat()
