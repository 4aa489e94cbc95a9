"""kill -9 at any moment: every decision that was told is on disk, and none appears that was not made."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.incidents import incident
from support.states import publish
from triage.adapters.database import SqliteState

ROOT = Path(__file__).resolve().parents[2]

ANALYST = """
import sys
from pathlib import Path
from triage.config import Settings
from triage.desk.decisions import decision
from triage.session import Session

with Session(Settings(state=Path(sys.argv[1]))) as session:
    for number in range(int(sys.argv[2]), 10**9):
        if number % 5 == 4:
            step = session.undo()
        else:
            step = session.decide(decision("note", ["inc-1", "inc-2"], text=str(number)))
        print("undo" if step.undone else "note", step.decision.text, flush=True)
"""


def told(state: Path, first: int, lines: int) -> list[str]:
    """Let an analyst work until so many decisions were told, kill it there, and return all that it told."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ANALYST, str(state), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as analyst:
        assert analyst.stdout is not None
        read = [analyst.stdout.readline() for _ in range(lines)]
        analyst.send_signal(signal.SIGKILL)
        read += analyst.stdout.readlines()
    return [line.strip() for line in read if line.endswith("\n")]


def expected(lines: list[str]) -> list[str]:
    notes: list[str] = []
    for line in lines:
        act, _, text = line.partition(" ")
        if act == "note":
            notes.append(text)
        else:
            assert notes.pop() == text
    return notes


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_no_told_decision_is_lost_and_none_invented(tmp_path: Path) -> None:
    with SqliteState(tmp_path) as state:
        publish(state, [incident("inc-1"), incident("inc-2", rank=2)])
    dice, lines = random.Random(8), list[str]()
    for number in range(5):
        lines += told(tmp_path, number * 1_000_000, dice.randrange(1, 60))
        with SqliteState(tmp_path) as state:
            steps, statuses = state.decisions.steps(10**6), state.decisions.statuses()
            acts = [one for one in state.audit_entries(10**6) if one.action.startswith("decision.")]
            assert state.audit_broken_at() is None
        lines += _in_flight(lines, len(acts), [step.decision.text for step in steps])
        for name in ("inc-1", "inc-2"):
            assert [note.text for note in statuses[name].notes] == expected(lines)


def _in_flight(lines: list[str], acts: int, texts: list[str]) -> list[str]:
    """Return the one act that may be on disk though the analyst was killed before telling it."""
    assert acts - len(lines) in {0, 1}
    if acts == len(lines):
        return []
    notes = sum(line.startswith("note") for line in lines)
    return [f"note {texts[-1]}"] if len(texts) > notes else [f"undo {expected(lines)[-1]}"]
