"""Node consult: the model's part of one investigation, its look-ups, and the one thing it may add to the urgency."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from support.briefs import activity, candidate
from support.fake_search import START, FakeSearch, StepClock, row
from triage.adapters.assets import EmptyAssets
from triage.advisor import ModelAdvisor
from triage.advisor.advisor import RAISED
from triage.advisor.chat import Form
from triage.advisor.scripted import ScriptedModel, hostile, obedient, realistic
from triage.attack import load_techniques
from triage.config import InvestigateSettings, ModelSettings
from triage.errors import ModelError
from triage.fakes import FixedClock
from triage.investigation import CandidateBrief, Investigation, InvestigationContext
from triage.models import EntityRef, UrgencyPart
from triage.nodes.investigate import build_investigation, investigate
from triage.record.incidents import from_investigation
from triage_tools import ToolLimits, build_tools
from triage_tools.policy import PolicedTools

HOUR = timedelta(hours=1)
TECHNIQUES = load_techniques()
GRAPH = build_investigation().compile(checkpointer=False)
ROWS = [
    *(row(-24 * HOUR * day, "Usual", "host:web01") for day in range(1, 5)),
    row(timedelta(), "Odd thing.", "host:web01", "user:mallory"),
    row(5 * HOUR, "Stolen ticket", "host:db01", "user:mallory"),
]
Script = Callable[[str, Form], str]


def brief(**more: Any) -> CandidateBrief:
    return candidate(
        activity(novelty=0.9, entities=(EntityRef("host", "", "web01"), EntityRef("user", "", "mallory"))), **more
    )


def many_rules() -> CandidateBrief:
    """A candidate with more rules than the playbook looks up."""
    refs = (EntityRef("host", "", "web01"), EntityRef("user", "", "mallory"))
    return candidate(*(activity(n, rule=f"Odd {n}", minute=n, novelty=0.9, entities=refs) for n in range(4)))


def examined(
    script: Script | None, about: CandidateBrief | None = None, calls: int = 24, **model: Any
) -> tuple[Investigation, ScriptedModel | None]:
    scripted = ScriptedModel(script) if script else None
    settings = ModelSettings(name="scripted:model", **model)
    advisor = ModelAdvisor(scripted, settings, TECHNIQUES, FixedClock(START)) if scripted else None
    context = InvestigationContext(
        toolbox=PolicedTools(build_tools(FakeSearch(ROWS), EmptyAssets(), ToolLimits(), TECHNIQUES)),
        clock=StepClock(),
        techniques=TECHNIQUES,
        settings=InvestigateSettings(calls=calls),
        advisor=advisor,
    )
    return investigate(GRAPH, about or brief(), context), scripted


def says(**answers: Any) -> Script:
    """Return a script with these answers by form; whatever else is asked is answered with care."""

    def script(prompt: str, form: Form) -> str:
        return orjson.dumps(answers[form.name]).decode() if form.name in answers else realistic(prompt, form)

    return script


@pytest.mark.parametrize("script", [realistic, obedient, hostile()], ids=["realistic", "obedient", "hostile"])
def test_only_narrative_and_raise_differ(script: Script) -> None:
    plain, _ = examined(None)
    told, _ = examined(script)
    assert told.model_copy(update={"narrative": None, "raised": ()}) == plain
    assert told.narrative is not None


def test_a_benign_candidate_costs_nothing() -> None:
    found, model = examined(realistic, brief(disposition="benign"))
    assert found.disposition == "benign"
    assert found.narrative is None
    assert model is not None
    assert model.heard == []


def test_look_ups_go_through_policy_and_budget_and_become_evidence() -> None:
    found, _ = examined(says(LookUps={"look_ups": [1, 2, 1, 0, -3, 99]}))
    assert found.narrative is not None
    assert len(found.narrative.looked_up) == 2
    last = int(found.evidence[-1].evidence_id[1:])
    assert [one.evidence_id for one in found.narrative.evidence][:1] == [f"E{last + 1}"]
    made = len(found.tool_calls)
    broke, _ = examined(says(LookUps={"look_ups": [1, 2]}), calls=made)
    assert broke.narrative is not None
    assert broke.narrative.looked_up
    assert broke.narrative.evidence == ()


def test_a_reason_to_hurry_needs_new_evidence_of_attack_and_holds_what_it_says() -> None:
    fresh = _fresh_attack()
    assert fresh, "the look-ups of this case find what speaks for an attack"
    name, statement = fresh
    good = says(LookUps=ALL, Reason={"text": _clause(statement), "cites": [name]})
    raised, _ = examined(good, many_rules(), **WIDE)
    assert [part.name for part in raised.raised] == [RAISED]
    assert raised.raised[0].points == 5
    assert f"[{name}]" in raised.raised[0].why
    for reason in (
        {"text": _clause(statement), "cites": ["E1"]},
        {"text": "Host db99 was hit by T1486 at 03:00.", "cites": [name]},
        {"text": _clause(statement), "cites": ["E999"]},
        {"text": "", "cites": [name]},
        {"text": "Urgent.", "cites": [name], "points": 1000},
    ):
        assert examined(says(LookUps=ALL, Reason=reason), many_rules(), **WIDE)[0].raised == ()


ALL = {"look_ups": list(range(1, 13))}
WIDE: dict[str, Any] = {"look_ups": 12, "incident_tokens": 20_000, "calls": 100}


def _fresh_attack() -> tuple[str, str] | None:
    found, _ = examined(says(LookUps=ALL), many_rules(), **WIDE)
    evidence = found.narrative.evidence if found.narrative else ()
    return next(((one.evidence_id, one.statement) for one in evidence if one.supports == "attack"), None)


def _clause(statement: str) -> str:
    return statement.split(";", maxsplit=1)[0].rstrip(".") + "."


def test_urgency_with_a_model_is_never_below_the_one_without() -> None:
    plain, _ = examined(None)
    parts = (UrgencyPart(name="behaviour", points=30, why="x"),)
    without = from_investigation(brief(), plain, parts, "i1", TECHNIQUES)
    lifted = plain.model_copy(update={"raised": (UrgencyPart(name=RAISED, points=5, why="y [E2]"),)})
    withal = from_investigation(brief(), lifted, parts, "i1", TECHNIQUES)
    assert (without.urgency, withal.urgency) == (30, 35)
    assert sum(part.points for part in withal.urgency_parts) == 35
    assert withal.disposition == without.disposition


def test_a_raise_that_would_lower_is_not_taken() -> None:
    class Lowering(ModelAdvisor):
        def advise(self, *args: Any) -> Any:
            advice = super().advise(*args)
            return advice._replace(raised=(UrgencyPart(name=RAISED, points=-50, why="calm"),))

    advisor = Lowering(ScriptedModel(realistic), ModelSettings(name="a:b"), TECHNIQUES, FixedClock(START))
    toolbox = PolicedTools(build_tools(FakeSearch(ROWS), EmptyAssets(), ToolLimits(), TECHNIQUES))
    context = InvestigationContext(toolbox=toolbox, clock=StepClock(), techniques=TECHNIQUES, advisor=advisor)
    assert investigate(GRAPH, brief(), context).raised == ()


def test_an_unreadable_answer_is_asked_for_once_more() -> None:
    given = iter(["certainly! no JSON here", '{"look_ups": [1]}'])

    def script(prompt: str, form: Form) -> str:
        return next(given) if form.name == "LookUps" else realistic(prompt, form)

    found, model = examined(script)
    assert found.narrative is not None
    assert len(found.narrative.looked_up) == 1
    assert model is not None
    assert "could not be read" in model.heard[1]
    assert "certainly" not in model.heard[1]


def test_silence_is_noted_and_costs_its_prompt() -> None:
    def silent(prompt: str, form: Form) -> str:  # noqa: ARG001
        raise ModelError("the line is dead")

    found, _ = examined(silent)
    assert found.narrative is not None
    assert found.narrative.use.input_tokens > 0
    assert all("the line is dead" in note for note in found.narrative.notes)
    assert found.narrative.notes


def test_seconds_are_a_budget_too() -> None:
    model = ScriptedModel(realistic)
    settings = ModelSettings(name="scripted:model", incident_seconds=15)
    advisor = ModelAdvisor(model, settings, TECHNIQUES, StepClock(timedelta(seconds=10)))
    toolbox = PolicedTools(build_tools(FakeSearch(ROWS), EmptyAssets(), ToolLimits(), TECHNIQUES))
    context = InvestigationContext(toolbox=toolbox, clock=StepClock(), techniques=TECHNIQUES, advisor=advisor)
    found = investigate(GRAPH, brief(), context)
    assert len(model.heard) == 1
    assert found.narrative is not None
    assert any("15 seconds" in note for note in found.narrative.notes)
