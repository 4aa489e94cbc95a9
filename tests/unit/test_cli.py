import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from triage.cli import main
from triage.cli.app import COMMANDS
from triage.cli.common import safe
from triage.cli.queue import bar
from triage.config import Settings
from triage.desk.decisions import Change, Status
from triage.desk.filters import Filter, parse
from triage.errors import SourceMissing, UsageError
from triage.events import Check, Event, Notice, Progress, RunEnded, StageEnded, StageStarted
from triage.judgement.confidence import Calibration, load_calibration
from triage.models import (
    AlertRef,
    Entity,
    EntityKind,
    Evidence,
    Incident,
    Incompleteness,
    Join,
    ResponseStep,
    RunCounts,
    TimelineEntry,
    UrgencyPart,
)
from triage.ports import Whereabouts, Window
from triage.session import Session

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]not markup[/] \u202egnp.exe\u200b"
COUNTS = RunCounts(read=20, already_judged=3, repeated=1, incident=9, benign=5, duplicate=1, dead_letter=1)


def incident(rank: int, disposition: str = "attack", title: str = "Ransomware on fs01") -> Incident:
    entry = TimelineEntry(
        activity="act-1",
        first_seen=START,
        last_seen=START + timedelta(hours=1),
        alert_count=7,
        detector="wazuh",
        rule="Shadow copies deleted",
        entities=("host:fs01",),
        severity=73,
    )
    return Incident.model_validate(
        {
            "incident_id": f"inc-{rank:04}",
            "rank": rank,
            "urgency": 90 - rank,
            "urgency_parts": (UrgencyPart(name="severity", points=50, why="highest alert"),),
            "disposition": disposition,
            "verdict_reason": "three tactics in order",
            "title": title,
            "summary": "Someone deleted the shadow copies [E1].",
            "first_seen": START,
            "last_seen": START + timedelta(hours=1),
            "alert_count": 9,
            "activity_count": 2,
            "entities": (Entity(kind=EntityKind.HOST, value=HOSTILE, alert_count=9),),
            "techniques": ("T1490",),
            "tactics": ("impact",),
            "detectors": ("wazuh",),
            "evidence": (Evidence(evidence_id="E1", statement="7 alerts on fs01", tool="around", alert_count=7),),
            "joins": (
                Join(left="act-1", right="act-2", reason="same host", strength=0.9),
                Join(left="act-2", right="act-3", reason="same minute", strength=0.3, weakest=True),
            ),
            "timeline": (entry,),
            "benign_reading": "a backup job was being tested",
            "missing_evidence": ("no process tree",),
            "would_flip": ("a change ticket",),
            "response_plan": (
                ResponseStep(phase="containment", action="isolate", target="fs01", reason="spreads", evidence=("E1",)),
            ),
        }
    )


class FakeSession(Session):
    """Answers from memory, without a state; class attributes are what a test sets."""

    counts = COUNTS
    problems: tuple[Incompleteness, ...] = ()
    found: tuple[Incident, ...] = (incident(1), incident(2, "suspicious", HOSTILE), incident(3, "benign", "Backup"))

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.asked: list[object] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def run(self, sources: Sequence[str], window: Window, output: Path | None) -> Iterator[Event]:
        self.asked.append((sources, window, output))
        yield StageStarted("pull")
        yield Progress("pull", 10, 20)
        yield Notice("warning", HOSTILE)
        yield StageEnded("pull", 0.5, {"alerts": 20})
        status = "incomplete" if self.problems else "done"
        yield RunEnded("run-1", status, self.counts, self.problems, str(output or ""))  # type: ignore[arg-type]

    def incidents(self, run_id: str | None = None) -> Sequence[Incident]:
        assert run_id is None
        return self.found

    def incident(self, id_or_prefix: str) -> Incident:
        for each in self.found:
            if each.incident_id.startswith(id_or_prefix):
                return each
        raise UsageError(f"no incident is called {id_or_prefix}")

    def explain(self, alert_id: str) -> Sequence[Whereabouts]:
        if alert_id != "a1":
            return []
        return [Whereabouts(AlertRef("alerts", "a1"), "incident", "inc-0001", "act-1", "run-1", "joined by host")]

    def statuses(self) -> Mapping[str, Status]:
        return {}

    def changes(self) -> Mapping[str, Change]:
        return {}

    def calibration(self) -> Calibration:
        return load_calibration()

    def filter(self, text: str) -> Filter:
        return parse(text)

    def summary(self) -> Mapping[str, Any]:
        return {"status": "done"}

    def ledger_counts(self) -> RunCounts:
        return self.counts

    def checks(self) -> Iterator[Check]:
        yield Check("state", True, "writable", "")
        yield Check("elasticsearch", False, "connection refused", "is it running?")

    def understanding(self, sources: Sequence[str] = ()) -> Iterator[Check]:
        yield from (Check(f"understood {source}", True, "2 sampled, read as ecs", "") for source in sources)


