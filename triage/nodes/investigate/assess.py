"""Node ``assess``: judges what is known so far, and says whether the answers raised new questions."""

from typing import Literal

from langgraph.runtime import Runtime

from triage.assessment import assess as judge
from triage.investigation import InvestigationContext
from triage.nodes.investigate.state import InvestigationState, InvestigationUpdate
from triage.playbook import seen_elsewhere

ROUNDS = 2
"""Rounds of plan, call and assess at most."""


def assess(state: InvestigationState, runtime: Runtime[InvestigationContext]) -> InvestigationUpdate:
    """Turn the observations into an investigation; a later round replaces the earlier judgement."""
    context = runtime.context
    return {
        "investigation": judge(
            state["brief"],
            state.get("observations", ()),
            context.techniques,
            context.settings.evidence_alerts,
            state.get("cutoff"),
        )
    }


def next_step(state: InvestigationState) -> Literal["plan", "__end__"]:
    """Go on only where the answers raised a question, no budget is used up, and a round is left."""
    done = state["rounds"] >= ROUNDS or state.get("cutoff") is not None
    if done or not seen_elsewhere(state["brief"], state.get("observations", ())):
        return "__end__"
    return "plan"
