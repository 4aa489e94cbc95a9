"""A whole run with a calendar: what it explains is a benign group that says so, and without it the group is shown."""

import dataclasses
from pathlib import Path

import pytest

from triage.config import Settings
from triage.fakes import HashEmbedder
from triage.generator import ScenarioSpec, generate, write
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

SPEC = ScenarioSpec(name="patch", seed=4, days=8, entities=60, benign=("admin-work", "failed-logons", "patch-rollout"))


def hashing(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


def patch_night(folder: Path, **calendar: object) -> Incident:
    alerts = write(generate(SPEC), folder / "case")
    settings = {"output": folder / "out", "state": folder / "state", "workers": 1, "calendar": calendar}
    with Session(Settings.model_validate(settings), adapt=hashing) as session:
        for _ in session.run([str(alerts)], Window(None, None), folder / "out"):
            pass
        incidents = session.incidents()
    return next(one for one in incidents if "T1489" in one.techniques and not one.title.startswith("Everyday"))


@pytest.mark.parametrize("decides", [True, False])
def test_the_calendar_decides_unless_it_may_only_argue(tmp_path: Path, decides: bool) -> None:
    found = patch_night(tmp_path, file=tmp_path / "case" / "calendar.csv", decides=decides)
    assert (found.disposition == "benign") is decides
    assert found.verdict_reason.startswith("planned: patch 'Patch night of all Windows servers'") is decides
    assert any(fact.tool == "planned_changes" and fact.supports == "benign" for fact in found.evidence)
    assert found.urgency > 45
    assert found.cause is not None
    assert found.cause.name == ("roll-out" if decides else found.cause.name)


def test_without_a_calendar_it_is_shown(tmp_path: Path) -> None:
    assert patch_night(tmp_path).disposition != "benign"
