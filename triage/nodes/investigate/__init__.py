"""The investigation of one candidate: a graph of its own inside the run."""

from triage.nodes.investigate.graph import CompiledInvestigation, build_investigation, investigate
from triage.nodes.investigate.state import InvestigationInput, InvestigationOutput, InvestigationState

__all__ = [
    "CompiledInvestigation",
    "InvestigationInput",
    "InvestigationOutput",
    "InvestigationState",
    "build_investigation",
    "investigate",
]
