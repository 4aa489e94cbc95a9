"""The graph of a run: wiring only.

pull → normalise → condense → embed → baseline → correlate ─┬─▶ investigate (per candidate) ─┬─▶ rank → publish
                                                            └───────── no candidate ─────────┘
"""

from collections.abc import Sequence
from itertools import pairwise

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from triage.nodes.baseline import baseline
from triage.nodes.condense import condense
from triage.nodes.correlate import correlate
from triage.nodes.embed import embed
from triage.nodes.examine import examine
from triage.nodes.normalise import normalise
from triage.nodes.publish import publish
from triage.nodes.pull import pull
from triage.nodes.rank import rank
from triage.nodes.stage import staged
from triage.state import InvestigationTask, RunContext, RunState

SEQUENCE = (
    ("pull", pull),
    ("normalise", normalise),
    ("condense", condense),
    ("embed", embed),
    ("baseline", baseline),
    ("correlate", correlate),
)
CLOSING = (("rank", rank), ("publish", publish))


def fan_out(state: RunState) -> Sequence[Send] | str:
    """One branch per candidate; straight on to rank when there is none."""
    tasks = [InvestigationTask(candidate=key, place=place) for place, key in enumerate(state["candidates"])]
    return [Send("investigate", task) for task in tasks] or "rank"


def build_graph() -> StateGraph[RunState, RunContext]:
    """Return the graph of a run, uncompiled: the composition root adds the checkpointer."""
    graph = StateGraph(RunState, context_schema=RunContext)
    for name, stage in (*SEQUENCE, *CLOSING):
        graph.add_node(name, staged(name, stage))
    graph.add_node("investigate", examine)
    names = [START, *(name for name, _ in SEQUENCE)]
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    graph.add_conditional_edges("correlate", fan_out, ["investigate", "rank"])
    graph.add_edge("investigate", "rank")
    graph.add_edge("rank", "publish")
    graph.add_edge("publish", END)
    return graph
