"""Node ``assess``: judges what is known so far, and says whether the answers raised new questions."""

from typing import Literal

from langgraph.runtime import Runtime

from triage.casework.assessment import assess as judge
from triage.casework.masking import compared, is_planted, masked
from triage.casework.playbook import seen_elsewhere
from triage.investigation import CandidateBrief, Investigation, InvestigationContext
from triage.nodes.investigate.state import InvestigationState, InvestigationUpdate

ROUNDS = 2
"""Rounds of plan, call and assess at most."""


def assess(state: InvestigationState, runtime: Runtime[InvestigationContext]) -> InvestigationUpdate:
    """Turn the observations into an investigation, once no further round follows.

    Where alerts hold text that tries to direct their reader, the same is done again without it, and compared.
    """
    if _asks_again(state):
        return {}
    context = runtime.context

    def judged(brief: CandidateBrief) -> Investigation:
        sample, seen = context.settings.evidence_alerts, state.get("observations", ())
        return judge(brief, seen, context.techniques, sample, state.get("cutoff"))

    brief = state["brief"]
    found = judged(brief)
    if is_planted(brief):
        again = compared(brief, found, judged(masked(brief)), context.settings.evidence_alerts)
        found = found.model_copy(update={"evidence": (*found.evidence, again)})
    return {"investigation": found}


def next_step(state: InvestigationState) -> Literal["plan", "consult", "__end__"]:
    """Go on where a round follows, else ask the model about what is shown."""
    if _asks_again(state):
        return "plan"
    return "__end__" if state["investigation"].disposition == "benign" else "consult"


def _asks_again(state: InvestigationState) -> bool:
    """Tell whether the answers raised a question, no budget is used up, and a round is left."""
    done = state["rounds"] >= ROUNDS or state.get("cutoff") is not None
    return not done and bool(seen_elsewhere(state["brief"], state.get("observations", ())))
