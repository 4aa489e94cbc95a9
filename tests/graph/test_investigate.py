"""The investigation graph: its edges, one whole flow, its budgets, and what it tells of failures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import JsonValue

from support.briefs import activity, candidate
from support.fake_search import FakeSearch, StepClock, row
from triage.adapters.assets import EmptyAssets
from triage.attack import load_techniques
from triage.config import InvestigateSettings
from triage.errors import ToolError
from triage.investigation import CandidateBrief, InvestigationContext, Observation, ToolCall
from triage.models import EntityRef
from triage.nodes.investigate import build_investigation, investigate
from triage_tools import ToolLimits, build_tools
from triage_tools.policy import PolicedTools

HOUR = timedelta(hours=1)
TECHNIQUES = load_techniques()
GRAPH = build_investigation().compile(checkpointer=False)
DNS = EntityRef("address", "destination", "8.8.8.8")
ROWS = [
    *(row(-24 * HOUR * day, "Usual", "host:web01") for day in range(1, 5)),
    row(timedelta(), "Odd thing.", "host:web01", "address:8.8.8.8"),
    row(HOUR / 2, "Beacon", "host:db01", "address:8.8.8.8"),
]


def context(rows: Sequence[Mapping[str, Any]] = ROWS, **more: Any) -> InvestigationContext:
    toolbox = PolicedTools(build_tools(FakeSearch(rows), EmptyAssets(), ToolLimits(), TECHNIQUES))
    handles: dict[str, Any] = {"toolbox": toolbox, "clock": StepClock(), "techniques": TECHNIQUES}
    return InvestigationContext(**(handles | more))


def brief() -> CandidateBrief:
    return candidate(activity(novelty=0.9, entities=(EntityRef("host", "", "web01"), DNS)))


def test_edges() -> None:
    edges = {(edge.source, edge.target) for edge in GRAPH.get_graph().edges}
    assert edges == {
        ("__start__", "plan"),
        ("plan", "call_tools"),
        ("plan", "assess"),
        ("call_tools", "assess"),
        ("assess", "plan"),
        ("assess", "consult"),
        ("assess", "__end__"),
        ("consult", "__end__"),
    }


def test_follows_the_indicator_in_a_second_round_and_finds_the_other_host() -> None:
    found = investigate(GRAPH, brief(), context())
    assert [call.name for call in found.tool_calls][-1] == "alerts_around_entity"
    assert found.tool_calls[-1].args["value"] == "8.8.8.8"
    assert "'Beacon' (1)" in found.evidence[-1].statement
    assert not found.budget_exhausted


def test_one_round_where_nothing_leads_further() -> None:
    found = investigate(GRAPH, candidate(), context())
    assert len({call.model_dump_json() for call in found.tool_calls}) == len(found.tool_calls) == 11


def test_the_budget_of_calls_cuts_off_and_says_so() -> None:
    found = investigate(GRAPH, brief(), context(settings=InvestigateSettings(calls=2)))
    assert len(found.tool_calls) == 2
    assert found.budget_exhausted
    assert any("the budget of 2 calls is used up" in gap for gap in found.missing_evidence)
    assert found.evidence
    assert found.disposition == "suspicious"


def test_the_budget_of_seconds_cuts_off_and_keeps_what_was_found() -> None:
    slow = StepClock(timedelta(seconds=10))
    found = investigate(GRAPH, brief(), context(clock=slow, settings=InvestigateSettings(seconds=25)))
    assert len(found.tool_calls) == 2
    assert any("25 seconds" in gap for gap in found.missing_evidence)


def test_a_second_round_respects_what_the_first_has_used() -> None:
    used = len(investigate(GRAPH, brief(), context()).tool_calls)
    found = investigate(GRAPH, brief(), context(settings=InvestigateSettings(calls=used - 1)))
    assert len(found.tool_calls) == used - 1
    assert found.budget_exhausted


class Broken:
    """A toolbox whose every answer is the same error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def call(self, call: ToolCall, earlier: Sequence[ToolCall]) -> Mapping[str, JsonValue]:  # noqa: ARG002
        raise self._error


def test_tool_errors_become_gaps_and_the_verdict_stands() -> None:
    found = investigate(GRAPH, brief(), context(toolbox=Broken(ToolError("search is down"))))
    assert found.disposition == "suspicious"
    assert sum("search is down" in gap for gap in found.missing_evidence) == len(found.tool_calls)
    assert found.title


def test_other_errors_bubble() -> None:
    with pytest.raises(ZeroDivisionError):
        investigate(GRAPH, brief(), context(toolbox=Broken(ZeroDivisionError())))


class Scripted:
    """A planner in place of the playbook."""

    def plan(self, brief: CandidateBrief, observations: Sequence[Observation]) -> Sequence[ToolCall]:  # noqa: ARG002
        return (
            () if observations else (ToolCall(name="close_incident", args={}), ToolCall(name="asset_lookup", args={}))
        )


def test_another_planner_is_held_by_the_same_policy() -> None:
    found = investigate(GRAPH, brief(), context(planner=Scripted()))
    assert "tool 'close_incident' is not allowed here" in " ".join(found.missing_evidence)
    assert "bad arguments for asset_lookup" in " ".join(found.missing_evidence)
    assert found.disposition == "suspicious"


class Silent:
    """A planner that asks nothing."""

    def plan(self, brief: CandidateBrief, observations: Sequence[Observation]) -> Sequence[ToolCall]:  # noqa: ARG002
        return ()


def test_without_any_call_the_brief_is_still_assessed() -> None:
    found = investigate(GRAPH, brief(), context(planner=Silent()))
    assert found.tool_calls == ()
    assert found.evidence[0].evidence_id == "E1"


def test_same_input_same_bytes_whatever_the_clock() -> None:
    one = investigate(GRAPH, brief(), context())
    two = investigate(GRAPH, brief(), replace(context(rows=list(reversed(ROWS))), clock=StepClock(HOUR / 3600)))
    assert one.model_dump_json() == two.model_dump_json()


def test_a_checkpoint_restores_the_result_equal() -> None:
    graph = build_investigation().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    given = graph.invoke({"brief": brief()}, config, context=context())["investigation"]
    assert graph.get_state(config).values["investigation"] == given
