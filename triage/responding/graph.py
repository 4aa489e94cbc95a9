"""The graph of one response: dry run, a person's answer, carrying out, record.

Each request has a thread of its own in the checkpointer. Nothing with an effect stands before the interrupt, and the
effect stands between two lines of the log: a killed program finds out from them what may have happened.
"""

from dataclasses import dataclass
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import ValidationError
from typing_extensions import TypedDict

from triage.models import Model
from triage.responding.models import Action, Answer, Connector, Outcome, Preview, ResponseLog

SYSTEM = "triage"
"""Author of what no person did."""


class RespondState(TypedDict, total=False):
    """State of one request."""

    request_id: str
    action: Action
    preview: Preview
    answer: Answer
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class RespondContext:
    """Handles of one request."""

    connector: Connector
    log: ResponseLog


RespondGraph = StateGraph[RespondState, RespondContext, RespondState, RespondState]


def build_respond() -> RespondGraph:
    """Return the graph, not compiled; its handles come in through the runtime context."""
    graph: RespondGraph = StateGraph(RespondState, context_schema=RespondContext)
    graph.add_node("dry_run", dry_run)
    graph.add_node("await_answer", await_answer)
    graph.add_node("carry_out", carry_out)
    graph.add_node("record", record)
    graph.add_edge(START, "dry_run")
    graph.add_conditional_edges("dry_run", after_dry_run)
    graph.add_conditional_edges("await_answer", after_answer)
    graph.add_edge("carry_out", "record")
    graph.add_edge("record", END)
    return graph


def dry_run(state: RespondState, runtime: Runtime[RespondContext]) -> RespondState:
    """Find out what would be done."""
    preview = runtime.context.connector.preview(state["action"])
    runtime.context.log.record(state["request_id"], "previewed", SYSTEM, preview)
    if not preview.refused:
        return {"preview": preview}
    return {"preview": preview, "outcome": Outcome(state="failed", detail=preview.refused)}


def after_dry_run(state: RespondState) -> Literal["await_answer", "record"]:
    """Ask nobody about what cannot be done."""
    return "record" if state["preview"].refused else "await_answer"


def await_answer(state: RespondState) -> RespondState:
    """Stop until a person answers; whatever is no exact yes is a no."""
    action = state["action"]
    question = {"request_id": state["request_id"], "action": action.action, "type_exactly": action.target}
    given = interrupt({**question, "would": list(state["preview"].would), "default": "reject"})
    return {"answer": read_answer(given, action)}


def read_answer(given: object, action: Action) -> Answer:
    """Return the answer that was given; one that cannot be read, or names another target, rejects."""
    try:
        answer = Answer.model_validate(given, strict=True)
    except ValidationError:
        return Answer(author=SYSTEM, why="the answer could not be read")
    if answer.approved and answer.confirm != action.target:
        return answer.model_copy(update={"approved": False, "why": "the name that was typed is not the target's"})
    return answer


def after_answer(state: RespondState) -> Literal["carry_out", "record"]:
    """Carry out only what was approved."""
    return "carry_out" if state["answer"].approved else "record"


def carry_out(state: RespondState, runtime: Runtime[RespondContext]) -> RespondState:
    """Do it, once: what was begun before is only repeated where the receiver drops repeats by their key."""
    log, connector = runtime.context.log, runtime.context.connector
    if state["answer"].digest != state["preview"].digest:
        return {"outcome": Outcome(state="failed", detail="it is no longer what was approved: propose it again")}
    begun = not log.record(state["request_id"], "started", state["answer"].author, state["action"])
    if begun and not connector.idempotent:
        detail = "it was cut off while it was sent, and the receiver does not know repeats: look there, then decide"
        return {"outcome": Outcome(state="unknown", detail=detail)}
    return {"outcome": connector.carry_out(state["action"], state["preview"])}


def record(state: RespondState, runtime: Runtime[RespondContext]) -> RespondState:
    """Write down how it ended."""
    outcome = state.get("outcome")
    answer = state.get("answer")
    ended: Model = outcome or answer or Answer(author=SYSTEM)
    author = answer.author if answer else SYSTEM
    runtime.context.log.record(state["request_id"], outcome.state if outcome else "rejected", author, ended)
    return {}
