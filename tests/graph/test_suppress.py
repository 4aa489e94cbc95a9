"""Suppression after real runs: the preview is exact, and nothing that was ever an attack is covered."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from support.story import Hit, story
from triage.cli import main
from triage.config import Settings
from triage.desk.decisions import decision
from triage.fakes import HashEmbedder
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(state=tmp_path / "state", workers=1), adapt=light) as opened:
        half = len(story()) // 2
        for number, hits in enumerate((story()[:half], story()[half:])):
            file = tmp_path / f"{number}.ndjson"
            file.write_bytes(b"\n".join(map(orjson.dumps, hits)) + b"\n")
            list(opened.run([str(file)], Window(None, None), None))
        yield opened


def everyday(session: Session) -> Incident:
    return next(one for one in session.incidents() if "Session opened" in one.title and one.disposition == "benign")


def test_the_preview_is_exactly_what_the_conditions_fit(session: Session) -> None:
    found = session.suppression_draft(everyday(session).incident_id)
    assert found.refused == ()
    wanted = {(one.rule, tuple((e.field, e.value) for e in one.entities)) for one in found.conditions}

    def fits(hit: Hit) -> bool:
        source = hit["_source"]
        says = {"host.name": source["host"]["name"], "user.name": source["user"]["name"]}
        return any(source["rule"]["name"] == rule and all(says[f] == v for f, v in fields) for rule, fields in wanted)

    expected = [hit["_id"] for hit in story() if fits(hit)]
    assert len(expected) > 20
    assert found.hidden.alerts == len(expected) == sum(found.hidden.outcomes.values())
    assert set(found.hidden.samples) <= {f"alerts-sensor/{name}" for name in expected}


def test_an_attack_is_never_covered(session: Session) -> None:
    worst = session.top(1)[0]
    assert worst.disposition == "attack"
    session.decide(decision("close", [worst.incident_id], reason="false_positive"), "ann")
    refused = session.suppression_draft(worst.incident_id)
    assert refused.conditions == ()
    assert any("was judged an attack" in why for why in refused.refused)


def test_a_true_positive_is_never_covered_whatever_came_after(session: Session) -> None:
    name = everyday(session).incident_id
    session.decide(decision("close", [name], reason="true_positive"), "ann")
    session.decide(decision("reopen", [name]), "ann")
    assert session.suppression_draft(name).refused == (
        f"it would hide alerts of {name}, which was closed as a true positive",
    )
    session.undo()
    session.undo()
    assert session.suppression_draft(name).refused == ()


def test_what_a_person_called_an_attack_in_a_sample_is_never_covered(session: Session) -> None:
    name, store = everyday(session).incident_id, session._store
    activity = session.activities(name)["activity"][0]
    store.history = store.history._replace(answers=lambda: {activity: "attack"})
    assert any("a person called an attack" in why for why in session.suppression_draft(name).refused)


def test_the_command_writes_files_and_nothing_else(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, before = everyday(session).incident_id, session.log()
    where = ["--state", str(tmp_path / "state")]
    sigma, elastic = tmp_path / "filter.yml", tmp_path / "items.json"
    files = ["--sigma", str(sigma), "--elastic", str(elastic)]
    assert main(["suppress", name, *files, "--for", "7d", "--json", *where]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [str(sigma), str(elastic)]
    assert json.loads(elastic.read_text())["draft_id"] == said["draft_id"]
    assert "condition: not 1 of harmless_*" in sigma.read_text()
    assert session.log() == before
    assert main(["suppress", name, *where]) == 0
    assert "written nowhere" in capsys.readouterr().out


def test_a_refusal_writes_no_file(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "filter.yml"
    worst = session.top(1)[0].incident_id
    assert main(["suppress", worst, "--sigma", str(file), "--state", str(tmp_path / "state")]) == 1
    assert "REFUSED" in capsys.readouterr().out
    assert not file.exists()


@pytest.mark.parametrize("lasts", ["0s", "400d", "for ever", ""])
def test_it_always_ends(tmp_path: Path, lasts: str) -> None:
    assert main(["suppress", "1", "--for", lasts, "--state", str(tmp_path / "state")]) == 2
