"""State of one investigation: small, serialisable, without handles."""

from datetime import datetime

from typing_extensions import TypedDict

from triage.investigation import CandidateBrief, Cutoff, Investigation, Observation, ToolCall


class InvestigationInput(TypedDict):
    """What an investigation starts from."""

    brief: CandidateBrief


class InvestigationState(InvestigationInput, total=False):
    """What the nodes pass on. Everything but the brief appears as the investigation goes on."""

    started: datetime
    """Start of the time budget; never part of the result."""
    rounds: int
    """Rounds of planning so far."""
    pending: tuple[ToolCall, ...]
    observations: tuple[Observation, ...]
    cutoff: Cutoff | None
    investigation: Investigation


class InvestigationUpdate(TypedDict, total=False):
    """What a node may write; typed, because LangGraph drops unknown keys silently."""

    started: datetime
    rounds: int
    pending: tuple[ToolCall, ...]
    observations: tuple[Observation, ...]
    cutoff: Cutoff | None
    investigation: Investigation


class InvestigationOutput(TypedDict):
    """What an investigation ends with."""

    investigation: Investigation
