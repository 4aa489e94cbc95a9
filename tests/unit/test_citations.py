"""Citations: what the evidence carries stays, what it does not is struck and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.briefs import activity, candidate
from triage.attack import load_techniques
from triage.casework.assessment import assess
from triage.models import AlertRef, Evidence
from triage.trust.citations import check, check_text
from triage.trust.vocabulary import is_ordinary

EVIDENCE = (
    Evidence(
        evidence_id="E1",
        statement="Rule 'Odd login' (acme) fired 1,204 times on host:web01 at 2026-01-31 06:00:01 UTC; T1078 Valid.",
        tool="condense",
        alerts=(AlertRef("alerts", "a-77"),),
        alert_count=1204,
    ),
    Evidence(evidence_id="E2", statement="address:10.1.2.3 was named by 12 alerts.", tool="first_last_seen"),
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Rule 'Odd login' fired 1,204 times on host:web01 [E1].",
        "There are 1204 alerts, a-77 among them [E1].",
        "The login at 06:00:01 UTC used T1078 [E1]",
        "host:web01 was reached from 10.1.2.3 [E1, E2].",
        "Somebody logged on [E1].",
        "An attacker repeatedly enumerated workstations and exfiltrated credentials [E1].",
    ],
)
def test_what_the_evidence_carries_holds(sentence: str) -> None:
    assert check(sentence, EVIDENCE).ok


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Nothing happened.", "cites no evidence"),
        ("All is well [E9].", "does not exist: E9"),
        ("It fired 204 times [E1].", "not in what it cites: 204"),
        ("host:web02 was reached [E1].", "host:web02"),
        ("It came from 10.1.2.3 [E1].", "10.1.2.3"),
        ("It came from 10.1.2.33 [E2].", "10.1.2.33"),
        ("This is T1003 [E1].", "T1003"),
        ("Rule 'Quiet logout' fired [E1].", "Quiet logout"),
        ("It was at 07:00:01 [E1].", "07:00:01"),
        ("Alert a-78 shows it [E1].", "a-78"),
        ("Then nighthawk was started on host:web01 [E1].", "nighthawk"),
        ("The login of svcbackup failed [E1].", "svcbackup"),
    ],
)
def test_what_it_does_not_carry_is_struck(sentence: str, reason: str) -> None:
    checked = check(sentence, EVIDENCE)
    assert not checked.ok
    assert reason in checked.struck_reason
    assert checked.sentence == sentence


@pytest.mark.parametrize("word", ["enumerated", "hosts", "replied", "stopped", "unusual", "reconnected", "beaconing"])
def test_english_names_nothing_in_any_form(word: str) -> None:
    assert is_ordinary(word)


@pytest.mark.parametrize("word", ["mimikatz", "nighthawk", "dbprod", "jsmith", "svcbackup"])
def test_what_is_no_english_is_a_name(word: str) -> None:
    assert not is_ordinary(word)


def test_struck_sentences_are_kept_and_counted() -> None:
    told = check_text("It fired 1,204 times [E1]. It fired 99 times [E1]. The end.", EVIDENCE)
    assert [one.ok for one in told.sentences] == [True, False, False]
    assert told.struck == 2


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_sentence_of_the_deterministic_summary_holds(rule: str, message: str) -> None:
    found = assess(candidate(activity(rule=rule or "x", message=message), activity(1)), (), load_techniques(), 3)
    assert check_text(found.summary, found.evidence).struck == 0
