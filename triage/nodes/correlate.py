"""Correlate: activities become candidates, each with a first rating."""

from triage.candidates import gather
from triage.correlate import correlate as join_activities
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState


def correlate(state: RunState, context: RunContext) -> Made:
    """Join what belongs together, rate it, and group everything else as everyday."""
    del state
    compared = context.work.get(Frames.COMPARED)
    kin = context.work.get(Frames.KIN)
    correlated = join_activities(compared, kin, context.settings.correlate, context.heuristics.rules)
    candidates = gather(compared, correlated, kin, context.assets, context.heuristics.scale)
    context.work.put(Frames.MEMBERSHIP, candidates.membership)
    context.work.put(Frames.JOINS, correlated.joins)
    context.work.put(Frames.RATINGS, candidates.ratings)
    keys = tuple(candidates.ratings["candidate"].to_list())
    return Made({"candidates": keys}, {"candidates": len(keys), "joins": correlated.joins.height})
