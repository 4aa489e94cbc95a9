"""Node ``call_tools``: makes the planned calls one after the other, until they are done or time is up."""

from datetime import timedelta

from langgraph.runtime import Runtime

from triage.errors import ToolError
from triage.investigation import Cutoff, InvestigationContext, Observation, ToolCall
from triage.nodes.investigate.state import InvestigationState, InvestigationUpdate


def call_tools(state: InvestigationState, runtime: Runtime[InvestigationContext]) -> InvestigationUpdate:
    """Answer the pending calls in their order. Candidates run side by side; the calls of one do not need to."""
    context = runtime.context
    deadline = state["started"] + timedelta(seconds=context.settings.seconds)
    observations = list(state.get("observations", ()))
    for position, call in enumerate(state["pending"]):
        if context.clock.now() >= deadline:
            unasked = len(state["pending"]) - position
            reason = f"the budget of {context.settings.seconds:g} seconds is used up"
            return {"observations": tuple(observations), "pending": (), "cutoff": Cutoff(unasked, reason)}
        observations.append(_answer(context, call, [observation.call for observation in observations]))
    return {"observations": tuple(observations), "pending": ()}


def _answer(context: InvestigationContext, call: ToolCall, earlier: list[ToolCall]) -> Observation:
    try:
        return Observation(call=call, result=dict(context.toolbox.call(call, earlier)))
    except ToolError as exc:
        return Observation(call=call, error=str(exc) or type(exc).__name__)
