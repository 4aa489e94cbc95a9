"""``triage respond`` as a script sees it: exact names, plain answers, nothing hostile on the terminal."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.responding import ISOLATE, planned
from support.states import publish
from triage.adapters.database import SqliteState
from triage.cli import main
from triage.models import Evidence

HOSTILE = "\x1b]0;x\x07=1+1\u202e"
CONFIG = """
[respond]
leads = ["{me}"]
[[connector]]
name = "soar"
kind = "webhook"
measures = ["isolate_host"]
url = "http://127.0.0.1:9/"
retries = 0
"""
Shell = Callable[..., str]


@pytest.fixture
def triage(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr("triage.session.user", lambda: "lena")
    fact = Evidence(evidence_id="E1", statement=f"host:dc01 says {HOSTILE}", tool="condense")
    hostile = ISOLATE.model_copy(update={"step_id": "isolate_host-2", "action": HOSTILE, "reason": HOSTILE})
    found = planned().model_copy(update={"evidence": (fact,), "response_plan": (ISOLATE, hostile)})
    with SqliteState(tmp_path / "state") as state:
        publish(state, [found])
    config = tmp_path / "triage.toml"
    config.write_text(CONFIG.format(me="lena"))

    def run(*words: str, code: int = 0) -> str:
        assert main(["respond", *words, "--state", str(tmp_path / "state"), "--config", str(config)]) == code
        said = capsys.readouterr()
        assert all(line.isprintable() for line in (said.out + said.err).splitlines())
        return said.out + said.err

    return run


def read(text: str) -> Any:
    return json.loads(text)


def test_the_way_of_a_step(triage: Shell) -> None:
    assert "no request" in triage("list")
    assert "would: POST" in triage("dry-run", "1", "1")
    request = read(triage("propose", "1", "isolate_host-1", "--json"))
    name = request["request_id"]
    assert (request["state"], request["action"]["target"]) == ("waiting", "dc01")
    assert f"approve {name} --confirm dc01" in triage("status", name)
    assert "exact name" in triage("approve", name, "--confirm", "dc02", code=2)
    assert read(triage("list", "--open", "--json"))[0]["state"] == "waiting"
    said = triage("approve", name, "--confirm", "dc01", code=1)
    assert "nothing was sent" in said
    assert triage("list", "--open") == "no request; 'triage respond propose INCIDENT STEP' makes one\n"


def test_a_rejection_has_its_reason(triage: Shell) -> None:
    name = read(triage("propose", "1", "1", "--json"))["request_id"]
    assert "rejected by lena" in triage("reject", name, "--why", f"no {HOSTILE}")
    assert "rejected already" in triage("approve", name, "--confirm", "dc01", code=2)


@pytest.mark.parametrize("words", [("status", "rsp-x"), ("propose", "1", "9"), ("propose", "9", "1"), ("approve", "x")])
def test_wrong_use(triage: Shell, words: tuple[str, ...]) -> None:
    assert triage(*words, code=2).startswith("triage: ")


def test_a_plan_with_its_citations_in_three_forms(triage: Shell, tmp_path: Path) -> None:
    plan = read(triage("plan", "1", "--format", "json"))
    assert [step["number"] for step in plan["steps"]] == [1, 2]
    assert plan["steps"][0]["cited"][0]["evidence_id"] == "E1"
    assert "- [ ] 1. **Isolate host dc01** (lead)" in triage("plan", "1")
    file = tmp_path / "plan.csv"
    assert "written to" in triage("plan", "1", "--format", "csv", "--file", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert rows[0]["step_id"] == "isolate_host-1"
    assert rows[0]["cited"].startswith("[E1] host:dc01 says")
    assert all(cell.isprintable() and not cell.startswith("=") for row in rows for cell in row.values())
