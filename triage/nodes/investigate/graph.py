"""Wiring of the investigation: plan, call tools, assess; again where the answers raised questions; then consult."""

from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from triage.investigation import CandidateBrief, Investigation, InvestigationContext
from triage.nodes.investigate.assess import assess, next_step
from triage.nodes.investigate.call_tools import call_tools
from triage.nodes.investigate.consult import consult
from triage.nodes.investigate.plan import plan
from triage.nodes.investigate.state import InvestigationInput, InvestigationOutput, InvestigationState

InvestigationGraph = StateGraph[InvestigationState, InvestigationContext, InvestigationInput, InvestigationOutput]
CompiledInvestigation = CompiledStateGraph[
    InvestigationState, InvestigationContext, InvestigationInput, InvestigationOutput
]


def build_investigation() -> InvestigationGraph:
    """Return the graph, not compiled; its handles come in through the runtime context."""
    graph: InvestigationGraph = StateGraph(
        InvestigationState,
        context_schema=InvestigationContext,
        input_schema=InvestigationInput,
        output_schema=InvestigationOutput,
    )
    graph.add_node("plan", plan)
    graph.add_node("call_tools", call_tools)
    graph.add_node("assess", assess)
    graph.add_node("consult", consult)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _after_plan)
    graph.add_edge("call_tools", "assess")
    graph.add_conditional_edges("assess", next_step)
    graph.add_edge("consult", END)
    return graph


def investigate(graph: CompiledInvestigation, brief: CandidateBrief, context: InvestigationContext) -> Investigation:
    """Run one investigation. Compile with ``checkpointer=False``: it is repeated as a whole after a crash."""
    investigation: Investigation = graph.invoke({"brief": brief}, context=context)["investigation"]
    return investigation


def _after_plan(state: InvestigationState) -> Literal["call_tools", "assess"]:
    return "call_tools" if state["pending"] else "assess"
