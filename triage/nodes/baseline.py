"""Baseline: every activity of the horizon compared with what is normal here."""

import polars as pl

from triage.baseline import compare, together
from triage.nodes.horizon import activities_in_play, first_day_of_memory
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState


def baseline(state: RunState, context: RunContext) -> Made:
    """Compare the run's activities, and the earlier ones that may still grow, with memory."""
    del state
    activities = activities_in_play(context)
    memory = together(context.store.sightings(first_day_of_memory(context)), context.work.get(Frames.SIGHTINGS))
    found = compare(activities, memory, context.settings.baseline, context.heuristics.weights)
    context.work.put(Frames.COMPARED, activities.join(found, on="activity", maintain_order="left"))
    unusual = found.filter(pl.col("novelty") >= 0.5).height
    return Made({}, {"activities": activities.height, "unusual": unusual})
