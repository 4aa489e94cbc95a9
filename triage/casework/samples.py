"""A few alerts to show for each activity: the first, the last, and some evenly between."""

from collections.abc import Mapping

import polars as pl

from triage.models import AlertRef


def samples(alerts: pl.DataFrame, most: int) -> Mapping[str, tuple[AlertRef, ...]]:
    """Return up to ``most`` (2 or more) alert references per activity, in order of time.

    ``alerts`` needs activity, index, id and is sorted by (time, index, id).
    """
    place = pl.int_range(pl.len()).over("activity")
    size = pl.len().over("activity")
    step = (size - 1).clip(1) / max(1, most - 1)
    # A row is shown when it is the first one at or beyond a multiple of the step.
    shown = (place == 0) | ((place / step).floor() > ((place - 1) / step).floor()) | (place == size - 1)
    rows = (
        alerts.lazy()
        .filter(shown)
        .group_by("activity", maintain_order=True)
        .agg(pl.col("index", "id").head(most))
        .collect()
    )
    return {
        activity: tuple(AlertRef(i, d) for i, d in zip(indices, ids, strict=True))
        for activity, indices, ids in rows.iter_rows()
    }
