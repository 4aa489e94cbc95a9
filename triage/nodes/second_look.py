"""The second look: passages of alerts that may mean an order to their reader are judged by meaning, and marked."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np
import polars as pl

from triage.condense import stable_key
from triage.nodes.vectors import Vector
from triage.state import Frames, RunContext
from triage.trust import likeness
from triage.trust.doubts import FLAG
from triage.trust.injection import PLANTED

MOST_READ = 5_000
"""Passages of one run, at most; which of more are left unread is a matter of their hashes, not of their order."""


class Doubted(NamedTuple):
    """The passages of a run that are in doubt."""

    passages: Sequence[str]
    """Those to be read."""
    unread: int
    """How many there are beyond ``MOST_READ``."""


def doubted(context: RunContext) -> Doubted:
    """Return the passages that the normalisers left in doubt; none where the embedding model is another."""
    if not likeness.knows(context.embedder.model_id):
        return Doubted((), 0)
    passages = sorted(set(context.work.get(Frames.DOUBTS)["passage"]), key=stable_key)
    return Doubted(passages[:MOST_READ], max(0, len(passages) - MOST_READ))


def mark(passages: Sequence[str], vectors: Mapping[str, Vector], context: RunContext) -> None:
    """Flag the facts and the activities of which a passage means an order to its reader. Idempotent."""
    orders = list(compress(passages, likeness.are_orders(np.stack([vectors[one] for one in passages]))))
    facts = context.work.get(Frames.DOUBTS).filter(pl.col("passage").is_in(orders))["fact"].unique()
    if facts.is_empty():
        return
    alerts = context.work.get(Frames.ALERTS).select("fact", "activity")
    activities = alerts.filter(pl.col("fact").is_in(facts.implode()))["activity"].unique()
    for frame, key, marked in ((Frames.FACTS, "fact", facts), (Frames.ACTIVITIES, "activity", activities)):
        context.work.put(frame, _flagged(context.work.get(frame), key, marked))


def _flagged(frame: pl.DataFrame, key: str, marked: pl.Series) -> pl.DataFrame:
    flags = pl.col("flags").list.concat(pl.lit([PLANTED, FLAG])).list.unique().list.sort()
    return frame.with_columns(flags=pl.when(pl.col(key).is_in(marked.implode())).then(flags).otherwise("flags"))
