"""The second look: passages of alerts that may mean an order to their reader are judged by meaning, and marked."""

from itertools import compress
from typing import NamedTuple

import numpy as np
import polars as pl

from triage.condense import stable_key
from triage.nodes.vectors import vectors_of
from triage.state import RunContext
from triage.trust import likeness
from triage.trust.doubts import FLAG
from triage.trust.injection import PLANTED

MOST_READ = 5_000
"""Passages of one run, at most; which of more are left unread is a matter of their hashes, not of their order."""


class Looked(NamedTuple):
    """Facts after the second look."""

    facts: pl.DataFrame
    read: int
    """Passages that were judged."""
    unread: int
    """Passages beyond ``MOST_READ``."""


def second_look(facts: pl.DataFrame, doubts: pl.DataFrame, context: RunContext) -> Looked:
    """Return columns.FACTS with those marked of which a passage (columns.DOUBTS) means an order to its reader."""
    if doubts.is_empty() or not likeness.knows(context.embedder.model_id):
        return Looked(facts, 0, 0)
    passages = sorted(set(doubts["passage"]), key=stable_key)
    vectors = vectors_of(passages[:MOST_READ], context).vectors
    found = likeness.are_orders(np.stack(list(vectors.values())))
    orders = list(compress(vectors, found))
    marked = doubts.filter(pl.col("passage").is_in(orders))["fact"].unique()
    return Looked(_marked(facts, marked), len(vectors), len(passages) - len(vectors))


def _marked(facts: pl.DataFrame, marked: pl.Series) -> pl.DataFrame:
    flagged = pl.col("flags").list.concat(pl.lit([PLANTED, FLAG])).list.unique().list.sort()
    return facts.with_columns(flags=pl.when(pl.col("fact").is_in(marked.implode())).then(flagged).otherwise("flags"))
