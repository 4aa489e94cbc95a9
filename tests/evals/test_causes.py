"""The score of named causes on a hand-made case: an attack met, one missed, a twin, and a twin that went under."""

import json
from pathlib import Path

import polars as pl

from triage.casework.cause import hypotheses
from triage.generator import ATTACKS, TWINS
from triage_evals.answer import MEMBERS, Answer, answer
from triage_evals.cases import Case
from triage_evals.causes import TRUE_CAUSES, cause_score, causes_named
from triage_evals.results import Named

ROWS = [
    ("a1", "encrypt", "h1", "ransomware"),
    ("b1", "steal", "h2", "model-extraction"),
    ("t1", "stop", "h3", ""),
    ("t2", "stop", "h4", ""),
    ("w1", "hive", "h5", ""),
]
LEDGER = pl.DataFrame({"alert_id": ["a1", "b1", "t1", "t2", "w1"], "incident_id": ["i1", "e1", "i2", "i2", "e1"]})
ORIGINS = pl.DataFrame({"id": ["t1", "t2", "w1"], "origin": ["patch-rollout", "patch-rollout", "backup-change"]})


def given() -> Answer:
    rows = pl.DataFrame(ROWS, schema=["id", "rule", "host", "attack"], orient="row")
    rows = rows.with_columns(phase=pl.lit(""), certain=pl.lit(value=True), time=pl.lit(0), severity=pl.lit(50.0))
    members = pl.DataFrame([("a1", 1)], schema=MEMBERS, orient="row")
    return answer(Case("hand", Path("alerts.ndjson.gz"), rows), members, 1)


def incidents(folder: Path, attack: str, twin: str) -> Path:
    told = [
        {"incident_id": "i1", "disposition": "attack", "cause": {"name": attack}},
        {"incident_id": "i2", "disposition": "benign", "cause": {"name": twin}},
        {"incident_id": "e1", "disposition": "benign", "cause": None},
    ]
    (folder / "incidents.json").write_text(json.dumps(told))
    return folder


def test_every_attack_and_each_twin_that_raised_a_question_is_asked_for(tmp_path: Path) -> None:
    named = list(causes_named(given(), LEDGER, incidents(tmp_path, "ransomware", "roll-out"), ORIGINS))
    assert [(one.subject, one.harmless, one.cause, one.right) for one in named] == [
        ("model-extraction", False, "", False),
        ("ransomware", False, "ransomware", True),
        ("patch-rollout", True, "roll-out", True),
    ]
    found = cause_score(named)
    assert (round(found.value, 3), found.reason) == (0.667, "model-extraction: missed")


def test_a_wrong_name_is_wrong_and_said(tmp_path: Path) -> None:
    named = list(causes_named(given(), LEDGER, incidents(tmp_path, "backup", "ransomware"), ORIGINS))
    assert not any(one.right for one in named)
    assert "ransomware: backup" in cause_score(named).reason
    assert cause_score([Named(subject="a", harmless=True, cause="a", right=True)]).reason == "all 1 right"


def test_nothing_is_asked_where_nothing_tells_what_was_played(tmp_path: Path) -> None:
    assert not list(causes_named(given(), LEDGER, tmp_path, ORIGINS.clear()))


def test_every_attack_and_twin_has_a_cause_that_the_program_knows() -> None:
    assert {*ATTACKS, *TWINS} <= set(TRUE_CAUSES)
    assert set(TRUE_CAUSES.values()) <= {known.name for known in hypotheses()}
