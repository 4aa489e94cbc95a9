"""Examine: one branch of the fan-out, the investigation of one candidate."""

from dataclasses import replace
from functools import cache

from langgraph.runtime import Runtime

from triage.events import Notice, Progress
from triage.nodes.investigate import CompiledInvestigation, build_investigation, investigate
from triage.state import InvestigationTask, RunContext, RunUpdate


@cache
def _compiled() -> CompiledInvestigation:
    # checkpointer=False: a branch is repeated as a whole after a crash, it has no effect outside.
    return build_investigation().compile(checkpointer=False)


def examine(state: InvestigationTask, *, runtime: Runtime[RunContext]) -> RunUpdate:
    """Investigate one candidate within its budget; the result joins the others in the state."""
    dossier = runtime.context.dossier
    handles = replace(dossier.context(), advisor=runtime.context.advisor, place=state["place"])
    investigation = investigate(_compiled(), dossier.brief(state["candidate"]), handles)
    if investigation.narrative and investigation.narrative.notes:
        runtime.context.tell(Notice("warning", f"language model: {investigation.narrative.notes[0]}"))
    runtime.context.tell(Progress("investigate", 1, None))
    return {"investigations": (investigation,)}
