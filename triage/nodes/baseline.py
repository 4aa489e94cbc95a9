"""Baseline: every activity of the horizon compared with what is normal here."""

import polars as pl

from triage.baseline import compare, together
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState
from triage.times import micros, span

MICROS_PER_DAY = 86_400_000_000


def baseline(state: RunState, context: RunContext) -> Made:
    """Compare the run's activities, and the earlier ones that may still grow, with memory."""
    del state
    own = context.work.get(Frames.ACTIVITIES)
    horizon = _horizon(own, context)
    activities = pl.concat([own, _earlier(own, horizon, context)]).sort("first", "activity")
    since_day = horizon // MICROS_PER_DAY - context.settings.baseline.history_days
    memory = together(context.store.sightings(since_day), context.work.get(Frames.SIGHTINGS))
    found = compare(activities, memory, context.settings.baseline)
    context.work.put(Frames.COMPARED, activities.join(found, on="activity", maintain_order="left"))
    unusual = found.filter(pl.col("novelty") >= 0.5).height
    return Made({}, {"activities": activities.height, "unusual": unusual})


def _horizon(own: pl.DataFrame, context: RunContext) -> int:
    """From when on earlier activities are looked at again; alerts dated in the future do not move it."""
    started = micros(context.run.started)
    latest: int = own.filter(pl.col("last") <= started).select(pl.col("last").max().fill_null(started)).item()
    return latest - span(context.settings.correlate.horizon)


def _earlier(own: pl.DataFrame, horizon: int, context: RunContext) -> pl.DataFrame:
    return context.store.activities(horizon).join(own.select("activity"), on="activity", how="anti")
