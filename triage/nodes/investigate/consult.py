"""Node ``consult``: lets a language model comment on an investigation that ends in a shown incident.

The investigation itself stays as code made it; only the two fields of ``Advice`` are added here.
"""

from collections.abc import Callable

from langgraph.runtime import Runtime

from triage.errors import ToolError
from triage.investigation import InvestigationContext, Observation, ToolCall
from triage.nodes.investigate.state import InvestigationState, InvestigationUpdate


def consult(state: InvestigationState, runtime: Runtime[InvestigationContext]) -> InvestigationUpdate:
    """Ask the advisor of the context, if there is one and the incident is shown: benign groups cost no tokens."""
    found, advisor = state["investigation"], runtime.context.advisor
    if advisor is None or found.disposition == "benign":
        return {}
    observations = state.get("observations", ())
    look_up = _look_up(runtime.context, [observation.call for observation in observations])
    advice = advisor.advise(state["brief"], found, observations, look_up, runtime.context.place)
    added = {"narrative": advice.narrative, "raised": tuple(part for part in advice.raised if part.points > 0)}
    return {"investigation": found.model_copy(update=added)}


def _look_up(context: InvestigationContext, earlier: list[ToolCall]) -> Callable[[ToolCall], Observation]:
    """Return what makes one more call under the same policy and the same budget of calls."""

    def look_up(call: ToolCall) -> Observation:
        if len(earlier) >= context.settings.calls:
            return Observation(call=call, error=f"the budget of {context.settings.calls} calls is used up")
        try:
            return Observation(call=call, result=dict(context.toolbox.call(call, earlier)))
        except ToolError as exc:
            return Observation(call=call, error=str(exc) or type(exc).__name__)
        finally:
            earlier.append(call)

    return look_up
