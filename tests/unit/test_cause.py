"""The cause that is named: hypotheses by their signs, the best of either side, never the verdict."""

import random

import pytest

from support.briefs import activity, candidate
from triage.attack import KILL_CHAIN, load_techniques
from triage.casework.assessment import assess
from triage.casework.cause import hypotheses, named_cause
from triage.casework.cause_wording import told
from triage.investigation import CandidateBrief, Judgement, Observation, ToolCall
from triage.models import Cause, Disposition, EntityRef, Evidence

TECHNIQUES = load_techniques()
FACTS = (Evidence(evidence_id="E1", statement="Rule 'Files encrypted' fired.", tool="condense", supports="attack"),)


def cause(brief: CandidateBrief, *observations: Observation, disposition: Disposition = "attack") -> Cause:
    return named_cause(brief, disposition, FACTS, observations)


@pytest.mark.parametrize(
    ("rule", "technique", "name"),
    [
        ("Files encrypted", "T1486", "ransomware"),
        ("New script in web root", "T1505.003", "web-intrusion"),
        ("Vendor package changed", "T1195.002", "supply-chain"),
        ("Inbox rule hides mail", "T1114.003", "business-email-compromise"),
        ("Passwords of many accounts", "T1110.003", "password-spray"),
        ("Files copied to removable drive", "T1048", "insider-exfiltration"),
        ("Instruction in document", "AML.T0051.001", "assistant-hijack"),
        ("Systematic queries", "AML.T0024.002", "model-theft"),
        ("Records changed", "AML.T0020", "data-poisoning"),
        ("Odd thing", "T1001", "intrusion"),
    ],
)
def test_an_attack_is_named_by_what_tells_it_most(rule: str, technique: str, name: str) -> None:
    assert cause(candidate(activity(rule=rule, techniques=(technique,)))).name == name


def planned(kind: str, brief: CandidateBrief) -> CandidateBrief:
    judgement = Judgement(disposition="benign", verdict_reason="planned: x", score=0.5, planned=kind)
    return brief.model_copy(update={"judgement": judgement})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("patch", "roll-out"),
        ("scan", "scanner"),
        ("test", "penetration-test"),
        ("backup", "backup"),
        ("access", "admin-work"),
    ],
)
def test_a_plan_that_explains_all_names_the_harmless_cause(kind: str, name: str) -> None:
    found = cause(planned(kind, candidate(activity(techniques=("T1486",)))), disposition="benign")
    assert (found.name, found.side) == (name, "benign")
    assert found.attack.name == "ransomware"


def test_a_rule_that_fires_everywhere_is_misfiring_also_while_it_is_shown() -> None:
    rows = [activity(n, rule="Odd child process", host=f"h{n}", count=40) for n in range(12)]
    found = cause(candidate(*rows), disposition="suspicious")
    assert (found.name, found.side) == ("misfiring-rule", "benign")


def test_the_inventory_and_the_alerts_tell_a_scanner() -> None:
    asset: dict[str, object] = {"role": "Vulnerability-scanner", "criticality": 40}
    call = ToolCall(name="asset_lookup", args={"kind": "host", "value": "scan01"})
    seen = Observation.model_validate({"call": call, "result": {"asset": asset}})
    assert cause(candidate(activity(rule="SQL probe")), seen, disposition="benign").name == "scanner"
    assert cause(candidate(activity(rule="Odd")), disposition="benign").name == "unusual-use"


def test_both_sides_are_argued_with_evidence_gaps_and_what_would_flip_it() -> None:
    found = cause(candidate(activity(rule="Files encrypted", techniques=("T1486",))))
    assert found.attack.evidence == ("E1",)
    assert "recovery is inhibited" in found.attack.lacking
    assert found.benign.title
    lines = told(found)
    assert lines[0] == "Most likely ransomware."
    assert "[E1]" in lines[1]
    assert found.flip in lines[-1]


def test_many_accounts_tried_from_one_address_are_a_spray() -> None:
    refs = tuple(EntityRef("user", "", f"u{n}") for n in range(6))
    brief = candidate(activity(rule="Sign-in failed", entities=(*refs, EntityRef("address", "source", "9.9.9.9"))))
    assert cause(brief).name == "password-spray"


def by_address(address: str) -> CandidateBrief:
    """Hundreds of failures, each about another account, from one address."""
    tried = (
        activity(
            n,
            rule="Sign-in failed",
            principal=f"user:u{n}",
            entities=(EntityRef("user", "", f"u{n}"), EntityRef("address", "source", address)),
        )
        for n in range(120)
    )
    return candidate(*tried)


def test_what_one_stranger_does_to_all_accounts_is_no_misfiring_rule() -> None:
    assert cause(by_address("9.9.9.9")).name == "password-spray"
    assert cause(by_address("10.0.0.9")).benign.name == "misfiring-rule"


def test_sign_ins_from_abroad_of_which_nothing_comes_may_be_a_journey() -> None:
    user = (EntityRef("user", "", "ana"),)
    signed_in = activity(rule="Session from a country new for the user", techniques=("T1078.004",), entities=user)
    assert cause(candidate(signed_in)).name == "travel"
    forwarded = activity(2, rule="Inbox rule created", techniques=("T1114.003",), entities=user)
    assert cause(candidate(signed_in, forwarded)).side == "attack"


def test_the_order_of_activities_changes_nothing_and_the_verdict_is_left_alone() -> None:
    rows = [activity(n, rule=f"Rule {n}", techniques=(t,)) for n, t in enumerate(("T1490", "T1021", "T1114", "T1078"))]
    expected = cause(candidate(*rows))
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert cause(candidate(*rows)) == expected
    found = assess(candidate(*rows), [], TECHNIQUES, 5)
    assert found.disposition == "suspicious"
    assert found.cause is not None
    ids = {fact.evidence_id for fact in found.evidence}
    assert {*found.cause.attack.evidence, *found.cause.benign.evidence} <= ids


def test_the_tables_are_sound() -> None:
    tests = {"technique", "tactic", "words", "kind", "shape", "plan", "part", "role", "evidence", "always"}
    names = [known.name for known in hypotheses()]
    assert len(set(names)) == len(names)
    for known in hypotheses():
        assert known.signs, known.name
        assert known.flip
        for sign in known.signs:
            assert sign.test in tests, sign
            assert sign.points > 0
            assert sign.test != "technique" or TECHNIQUES.find(sign.value), sign
            assert sign.test != "tactic" or sign.value in KILL_CHAIN, sign
    assert sum(any(sign.test == "always" for sign in known.signs) for known in hypotheses()) == 2