class EmptySession(FakeSession):
    counts = RunCounts(read=4, already_judged=4)
    found = ()


class TornSession(FakeSession):
    problems = (Incompleteness(source="es", reason="shard 3 failed", advice="run again"),)


class LeakySession(FakeSession):
    counts = RunCounts(read=5, incident=4)


class FailingSession(FakeSession):
    error: BaseException = SourceMissing(f"a.ndjson: there is no such file {HOSTILE}")

    def run(self, sources: Sequence[str], window: Window, output: Path | None) -> Iterator[Event]:
        yield from super().run(sources, window, output)
        raise self.error


class BrokenSession(FailingSession):
    error = RuntimeError("a bug")


class InterruptedSession(FailingSession):
    error = KeyboardInterrupt()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in [name for name in os.environ if name.startswith("TRIAGE_")]:
        monkeypatch.delenv(name)


def harmless(text: str) -> bool:
    return not any(char in text for char in "\x1b\x07\u202e\u200b")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(f"  {name} " in page for name in COMMANDS)
    assert "Exit codes: 0 done, 1 failed, 2 wrong use, 3 done but incomplete" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    page = capsys.readouterr().out
    assert "Usage:" in page
    assert "--json" in page or name == "tui"  # the UI shows, it does not print


def test_run_shows_queue_and_sums(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "a.ndjson", "--output", "out"], FakeSession) == 0
    out, err = capsys.readouterr()
    assert "Ransomware on fs01" in out
    assert "1 benign groups with 9 alerts" in out
    assert "every document has exactly one outcome" in out
    assert "written to out" in out
    assert "pull" in err
    assert "20 alerts" in err
    assert harmless(out + err)
    assert "[bold red]not markup[/]" in err


def test_run_passes_flags_on_as_settings() -> None:
    made: list[FakeSession] = []

    def make(settings: Settings) -> FakeSession:
        made.append(FakeSession(settings))
        return made[0]

    flags = ["--index", "alerts-*", "--query", "a:b", "--workers", "3", "--state", "s", "--since", "2026-01-31"]
    assert main(["run", "x", "y", *flags, "--until", "2026-02-01"], make) == 0
    settings = made[0].settings
    assert (settings.elasticsearch.index, settings.elasticsearch.query) == ("alerts-*", "a:b")
    assert (settings.workers, settings.state) == (3, Path("s"))
    window = Window(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert made[0].asked == [(("x", "y"), window, None)]


def test_an_incomplete_run_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "x"], TornSession) == 3
    out = capsys.readouterr().out
    assert "INCOMPLETE" in out
    assert "shard 3 failed -> run again" in out


def test_run_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "x", "--json"], TornSession) == 3
    end = json.loads(capsys.readouterr().out)
    assert (end["status"], end["accounted"], end["counts"]["read"]) == ("incomplete", True, 20)
    assert end["incomplete"][0]["reason"] == "shard 3 failed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "no source"),
        (["run", "https://me:hush@es:9200"], "must not carry credentials"),
        (["run", "x", "--since", "2026-02-02", "--until", "2026-02-01"], "window is empty"),
        (["run", "x", "--since", "soon"], "pull.since"),
        (["run", "x", "--workers", "many"], "--workers"),
        (["run", "x", "--workers", "1000"], "workers"),
        (["run", "x", "--config", "none.toml"], "none.toml"),
        (["nonsense"], "nonsense"),
        (["show"], "INCIDENT"),
        (["show", "unknown"], "unknown"),
        (["show", "77"], "77"),
    ],
)
def test_wrong_use_is_one_sentence_and_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words, FakeSession) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("triage: ")
    assert said in err
    assert err.count("\n") == 1
    assert "hush" not in err


def test_failures_are_one_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "x"], FailingSession) == 1
    err = capsys.readouterr().err
    assert "there is no such file" in err
    assert harmless(err)
    assert main(["run", "x"], BrokenSession) == 1
    err = capsys.readouterr().err
    assert "internal error" in err
    assert "Traceback" not in err
    assert main(["run", "x", "--debug"], BrokenSession) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_says_that_the_same_command_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "x"], InterruptedSession) == 130
    assert "the same command goes on where it stopped" in capsys.readouterr().err


def test_list_sums_up_benign_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"], FakeSession) == 0
    out = capsys.readouterr().out
    assert out.index("inc-0001") < out.index("inc-0002")
    assert "inc-0003" not in out
    assert "1 benign groups" in out
    assert harmless(out)
    assert main(["list", "--all"], FakeSession) == 0
    assert "inc-0003" in capsys.readouterr().out


