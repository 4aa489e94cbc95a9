"""Splitting, merging, moving and excluding after real runs: shown first, kept in one step, and taken back."""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from support.intrusions import FIRST, attack, hit
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.desk.decisions import Decision, decision
from triage.errors import UsageError
from triage.fakes import HashEmbedder
from triage.judgement.constraints import Constraint
from triage.judgement.links import Rules
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import Heuristics, RunContext

NIGHT = [*attack("fs01", "mallory", 0), *attack("db07", "trudy", 500, first=10)]
"""Two intrusions, hours and hosts apart: two incidents of four alerts and activities."""


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


@pytest.fixture(scope="module")
def after_a_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    with Session(Settings(state=folder / "state", workers=1), adapt=light) as opened:
        run(opened, folder, NIGHT)
    return folder / "state"


@pytest.fixture
def folder(after_a_night: Path, tmp_path: Path) -> Path:
    shutil.copytree(after_a_night, tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    with Session(Settings(state=folder, workers=1), adapt=light) as opened:
        yield opened


def run(session: Session, folder: Path, hits: Sequence[bytes]) -> None:
    file = folder / f"alerts-{len(list(folder.iterdir()))}.ndjson"
    file.write_bytes(b"\n".join(hits) + b"\n")
    list(session.run([str(file)], Window(None, None), None))


def shown(session: Session) -> list[Incident]:
    return [one for one in session.incidents() if one.disposition != "benign"]


def members(session: Session, incident_id: str) -> list[str]:
    return session.activities(incident_id)["activity"].to_list()


def about_fs01(session: Session) -> list[Incident]:
    return [one for one in shown(session) if any(entity.value == "fs01" for entity in one.entities)]


def bytes_of(session: Session) -> list[str]:
    return [one.model_dump_json() for one in session.incidents()]


def check(session: Session, folder: Path, alerts: int = len(NIGHT)) -> None:
    """The ledger is exact, and agrees with the incidents that are shown."""
    with SqliteState(folder) as state:
        stands = state.last_published() or ""
        ledger = state.ledger(stands)
        assert state.audit_broken_at() is None
    assert session.ledger_counts().accounted
    assert ledger.height == ledger.select("index", "alert_id").n_unique() == alerts
    counted = dict(ledger.group_by("incident_id").len().iter_rows())
    assert counted == {one.incident_id: one.alert_count for one in session.incidents()}
    for one in session.incidents():
        assert session.alerts(one.incident_id).height == one.alert_count
        assert session.alerts(one.incident_id).select("index", "id").is_duplicated().sum() == 0
    assert [one.rank for one in session.incidents()] == list(range(1, len(session.incidents()) + 1))


def test_a_split_is_shown_first_then_kept_and_taken_back_to_the_very_same(session: Session, folder: Path) -> None:
    before, whole = bytes_of(session), shown(session)[0]
    keys = members(session, whole.incident_id)
    wish = session.regrouping().split(whole.incident_id, keys[:1], reason="another hand")
    seen = session.regrouping().preview(wish)
    assert (seen.effect, len(seen.before), len(seen.after)) == ("splits", 1, 2)
    assert bytes_of(session) == before, "a preview changes nothing"
    assert session.log() == []
    kept = session.regrouping("ann").decide(wish)
    assert (kept.step.author, kept.why_later) == ("ann", "")
    assert len(shown(session)) == 3
    rest = session.incident(whole.incident_id)
    assert members(session, rest.incident_id) == keys[1:], "the larger part keeps the id"
    parts = {piece.incident_id: (piece.urgency, len(piece.activities)) for piece in seen.after}
    assert parts == {i.incident_id: (i.urgency, i.activity_count) for i in shown(session) if i.incident_id in parts}
    check(session, folder)
    assert session.statuses()[rest.incident_id].notes[0].text == "another hand"
    undone = session.undo()
    assert undone is not None
    assert undone.undone
    assert bytes_of(session) == before
    check(session, folder)
    assert session.redo() is not None
    assert len(shown(session)) == 3
    check(session, folder)


def test_an_alert_stands_for_its_activity(session: Session) -> None:
    whole = shown(session)[0]
    alert = session.alerts(whole.incident_id).row(0, named=True)
    by_alert = session.regrouping().split(whole.incident_id, alerts=[alert["id"]])
    assert by_alert == session.regrouping().split(whole.incident_id, [alert["activity"][:6]])


def test_merging_keeps_the_notes_of_both_and_a_later_run_honours_it(
    session: Session, folder: Path, tmp_path: Path
) -> None:
    first, second = (one.incident_id for one in shown(session))
    session.decide(decision("note", [second], text="seen on both"))
    session.regrouping().decide(session.regrouping().merge([first, second], "one intruder"))
    merged = shown(session)
    assert [one.alert_count for one in merged] == [8]
    assert any("an analyst joined these" in join.reason for join in merged[0].joins)
    texts = [note.text for note in session.statuses()[merged[0].incident_id].notes]
    assert texts == ["seen on both", "one intruder"]
    check(session, folder)
    run(session, tmp_path, [hit(30, "Log cleared", "fs01", "mallory", 14)])
    after = shown(session)
    assert [one.alert_count for one in after] == [9]
    assert after[0].incident_id == merged[0].incident_id
    assert session.changes()[after[0].incident_id] == "grown"
    told = session.diff()
    assert [(one.kinds[0], one.causes[0]) for one in told.incidents] == [("grown", "1 new alert")]


def test_diff_tells_a_regrouping_by_its_author_and_reason(session: Session) -> None:
    whole = shown(session)[0]
    regrouping = session.regrouping("ann")
    regrouping.decide(regrouping.split(whole.incident_id, members(session, whole.incident_id)[:1]))
    told = session.diff()
    assert {one.kinds[0] for one in told.incidents} == {"split", "shrunk"}
    assert all(any("ann said (decision 1)" in cause for cause in one.causes) for one in told.incidents)
    assert told.unchanged == 1
    assert set(told.differs) == {"constraints"}
    session.undo()
    assert {one.kinds[0] for one in session.diff().incidents} == {"merged", "grown"}
    assert all(any("ann took back" in cause for cause in one.causes) for one in session.diff().incidents)


def test_moving_takes_an_activity_along_with_its_alerts(session: Session, folder: Path) -> None:
    first, second = (one.incident_id for one in shown(session))
    key = members(session, first)[0]
    wish = session.regrouping().move(key, second)
    assert session.regrouping().preview(wish).effect == "moves"
    session.decide(wish)
    assert key in members(session, second)
    assert {session.incident(name).alert_count for name in (first, second)} == {3, 5}
    check(session, folder)
    with pytest.raises(UsageError, match="already"):
        session.regrouping().move(key, second)


def test_several_move_together_but_only_from_one_incident(session: Session) -> None:
    first, second = (one.incident_id for one in shown(session))
    here, there = members(session, first), members(session, second)
    wish = session.regrouping().move(here[:2], second)
    assert len(wish.constraints) == 2
    session.decide(wish)
    assert set(here[:2]) < set(members(session, second))
    with pytest.raises(UsageError, match="from one incident, not from 2"):
        session.regrouping().move([members(session, first)[0], there[0]], second)
    with pytest.raises(UsageError, match="not from 0"):
        session.regrouping().move([], second)


def test_an_excluded_entity_stays_out_of_later_runs(session: Session, tmp_path: Path) -> None:
    run(session, tmp_path, [hit(40, "Scan seen", "fs01", "scanner", 5)])
    whole = next(one for one in shown(session) if one.alert_count == 5)
    session.decide(session.regrouping().exclude(whole.incident_id, "user:scanner", "our own scanner"))
    assert session.incident(whole.incident_id).alert_count == 4
    run(session, tmp_path, [hit(41, "Another scan", "fs01", "scanner", 6)])
    assert session.incident(whole.incident_id).alert_count == 4
    for entity, words in (("user:mallory", "every activity"), ("user:nobody", "names")):
        with pytest.raises(UsageError, match=words):
            session.regrouping().exclude(whole.incident_id, entity)


def test_what_if_something_had_not_been_there(session: Session) -> None:
    before = bytes_of(session)
    whole = shown(session)[0]
    alert = session.alerts(whole.incident_id)["id"][0]
    regrouping = session.regrouping()
    assert regrouping.whatif(whole.incident_id, "join:1").effect in {"holds", "splits"}
    fewer = regrouping.whatif(whole.incident_id, alert)
    assert fewer.effect == "re-ranks"
    assert (fewer.before[0].alerts, fewer.after[0].alerts) == (4, 3)
    assert fewer.after[0].urgency < fewer.before[0].urgency
    assert regrouping.whatif(whole.incident_id, whole.timeline[0].activity).after == fewer.after
    host = next(f"{one.kind}:{one.value}" for one in whole.entities if one.kind == "host")
    assert regrouping.whatif(whole.incident_id, host).effect == "dissolves"
    user = next(f"{one.kind}:{one.value}" for one in whole.entities if one.kind == "user")
    assert regrouping.whatif(whole.incident_id, user).effect == "holds", "the host holds it, too"
    for nonsense in ("a999", "join:99", "zz..zz", "user:nobody"):
        with pytest.raises(UsageError):
            regrouping.whatif(whole.incident_id, nonsense)
    assert bytes_of(session) == before
    assert len(session.log()) == 0


def test_while_a_run_writes_the_decision_is_kept_for_the_next_one(
    session: Session, folder: Path, tmp_path: Path
) -> None:
    whole = shown(session)[0]
    wish = session.regrouping().split(whole.incident_id, members(session, whole.incident_id)[:1])
    with SqliteState(folder) as other, other.writing():
        kept = session.regrouping().decide(wish)
    assert (kept.run_id, kept.why_later) == ("", "a run is writing")
    assert session.regrouping().pending()
    assert len(shown(session)) == 2
    run(session, tmp_path, [hit(50, "Log cleared", "db07", "trudy", 514)])
    assert len(shown(session)) == 3
    assert not session.regrouping().pending()


def test_where_the_last_run_cannot_be_repeated_the_decision_counts_from_the_next_one_on(
    session: Session, folder: Path
) -> None:
    whole = shown(session)[0]
    wish = session.regrouping().split(whole.incident_id, members(session, whole.incident_id)[:1])
    joins_nothing = Heuristics(rules=Rules(threshold=2))

    def other(context: RunContext) -> RunContext:
        return dataclasses.replace(light(context), heuristics=joins_nothing)

    with Session(Settings(state=folder, workers=1), adapt=other) as changed:
        assert "make another grouping" in changed.regrouping().preview(wish).note
        kept = changed.regrouping().decide(wish)
    assert kept.run_id == ""
    assert "make another grouping" in kept.why_later
    assert len(shown(session)) == 2


def test_a_constraint_ends_when_it_expires(session: Session) -> None:
    past = Constraint(kind="never_group", left=("user:trudy",), until=FIRST)
    session.decide(decision("regroup", [], constraints=(past,)))
    assert session.regrouping().in_force() == []


def test_only_a_regrouping_has_constraints_and_it_has_some() -> None:
    hub = Constraint(kind="never_group", left=("user:a",))
    with pytest.raises(UsageError):
        decision("note", ["a"], text="x", constraints=(hub,))
    with pytest.raises(UsageError):
        decision("regroup", ["a"])


def test_wishes_that_make_no_sense_are_refused(session: Session) -> None:
    first = shown(session)[0].incident_id
    keys = members(session, first)
    regrouping = session.regrouping()
    for activities in ([], keys, ["nothing"]):
        with pytest.raises(UsageError):
            regrouping.split(first, activities)
    with pytest.raises(UsageError, match="two incidents"):
        regrouping.merge([first, first])
    with pytest.raises(UsageError):
        regrouping.move("nothing", first)
    with pytest.raises(UsageError):
        regrouping.split("inc-none", ["a"])


def test_a_decision_comes_back_from_the_log_as_it_was(session: Session) -> None:
    whole = shown(session)[0]
    wish = session.regrouping().split(whole.incident_id, members(session, whole.incident_id)[:2], reason="x")
    assert Decision.model_validate_json(wish.model_dump_json(exclude_defaults=True)) == wish
    session.decide(wish)
    assert session.log()[-1].decision == wish
    assert pl.Series([one.number for one in session.regrouping().in_force()]).unique().to_list() == [1]


def test_two_incidents_that_new_alerts_tie_together_become_one_and_keep_what_was_said(
    session: Session, folder: Path, tmp_path: Path
) -> None:
    run(session, tmp_path, attack("fs01", "mallory", 300, first=50))
    first, second = sorted(one.incident_id for one in about_fs01(session))
    for name in (first, second):
        session.decide(decision("note", [name], text=f"about {name}"))
    bridge = [
        hit(60 + step, f"Step {'abcdefgh'[step]}", "fs01", "mallory", minute)
        for step, minute in enumerate(range(40, 300, 35))
    ]
    run(session, tmp_path, bridge)
    (kept,) = about_fs01(session)
    gone = ({first, second} - {kept.incident_id}).pop()
    assert sorted(note.text for note in session.statuses()[kept.incident_id].notes) == [
        f"about {first}",
        f"about {second}",
    ]
    told = {one.incident_id: one for one in session.diff().incidents}
    assert told[gone].kinds == ("merged",)
    assert told[gone].others == (kept.incident_id,)
    assert told[kept.incident_id].kinds[0] == "grown"
    assert any(f"of {gone}" in cause for cause in told[kept.incident_id].causes)
    assert any("new alerts" in cause for cause in told[kept.incident_id].causes)
    with SqliteState(folder) as state:
        heirs = state.revisions.descent(state.last_published() or "")
    assert [(one.change, one.incident_id, one.origin) for one in heirs] == [("merged", kept.incident_id, gone)]
    assert "are part of it now" in heirs[0].reason
