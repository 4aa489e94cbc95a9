"""Condense: alerts become activities, and what they add to the memory of what is normal."""

import polars as pl

from triage.columns import Batch
from triage.condense import condense as condense_batch
from triage.judgement.baseline import sightings
from triage.nodes.stage import Made
from triage.state import Frames, RunContext, RunState
from triage.times import span


def condense(state: RunState, context: RunContext) -> Made:
    """Condense the new alerts, continuing earlier activities that are still open."""
    del state
    alerts = context.work.get(Frames.ALERTS).drop("activity", strict=False)
    batch = Batch(alerts, context.work.get(Frames.FACTS), context.work.get(Frames.DEAD_LETTERS))
    oldest: int = alerts.select(pl.col("time").min().fill_null(0)).item()
    earlier = context.store.activities(oldest - span(context.settings.condense.gap))
    condensed = condense_batch(batch, earlier, context.settings.condense)
    alerts = alerts.with_columns(activity=condensed.membership)
    context.work.put(Frames.ALERTS, alerts)
    context.work.put(Frames.ACTIVITIES, condensed.activities)
    context.work.put(Frames.SIGHTINGS, sightings(alerts, condensed.activities))
    return Made({}, {"signatures": condensed.signatures.height, "activities": condensed.activities.height})