def test_list_as_json_is_safe_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--all", "--json"], FakeSession) == 0
    out = capsys.readouterr().out
    assert harmless(out)
    listed = json.loads(out)
    assert [each.pop("status")["state"] for each in listed] == ["open"] * 3
    stated = [each.pop("confidence") for each in listed]
    assert [Incident.model_validate(each) for each in listed] == list(FakeSession.found)
    assert all(0 < one < 1 for one in stated[:2])
    assert stated[2] is None  # benign: withheld


def test_an_empty_queue_points_to_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"], EmptySession) == 0
    assert "triage ledger" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["inc-0001", "1"])
def test_show_answers_what_an_analyst_asks(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name], FakeSession) == 0
    out = capsys.readouterr().out
    for text in (
        "Ransomware on fs01",
        "+50.0  severity",
        "Someone deleted the shadow copies [E1].",
        "[E1] 7 alerts on fs01",
        "same minute  <- weakest link",
        "Shadow copies deleted",
        "a backup job was being tested",
        "no process tree",
        "a change ticket",
        "containment: isolate",
        "T1490",
    ):
        assert text in out, text
    assert harmless(out)
    assert out.index("same minute") < out.index("same host"), "the weakest link comes first"


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "inc-0002", "--json"], FakeSession) == 0
    assert json.loads(capsys.readouterr().out)["incident_id"] == "inc-0002"


def test_explain_tells_where_an_alert_went(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "a1"], FakeSession) == 0
    out = capsys.readouterr().out
    assert "alerts/a1: incident" in out
    assert "joined by host" in out
    assert main(["explain", "a1", "--json"], FakeSession) == 0
    assert json.loads(capsys.readouterr().out)[0]["ref"] == {"index": "alerts", "id": "a1"}
    assert main(["explain", "a2"], FakeSession) == 1
    assert "a2" in capsys.readouterr().err


def test_ledger_shows_sums_that_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger"], FakeSession) == 0
    out = capsys.readouterr().out
    assert "= 16  alerts, of which" in out
    assert "every document has exactly one outcome" in out
    assert main(["ledger", "--json"], FakeSession) == 0
    assert json.loads(capsys.readouterr().out)["accounted"] is True


def test_ledger_that_does_not_add_up_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger"], LeakySession) == 1
    assert "DO NOT ADD UP" in capsys.readouterr().out


def test_ledger_says_why_there_is_no_incident(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger"], EmptySession) == 0
    assert "no incident: all that was read had been judged before" in capsys.readouterr().out


def test_doctor_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"], FakeSession) == 1
    out = capsys.readouterr().out
    assert "is it running?" in out
    assert "1 of 2 checks failed" in out
    assert main(["doctor", "--json"], FakeSession) == 1
    assert [check["ok"] for check in json.loads(capsys.readouterr().out)] == [True, False]
    assert main(["doctor", "a.ndjson"], FakeSession) == 1
    assert "understood a.ndjson" in capsys.readouterr().out


def test_init_writes_a_file_that_loads_and_never_overwrites(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    written = Path("triage.toml").read_text(encoding="utf-8")
    assert main(["init"]) == 2
    assert Path("triage.toml").read_text(encoding="utf-8") == written
    assert main(["config"]) == 0
    capsys.readouterr()


def test_config_shows_origins_and_masks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("triage.toml").write_text("workers = 2\n", encoding="utf-8")
    monkeypatch.setenv("TRIAGE_ELASTICSEARCH__API_KEY", "hush")
    assert main(["config", "--json", "--state", "s"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert shown["workers"] == {"value": "2", "origin": "triage.toml:1"}
    assert shown["state"]["origin"] == "flag"
    assert shown["elasticsearch.api_key"] == {"value": "********", "origin": "environment"}
    assert "hush" not in out


def test_version_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--json"]) == 0
    assert {"soc-triage", "python", "langgraph"} <= set(json.loads(capsys.readouterr().out))


def test_alert_text_is_never_markup_nor_control() -> None:
    shown = safe(HOSTILE)
    assert harmless(shown.plain)
    assert "[bold red]not markup[/]" in shown.plain
    assert not shown.spans


def test_the_bar_is_as_long_as_the_urgency() -> None:
    assert bar(0).plain == "  0 ░░░░░░░░░░"
    assert bar(100).plain == "100 ██████████"
    assert bar(55).plain.count("█") == 6


def on_a_terminal(words: Sequence[str], env: Mapping[str, str]) -> bytes:
    """Run the command with a terminal as its stdout and return what it wrote there."""
    ours, theirs = pty.openpty()
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui"))
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "TERM": "xterm-256color", **env}
    process = subprocess.Popen([sys.executable, "-m", "triage", *words], stdout=theirs, stderr=theirs, env=given)
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait() == 0
    return written


def test_colours_only_on_a_terminal_and_not_with_no_color() -> None:
    assert b"\x1b[1m" in on_a_terminal(["config", "--state", "s"], {})
    assert b"\x1b[3" not in on_a_terminal(["config", "--state", "s"], {"NO_COLOR": "1"})
