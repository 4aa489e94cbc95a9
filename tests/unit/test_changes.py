"""What changed between two runs, each with its cause."""

from datetime import UTC, datetime, timedelta

import polars as pl
from pydantic import SecretStr

from support.incidents import incident
from triage.config import CorrelateSettings, ElasticSettings, Settings
from triage.desk.changes import RunDiff, RunView, Since, diff
from triage.desk.decisions import Step, decision
from triage.judgement.constraints import Constraint, InForce
from triage.models import Incident
from triage.record.basis import basis, differences, digest

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PLAIN = basis(Settings(), ())
HUB = Constraint(kind="never_group", left=("user:svc",))


def sized(name: str, alerts: int = 3, urgency: float = 40, rank: int = 1, *, benign: bool = False) -> Incident:
    values = {"alert_count": alerts, "urgency": urgency, "disposition": "benign" if benign else "attack"}
    return incident(name, rank=rank).model_copy(update=values)


def view(run_id: str, *incidents: Incident, basis: dict[str, object] | None = None, **where: str) -> RunView:
    placed = pl.DataFrame(
        {"activity": list(where), "incident_id": list(where.values())},
        schema={"activity": pl.String, "incident_id": pl.String},
    )
    return RunView(run_id, incidents, placed, PLAIN if basis is None else basis)


def told(found: RunDiff) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {one.incident_id: (one.kinds, one.causes) for one in found.incidents}


def test_new_grown_and_gone_with_their_causes() -> None:
    before = view("run-1", sized("a"), sized("old", rank=2), p="a", q="old")
    after = view("run-2", sized("a", 5), sized("b", rank=2), sized("c", rank=3, benign=True), p="a", r="b")
    found = diff(before, after, Since({"a": 2, "b": 1}, ()))
    assert told(found) == {
        "a": (("grown",), ("2 new alerts",)),
        "b": (("new",), ("1 new alert",)),
        "old": (("gone",), ("none of its activities is within the horizon any more",)),
    }
    assert (found.before, found.after, found.unchanged) == ("run-1", "run-2", 0)


def test_split_and_merged_name_each_other() -> None:
    apart = view("run-1", sized("a"), sized("b", 2, rank=2), p="a", q="b")
    joined = view("run-2", sized("a", 5), p="a", q="a")
    merged = told(diff(apart, joined, Since({}, ())))
    assert merged == {
        "a": (("grown",), ("1 activity of b is part of it now",)),
        "b": (("merged",), ("1 activity of it is in a now",)),
    }
    split = diff(joined, apart, Since({}, ()))
    assert {name: kinds for name, (kinds, _) in told(split).items()} == {"a": ("shrunk",), "b": ("split",)}
    assert split.incidents[0].others == ("b",)


def test_what_ranks_otherwise_says_whether_settings_code_or_what_is_normal_changed() -> None:
    before, after = sized("a"), sized("a", urgency=60)
    learned = diff(view("1", before, p="a"), view("2", after, p="a"), Since({}, ()))
    assert told(learned)["a"][0] == ("re-ranked",)
    assert "normal" in told(learned)["a"][1][0]
    other = basis(Settings(correlate=CorrelateSettings(window=timedelta(hours=1))), ())
    by_settings = diff(view("1", before, p="a"), view("2", after, basis=dict(other), p="a"), Since({}, ()))
    assert told(by_settings)["a"][1] == ("settings changed: correlate.window",)
    by_code = diff(view("1", before), view("2", after, basis={**PLAIN, "code": "x", "version": "9"}), Since({}, ()))
    assert told(by_code)["a"][1] == (f"the program changed: {PLAIN['version']} to 9",)


def test_a_regrouping_is_a_cause_only_for_the_incidents_it_was_about() -> None:
    made = decision("regroup", ["a"], constraints=(HUB,))
    step = Step(4, made, "ann", NOW, undone=False)
    ruled = basis(Settings(), [InForce(4, HUB, "ann", NOW, "")])
    before = view("1", sized("a"), sized("b", rank=2), p="a", q="b")
    after = view("2", sized("a", urgency=20), sized("b", urgency=20, rank=2), basis=dict(ruled), p="a", q="b")
    found = told(diff(before, after, Since({}, (step,))))
    assert found["a"][1] == ("ann said (decision 4): user:svc joins nothing",)
    assert not any("ann" in cause for cause in found["b"][1])


def test_benign_groups_count_only_where_one_side_was_shown() -> None:
    before = view("1", sized("a", benign=True), sized("b", rank=2))
    after = view("2", sized("a", 9, benign=True), sized("b", rank=2, urgency=0, benign=True))
    assert told(diff(before, after, Since({}, ())))["b"][0] == ("re-ranked",)
    assert len(diff(before, after, Since({}, ())).incidents) == 1


def test_a_run_of_before_bases_were_kept_says_nothing_of_settings() -> None:
    assert differences({}, PLAIN) == {}
    found = diff(view("1", sized("a"), basis={}), view("2", sized("a", 4), basis=dict(PLAIN)), Since({"a": 1}, ()))
    assert found.differs == {}


def test_a_basis_names_settings_but_neither_values_nor_secrets() -> None:
    secret = ElasticSettings(url="https://es.example", password=SecretStr("hunter2"), api_key=SecretStr("k-123"))
    made = basis(Settings(elasticsearch=secret, workers=7), ())
    assert set(made["settings"]) == {"elasticsearch.url"}
    for text in ("hunter2", "k-123", "es.example"):
        assert text not in repr(made)
    assert differences(PLAIN, made) == {"settings": ("elasticsearch.url",)}


def test_a_constraint_is_known_by_what_it_says() -> None:
    assert digest(HUB) == digest(Constraint(kind="never_group", left=("user:svc",)))
    assert digest(HUB) != digest(Constraint(kind="never_group", left=("user:svd",)))
