"""A run killed while it talks to a language model: the same command ends as if nobody had killed it."""

import copy
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.story import NIGHT, Hit, story
from triage.advisor import ModelAdvisor, RunBudget
from triage.advisor.chat import Form, Reply
from triage.advisor.scripted import ScriptedModel, realistic
from triage.attack import load_techniques
from triage.config import InvestigateSettings, ModelSettings, Settings
from triage.fakes import FixedClock, HashEmbedder, MemorySource
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext
from triage.trust.gate import Prompt

ROOT = Path(__file__).resolve().parents[2]
NAME = "scripted:model"
PLENTY, SCARCE = 1_000_000, 8_000
"""Tokens for a run: for all questions of two incidents, and for those of one and a share of the next."""


class DeadlyModel(ScriptedModel):
    """Kills its process at a question of this number, after the model was asked and before its answer is kept."""

    def __init__(self, deadly: int) -> None:
        super().__init__(realistic, NAME)
        self._deadly = deadly

    def ask(self, prompt: Prompt, form: Form, limit: int) -> Reply:
        reply = super().ask(prompt, form, limit)
        if len(self.heard) == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return reply


def twice() -> list[Hit]:
    """Return the story with its intrusion on a second server on the day before."""
    hits = story()
    for hit in [one for one in hits if str(one["_id"]).startswith("a")]:
        other = copy.deepcopy(hit)
        source = other["_source"]
        at = datetime.fromisoformat(source["@timestamp"]) - timedelta(days=1)
        source |= {"@timestamp": at.isoformat(), "host": {"name": "db01"}, "user": {"name": "postgres"}}
        hits.append(other | {"_id": f"b{hit['_id']}"})
    return sorted(hits, key=lambda hit: str(hit["_source"]["@timestamp"]))


def run(output: Path, deadly: int = 0, run_tokens: int = PLENTY) -> int:
    """Run the two intrusions one after the other; return how many questions the model was asked."""
    model = DeadlyModel(deadly)
    settings = ModelSettings(name=NAME, run_tokens=run_tokens)

    def adapt(context: RunContext) -> RunContext:
        advisor = ModelAdvisor(model, settings, load_techniques(), FixedClock(NIGHT))
        return replace(context, sources=(MemorySource(twice()),), embedder=HashEmbedder(), advisor=advisor)

    with Session(Settings(output=output, workers=1, investigate=InvestigateSettings(concurrency=1)), adapt) as session:
        list(session.run(["memory"], Window(None, None), output))
    return len(model.heard)


def results(output: Path) -> tuple[bytes, bytes, Any]:
    """Return incidents, ledger, and the model's part of the summary."""
    summary = json.loads((output / "summary.json").read_text())
    return (output / "incidents.json").read_bytes(), (output / "ledger.csv.gz").read_bytes(), summary["model"]


def killed(place: Path, deadly: int, run_tokens: int) -> None:
    """Run in a process of its own, which is killed at a question of this number."""
    words = f"Path({str(place)!r}), {deadly}, {run_tokens}"
    code = f"from graph.test_model_killed import run, Path; run({words})"
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests"))
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (place / "incidents.json").exists()


def notes(output: Path) -> list[str]:
    """Return what the model's part of the summary notes."""
    return list(results(output)[2]["notes"])


@pytest.mark.parametrize("deadly", [2, 5], ids=["in the first incident", "in the second"])
def test_a_kill_between_two_answers_changes_nothing_and_counts_no_token_twice(tmp_path: Path, deadly: int) -> None:
    asked = run(tmp_path / "undisturbed", 0, PLENTY)
    killed(tmp_path / "killed", deadly, PLENTY)
    repeated = run(tmp_path / "killed", 0, PLENTY)
    assert repeated in {asked, asked // 2}, "incidents are asked about anew as a whole, unless their answers were kept"
    assert results(tmp_path / "killed") == results(tmp_path / "undisturbed")
    assert results(tmp_path / "killed")[2]["calls"] == asked


def test_the_budget_of_a_run_does_not_begin_anew(tmp_path: Path) -> None:
    run(tmp_path / "undisturbed", 0, SCARCE)
    assert any("tokens for the run is used up" in note for note in notes(tmp_path / "undisturbed"))
    killed(tmp_path / "killed", 4, SCARCE)
    run(tmp_path / "killed", 0, SCARCE)
    assert results(tmp_path / "killed") == results(tmp_path / "undisturbed")


def test_what_kept_branches_cost_is_charged_to_the_budget_of_the_run() -> None:
    budget = RunBudget(1000)
    advisor = ModelAdvisor(DeadlyModel(0), ModelSettings(name=NAME), load_techniques(), FixedClock(NIGHT), budget)
    advisor.charge(900)
    assert not budget.reserve(101)
    assert budget.reserve(100)
