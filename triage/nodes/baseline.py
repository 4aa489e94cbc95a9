"""Baseline: every activity of the horizon compared with what is normal here."""

import polars as pl

from triage.judgement.baseline import compare, together
from triage.judgement.teaching import learned
from triage.nodes.horizon import activities_in_play, first_day_of_memory
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState


def baseline(state: RunState, context: RunContext) -> Made:
    """Compare the run's activities, and the earlier ones that may still grow, with memory.

    Earlier runs count as far as they were judged benign. This run is not judged yet and counts whole: its own days
    tell what is everyday in it, so that a week at once needs no week of judgement before.
    """
    del state
    activities, own = activities_in_play(context), context.work.get(Frames.SIGHTINGS)
    observed, settings = context.store.observed(first_day_of_memory(context)), context.settings.baseline
    memory, seen = together(learned(observed, settings), own), together(observed, own)
    doubted = together(observed.filter("doubted"))
    found = compare(activities, memory, settings, context.heuristics.weights, seen, doubted)
    context.work.put(Frames.COMPARED, activities.join(found, on="activity", maintain_order="left"))
    unusual = found.filter(pl.col("novelty") >= 0.5).height
    return Made({}, {"activities": activities.height, "unusual": unusual})
