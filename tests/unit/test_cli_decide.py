"""Filters and decisions as commands: what a script sees, and that nothing hostile gets through."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.incidents import incident
from support.states import publish
from triage.adapters.database import SqliteState
from triage.cli import main
from triage.cli.decide import until
from triage.errors import UsageError
from triage.models import Entity, EntityKind

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07[bold]=1+1 \u202eexe.gnp"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    address = Entity(kind=EntityKind.ADDRESS, value="8.8.4.4", alert_count=1)
    found = [incident(f"inc-{rank}", rank=rank) for rank in range(1, 4)]
    found[1] = found[1].model_copy(update={"title": HOSTILE, "entities": (address,), "urgency": 20.0})
    benign = incident("everyday-1", rank=4).model_copy(update={"disposition": "benign"})
    with SqliteState(tmp_path / "state") as opened:
        publish(opened, [*found, benign])
    return tmp_path / "state"


class Shell:
    """Runs commands on one state."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._state = state
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        assert main([*words, "--state", str(self._state)]) == code
        said = self._capsys.readouterr()
        assert all(line.isprintable() for line in (said.out + said.err).splitlines())
        return said.out if code == 0 else said.out + said.err

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    def listed(self, *words: str) -> Sequence[str]:
        return [one["incident_id"] for one in self.json("list", *words)]


@pytest.fixture
def triage(state: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(state, capsys)


def test_the_loop_of_an_analyst(triage: Shell) -> None:
    assert triage.listed() == ["inc-1", "inc-2", "inc-3"]
    assert "closed inc-1 as false positive" in triage("close", "1", "--reason", "fp", "--note", "a test")
    assert triage.listed() == ["inc-2", "inc-3"]
    assert triage.listed("is:closed reason:fp") == ["inc-1"]
    assert "undone: closed inc-1" in triage("undo")
    assert triage.listed() == ["inc-1", "inc-2", "inc-3"]
    assert "done again" in triage("redo")
    assert triage.listed("-is:closed", "disposition:attack") == ["inc-2", "inc-3"]
    assert triage.listed("--all")[-1] == "everyday-1"


def test_every_decision_is_a_command(triage: Shell) -> None:
    assert "acknowledged 2 incidents (inc-1, inc-2)" in triage("ack", "1", "inc-2")
    assert "to bo" in triage("assign", "inc-1", "2", "bo")
    assert "escalated inc-1" in triage("escalate", "1")
    assert "noted on inc-1" in triage("note", "1", "look at this")
    assert "snoozed inc-3 until" in triage("snooze", "inc-3", "4h")
    assert "reopened everyday-1" in triage("reopen", "everyday")
    assert triage.listed() == ["inc-1", "inc-2", "everyday-1"]
    assert triage.listed("is:escalated assignee:bo note:look is:acknowledged") == ["inc-1"]
    shown = triage("list", "is:noted")
    assert "escalated, assigned to bo, acknowledged, 1 note" in shown
    assert len(triage.json("log")) == 6
    assert triage.json("log", "--limit", "1")[0]["decision"]["kind"] == "reopen"


def test_bulk_names_are_ranks_ids_and_beginnings_each_once(triage: Shell) -> None:
    step = triage.json("close", "1", "inc-1", "inc-2", "--reason", "duplicate")
    assert step["decision"]["incident_ids"] == ["inc-1", "inc-2"]
    assert step["undone"] is False


def test_hostile_notes_are_shown_as_text(triage: Shell) -> None:
    triage("note", "2", HOSTILE)
    for words in (["list"], ["log"], ["show", "2"], ["copy", "2", "--as", "markdown"], ["copy", "2", "--as", "json"]):
        assert "\x1b" not in triage(*words)
    assert "[bold]" in triage("log")
    assert "[bold]" in triage("show", "2").partition("Decided")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "colour:red"], "'colour' is no field"),
        (["list", "urgency:>x"], "character 9"),
        (["list", "--al"], "no option"),
        (["close", "1"], "--reason"),
        (["close", "1", "--reason", "boredom"], "boredom"),
        (["close", "9", "--reason", "fp"], "rank 9"),
        (["close", "inc", "--reason", "fp"], "fits several"),
        (["close", "--reason", "fp"], "INCIDENT"),
        (["snooze", "1", "soon"], "4h"),
        (["snooze", "1", "2020-01-01"], "time to come"),
        (["note", "1", " "], "needs a text"),
        (["copy", "1", "--as", "smoke"], "smoke"),
        (["export", "x", "--format", "xml"], "xml"),
    ],
)
def test_wrong_use_is_said(words: list[str], said: str, triage: Shell) -> None:
    assert said in triage(*words, code=2)
    assert triage.json("log") == []


def test_nothing_to_undo_ends_with_1(triage: Shell) -> None:
    assert "nothing to be undone" in triage("undo", code=1)
    assert "nothing to be done again" in triage("redo", code=1)
    assert "nothing was decided" in triage("log")


def test_copies(triage: Shell) -> None:
    assert triage("copy", "2", "--as", "iocs", "--defang") == "8[.]8[.]4[.]4\n"
    assert "no indicator" in triage("copy", "1", "--as", "iocs", code=1)
    assert 'host.name : "dc01"' in triage("copy", "1", "--as", "kql")
    assert triage("copy", "1", "--as", "esql").startswith("FROM ")
    assert triage.json("copy", "1", "--as", "ids") == {"incident_id": "inc-1", "as": "ids", "text": "inc-1"}


def test_exports(triage: Shell, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(triage("export", "urgency:<30", "-", "--format", "csv"))))
    assert [row["incident_id"] for row in rows] == ["inc-2"]
    for form in ("jsonl", "markdown", "stix"):
        file = tmp_path / f"x.{form}"
        assert triage.json("export", str(file), "--all", "--format", form)["incidents"] == 4
        assert file.stat().st_size > 100
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4h", NOW + timedelta(hours=4)),
        ("2d", NOW + timedelta(days=2)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T08:00+02:00", datetime(2027, 1, 31, 6, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_snooze(text: str, expected: datetime) -> None:
    assert until(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "99999999d"])
def test_no_end_of_a_snooze(text: str) -> None:
    with pytest.raises(UsageError, match="4h"):
        until(text, NOW)
