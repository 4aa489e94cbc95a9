"""What every stage of a run has in common: it says that it begins, how long it took, and what it made."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple, Protocol

from langgraph.runtime import Runtime

from triage.events import StageEnded, StageStarted
from triage.state import RunContext, RunState, RunUpdate


class Made(NamedTuple):
    """What a stage returns: the update of the state, and the numbers to tell."""

    update: RunUpdate
    counts: Mapping[str, int]


Stage = Callable[[RunState, RunContext], Made]


class Node(Protocol):
    """A graph node as LangGraph calls it."""

    def __call__(self, state: RunState, *, runtime: Runtime[RunContext]) -> RunUpdate:
        """Return the update of the state."""
        ...


def staged(name: str, stage: Stage) -> Node:
    """Turn a stage into a graph node that tells of its beginning and end."""

    def node(state: RunState, *, runtime: Runtime[RunContext]) -> RunUpdate:
        context = runtime.context
        context.tell(StageStarted(name))
        began = perf_counter()
        made = stage(state, context)
        seconds = perf_counter() - began
        context.timings[name] = seconds
        context.tell(StageEnded(name, seconds, made.counts))
        return made.update

    node.__name__ = name
    return node
