"""Node ``plan``: asks the planner for the next calls and cuts them to what the budget still allows."""

from langgraph.runtime import Runtime

from triage.casework.playbook import Playbook
from triage.investigation import Cutoff, InvestigationContext
from triage.nodes.investigate.state import InvestigationState, InvestigationUpdate


def plan(state: InvestigationState, runtime: Runtime[InvestigationContext]) -> InvestigationUpdate:
    """Choose the calls of this round. Without a planner in the context, the deterministic playbook chooses."""
    context = runtime.context
    planner = context.planner or Playbook(events=bool(context.settings.events))
    observations = state.get("observations", ())
    wanted = tuple(planner.plan(state["brief"], observations))
    left = context.settings.calls - len(observations)
    update: InvestigationUpdate = {
        "pending": wanted[:left],
        "rounds": state.get("rounds", 0) + 1,
        "started": state.get("started") or context.clock.now(),
    }
    if len(wanted) > left:
        update["cutoff"] = Cutoff(len(wanted) - left, f"the budget of {context.settings.calls} calls is used up")
    return update
