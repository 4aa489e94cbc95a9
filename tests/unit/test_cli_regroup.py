"""``triage split`` and its kin, ``constrain``, ``whatif`` and ``diff`` as commands."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from triage.cli import main
from triage.config import Settings
from triage.fakes import HashEmbedder
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOSTILE = "\x1b[31mred\u202e"
Command = Callable[..., Any]


def hit(number: int, rule: str, host: str, minute: int) -> bytes:
    source = {
        "@timestamp": (FIRST + timedelta(minutes=minute)).isoformat(),
        "event": {"kind": "alert", "module": "endpoint", "severity": 90},
        "rule": {"name": rule},
        "host": {"name": host},
        "user": {"name": f"user-of-{host}"},
        "message": rule,
    }
    return orjson.dumps({"_index": "alerts", "_id": f"a{number}", "_source": source})


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


def opened(settings: Settings) -> Session:
    return Session(settings, adapt=light)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    rules = ("Credential dumping", f"Ransom note {HOSTILE}", "Shadow copies deleted")
    hits = [hit(n, rule, "fs01", n) for n, rule in enumerate(rules)]
    hits += [hit(10 + n, rule, "db07", 600 + n) for n, rule in enumerate(rules)]
    file = tmp_path / "alerts.ndjson"
    file.write_bytes(b"\n".join(hits) + b"\n")
    folder = tmp_path / "state"
    with opened(Settings(state=folder, workers=1)) as session:
        list(session.run([str(file)], Window(None, None), None))
    return folder


@pytest.fixture
def triage(state: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*words, "--state", str(state)], session=opened) == code
        out = capsys.readouterr()
        text = out.out or out.err
        assert "\x1b" not in text
        assert "\u202e" not in text
        return json.loads(text) if "--json" in words else text

    return command


def test_without_yes_nothing_is_kept(triage: Command) -> None:
    said = triage("merge", "1", "2")
    assert "become 1" in said
    assert "nothing is changed yet" in said
    assert len(triage("list", "--json")) == 2
    assert "nothing was decided" in triage("log")


def test_merge_split_and_undo(triage: Command) -> None:
    kept = triage("merge", "1", "2", "--yes", "--note", f"one hand {HOSTILE}", "--json")
    assert (kept["outlook"]["effect"], kept["kept"]["step"], kept["kept"]["why_later"]) == ("merges", 1, "")
    (merged,) = triage("list", "--json")
    assert merged["alert_count"] == 6
    assert "belong together" in triage("log")
    assert "one hand" in triage("constrain")
    assert "splits" in triage("split", "1", "--alert", "a0", "--alert", "a1", "--yes")
    assert sorted(one["alert_count"] for one in triage("list", "--json")) == [2, 4]
    assert "undone: regrouped" in triage("undo")
    assert "undone: regrouped" in triage("undo")
    assert [one["alert_count"] for one in triage("list", "--json")] == [3, 3]
    assert "done again: regrouped" in triage("redo")
    assert len(triage("list", "--json")) == 1


def test_move_exclude_and_constrain(triage: Command) -> None:
    first, second = (one["incident_id"] for one in triage("list", "--json"))
    assert "moves" in json.dumps(triage("move", "a0", "--to", second, "--yes", "--json"))
    triage("undo")
    assert "no activity" in triage("exclude", first, "user:nobody", code=2)
    told = triage("constrain", "user:user-of-fs01", "--until", "30d", "--note", "shared account", "--json")
    assert told["run_id"]
    (listed,) = triage("constrain", "--json")
    assert listed["constraint"]["left"] == ["user:user-of-fs01"]
    assert listed["reason"] == "shared account"
    within = triage("constrain", "signature:0", "--within", first, "--json")
    assert len(within["decision"]["constraints"][0]["scope"]) == 3
    assert "time to come" in triage("constrain", "user:x", "--until", "2020-01-01", code=2)
    assert "entity such as" in triage("constrain", "nonsense", code=2)


def test_whatif_and_diff(triage: Command) -> None:
    first = triage("list", "--json")[0]["incident_id"]
    found = triage("whatif", first, "--without", "a0", "--json")
    assert found["before"][0]["alerts"] - found["after"][0]["alerts"] == 1
    assert "without alert a0" in triage("whatif", first, "--without", "a0")
    assert "no alert, activity" in triage("whatif", first, "--without", "a77", code=2)
    assert "no two published runs" in triage("diff", code=2)
    triage("split", first, "--alert", "a0", "--yes")
    told = triage("diff", "--json")
    assert {kind for one in told["incidents"] for kind in one["kinds"]} >= {"split", "shrunk"}
    text = triage("diff", "run-000001", "run-000002")
    assert "because:" in text
    assert triage("diff", "run-000002") == text
    for names in (("run-000002", "run-000001"), ("run-9", "run-000002"), ("../../etc", "run-000002")):
        triage("diff", *names, code=2)
