"""Correlate: activities become candidates, each with a first rating."""

import polars as pl

from triage.judgement.candidates import gather, parts_of
from triage.judgement.correlate import correlate as join_activities
from triage.judgement.known_bad import surfaced
from triage.nodes.known_bad import find_known_bad, raising_by
from triage.nodes.planned import settling_by
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState


def correlate(state: RunState, context: RunContext) -> Made:
    """Join what belongs together, rate it, and group everything else as everyday."""
    del state
    compared = context.work.get(Frames.COMPARED)
    kin = context.work.get(Frames.KIN)
    constraints = [one.constraint for one in context.constraints]
    correlated = join_activities(compared, kin, context.settings.correlate, context.heuristics.rules, constraints)
    known_bad = find_known_bad(context, compared)
    correlated = surfaced(compared, correlated, known_bad, context.settings.intelligence.least_confidence)
    scale, raising = context.heuristics.scale, raising_by(known_bad, context)
    settling = settling_by(known_bad, context)
    candidates = gather(compared, correlated, kin, context.assets, scale, raising, settling)
    context.work.put(Frames.MEMBERSHIP, candidates.membership)
    context.work.put(Frames.JOINS, correlated.joins)
    context.work.put(Frames.RATINGS, candidates.ratings)
    keys = by_urgency(candidates.ratings)
    return Made({"candidates": keys}, {"candidates": len(keys), "joins": correlated.joins.height})


def by_urgency(ratings: pl.DataFrame) -> tuple[str, ...]:
    """Return the candidates of ratings, the most urgent first: what they share (a model's budget) goes to those."""
    urgency = {row["candidate"]: sum(part.points for part in parts_of(row)) for row in ratings.iter_rows(named=True)}
    return tuple(sorted(urgency, key=lambda candidate: (-urgency[candidate], candidate)))
