"""The horizon: how far back earlier activities are looked at again, since they may still grow or join new ones."""

import polars as pl

from triage.state import Frames, RunContext
from triage.times import micros, span

MICROS_PER_DAY = 86_400_000_000


def horizon(context: RunContext) -> int:
    """Return its beginning in microseconds, seen from the run's newest activity; future dates do not move it."""
    started = micros(context.run.started)
    own = context.work.get(Frames.ACTIVITIES).filter(pl.col("last") <= started)
    latest: int = own.select(pl.col("last").max().fill_null(started)).item()
    return latest - span(context.settings.correlate.horizon)


def activities_in_play(context: RunContext) -> pl.DataFrame:
    """Return the run's activities and the earlier ones of the horizon (columns.ACTIVITIES), by first alert."""
    own = context.work.get(Frames.ACTIVITIES)
    earlier = context.store.activities(horizon(context)).join(own.select("activity"), on="activity", how="anti")
    return pl.concat([own, earlier]).sort("first", "activity")


def first_day_of_memory(context: RunContext) -> int:
    """Return from which day (days since the epoch) on sightings count as memory."""
    return horizon(context) // MICROS_PER_DAY - context.settings.baseline.history_days
