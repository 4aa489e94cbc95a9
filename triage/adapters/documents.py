"""Finds the document behind an alert in what a run pulled."""

import polars as pl

from triage.adapters.segments import FolderWorkingSet
from triage.models import AlertRef
from triage.state import Frames


def document(working: FolderWorkingSet, ref: AlertRef) -> bytes | None:
    """Return the line a run pulled for an alert; None when it did not judge it, or its raw page is not kept any more.

    Raises StateError.
    """
    path = working.path(Frames.ALERTS)
    if not path.exists():
        return None
    wanted = (pl.col("id") == ref.id) & (pl.col("index") == ref.index)
    found = pl.scan_parquet(path, glob=False).filter(wanted).select("part", "line").head(1).collect()
    if not found.height:
        return None
    try:
        return working.raw().document(*found.row(0))
    except KeyError:
        return None
