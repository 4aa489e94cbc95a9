"""Baseline: every activity of the horizon compared with what is normal here."""

from collections.abc import Sequence

import polars as pl

from triage.judgement.baseline import compare, together
from triage.judgement.candidates import families
from triage.judgement.correlate import correlate
from triage.judgement.lessons import doubtful, repeats, suspects
from triage.judgement.peers import compare_with_peers, peer_groups
from triage.judgement.rhythm import rhythm
from triage.judgement.teaching import learned
from triage.nodes.horizon import activities_in_play, first_day_of_memory
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState


def baseline(state: RunState, context: RunContext) -> Made:
    """Compare the run's activities, and the earlier ones that may still grow, with memory.

    Earlier runs count as far as they were judged benign. This run is not judged yet and counts whole: its own days
    tell what is everyday in it, so that a week at once needs no week of judgement before; see ``judgement.lessons``.
    """
    del state
    activities, own = activities_in_play(context), context.work.get(Frames.SIGHTINGS)
    observed, settings = context.store.observed(first_day_of_memory(context)), context.settings.baseline
    known = learned(observed, settings)
    memory, seen = together(known, own), together(observed, own)
    doubted = together(observed.filter("doubted"))
    if repeats(own):
        alibi = doubtful(own, _suspects(activities, memory, seen, doubted, context))
        memory = together(known, own.join(alibi, on=own.columns, how="anti"))
        doubted = together(doubted, alibi)
    found = compare(activities, memory, settings, context.heuristics.weights, seen, doubted)
    context.work.put(Frames.COMPARED, activities.join(found, on="activity", maintain_order="left"))
    context.work.put(Frames.RHYTHM, rhythm(activities, memory, seen, settings))
    context.work.put(Frames.PEER_GROUPS, groups := peer_groups(memory))
    context.work.put(Frames.PEERS, compare_with_peers(activities, memory, groups))
    unusual = found.filter(pl.col("novelty") >= 0.5).height
    return Made({}, {"activities": activities.height, "unusual": unusual})


def _suspects(
    activities: pl.DataFrame, memory: pl.DataFrame, seen: pl.DataFrame, doubted: pl.DataFrame, context: RunContext
) -> Sequence[str]:
    """Judge the days of a run once before, each by those before it, and return what looks like an attack."""
    weights, rules, scale = context.heuristics
    found = compare(activities, memory, context.settings.baseline, weights, seen, doubted, hindsight=False)
    compared = activities.join(found, on="activity", maintain_order="left")
    kin = context.work.get(Frames.KIN)
    membership = correlate(compared, kin, context.settings.correlate, rules).membership
    return suspects(compared, membership, families(kin), scale)
