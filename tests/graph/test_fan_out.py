"""Many candidates at a time: they do run side by side, and who gets the last of a scarce budget is no race."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

from pydantic import JsonValue

from support.story import MONDAY, STEPS, Hit, hit, story
from triage.advisor import ModelAdvisor
from triage.advisor.budget import IncidentBudget, RunBudget
from triage.advisor.scripted import ScriptedModel, realistic
from triage.attack import load_techniques
from triage.config import InvestigateSettings, ModelSettings, Settings
from triage.fakes import FixedClock, HashEmbedder, MemorySource
from triage.investigation import InvestigationContext, ToolCall
from triage.models import AlertRef, Incident
from triage.ports import Window
from triage.session import Session
from triage.state import Dossier, RunContext

TEN = 10
WORDS = ("amber", "birch", "cedar", "dahlia", "ember", "fjord", "garnet", "hazel", "iris")
START = MONDAY + timedelta(days=3)
TOKENS = 2500


def ten_intrusions() -> list[Hit]:
    """The story, and its intrusion on nine more hosts that share nothing, hours apart."""
    more = [
        hit(f"{word}-{step}", _time(place, step), f"{rule} {word}", word, severity, technique, tactic)
        for place, word in enumerate(WORDS)
        for step, (rule, technique, tactic, severity) in enumerate(STEPS)
    ]
    for one in more:
        one["_source"]["user"]["name"] = f"user of {one['_source']['host']['name']}"
    return [*story(), *more]


def _time(place: int, step: int) -> datetime:
    return START + timedelta(hours=5 * place, minutes=step)


class MeetingToolbox:
    """Answers the first call of each investigation only once all ten wait for one."""

    def __init__(self, inner: InvestigationContext, barrier: Barrier) -> None:
        self._inner, self._barrier = inner, barrier

    def call(self, call: ToolCall, earlier: Sequence[ToolCall]) -> Mapping[str, JsonValue]:
        if not earlier:
            self._barrier.wait(60)
        return self._inner.toolbox.call(call, earlier)


class MeetingDossier:
    """A dossier whose tools meet."""

    def __init__(self, inner: Dossier, barrier: Barrier) -> None:
        self._inner, self._barrier = inner, barrier

    def brief(self, candidate: str) -> Any:
        return self._inner.brief(candidate)

    def context(self) -> InvestigationContext:
        context = self._inner.context()
        return replace(context, toolbox=MeetingToolbox(context, self._barrier))

    def samples(self) -> Mapping[str, tuple[AlertRef, ...]]:
        return self._inner.samples()


def run(output: Path, concurrency: int, **handles: Any) -> list[Incident]:
    def adapt(context: RunContext) -> RunContext:
        made = {name: make(context) for name, make in handles.items()}
        return replace(context, sources=(MemorySource(ten_intrusions()),), embedder=HashEmbedder(), **made)

    asking = InvestigateSettings(concurrency=concurrency, seconds=600, tool_seconds=120)
    with Session(Settings(output=output, workers=1, investigate=asking), adapt) as session:
        list(session.run(["memory"], Window(None, None), output))
        return [one for one in session.incidents() if one.disposition != "benign"]


def test_ten_candidates_are_investigated_at_a_time_with_the_result_of_one_at_a_time(tmp_path: Path) -> None:
    barrier = Barrier(TEN)
    found = run(tmp_path / "ten", TEN, dossier=lambda context: MeetingDossier(context.dossier, barrier))
    assert not barrier.broken
    assert len(found) == TEN
    run(tmp_path / "one", 1)
    assert (tmp_path / "ten/incidents.json").read_bytes() == (tmp_path / "one/incidents.json").read_bytes()


def advisor(_: RunContext) -> ModelAdvisor:
    scarce = ModelSettings(name="a:b", incident_tokens=TOKENS, run_tokens=3 * TOKENS, answer_tokens=100)
    return ModelAdvisor(ScriptedModel(realistic), scarce, load_techniques(), FixedClock(MONDAY))


def test_who_gets_what_a_scarce_budget_has_does_not_depend_on_how_many_are_at_work(tmp_path: Path) -> None:
    for concurrency in (1, TEN):
        found = run(tmp_path / str(concurrency), concurrency, advisor=advisor)
        used = [one.narrative.use.calls > 0 for one in found if one.narrative]
        assert (used.count(True), len(used)) == (3, TEN)
        assert sum(one.narrative.use.tokens for one in found if one.narrative) <= 3 * TOKENS
    results = [(tmp_path / name / "incidents.json").read_bytes() for name in ("1", str(TEN))]
    assert results[0] == results[1]


def test_who_comes_first_takes_nothing_from_who_is_more_urgent() -> None:
    settings = ModelSettings(name="a:b", incident_tokens=600, run_tokens=1000)
    shared, clock = RunBudget(1000), FixedClock(MONDAY)
    third, second, first = (IncidentBudget(settings, shared, clock, place) for place in (2, 1, 0))
    assert "for the run is used up" in third.why_not(1)
    assert "for the run is used up" in second.why_not(401)
    assert second.why_not(400) == ""
    assert first.why_not(600) == ""
