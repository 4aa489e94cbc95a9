"""What becomes memory: only what was judged benign, and no more of it a day than a cap allows.

Who wants an intrusion to look normal has to get it judged benign first, and can then teach only slowly: few new kinds
of behaviour of one principal a day, few new principals of one kind, and no louder than twice what was known before.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from triage.config import BaselineSettings
from triage.judgement.baseline import OBSERVED, SIGHTINGS, Weights, together

BENIGN_REASONS = frozenset({"benign_true_positive", "false_positive"})
ATTACK_REASONS = frozenset({"true_positive"})
LOUDER_A_DAY = 2
"""How many times its highest count so far a pair's count may teach on one day."""
_PAIR = ["signature", "principal"]

Verdict = Literal["benign", "attack"]


class People(NamedTuple):
    """What people said, which outweighs what was judged by code."""

    incidents: Mapping[str, Verdict]
    activities: Mapping[str, Verdict]
    """Answers to the blind samples; they outweigh the incident's."""


def judged(placed: pl.DataFrame, people: People) -> pl.DataFrame:
    """Return two Boolean columns for rows (activity, incident_id, outcome: null = not known, unusual).

    ``teaches``: it becomes memory, since it was judged benign and did not stand out, or people said it is benign.
    ``doubted``: code held it for an attack, or it stood out, and nobody has said what it was; see
    ``baseline.Weights.doubted``. What no verdict is known of comes from before verdicts were kept, and teaches.
    """
    doubtful = (pl.col("outcome") == "incident") | pl.col("unusual")
    by_code = pl.when(doubtful.fill_null(value=False)).then(pl.lit("doubted")).otherwise(pl.lit("benign"))
    said = [
        pl.col(column).replace_strict(dict(answers), default=None, return_dtype=pl.String)
        for column, answers in (("activity", people.activities), ("incident_id", people.incidents))
    ]
    verdict = pl.coalesce(*said, by_code)
    return placed.select(teaches=verdict == "benign", doubted=verdict == "doubted")


def mark_unusual(observed: pl.DataFrame, compared: pl.DataFrame, weights: Weights, least: float) -> pl.DataFrame:
    """Mark the OBSERVED of a run that stood out: new here (novelty of at least ``least``) and rated by its vendor.

    Step by step an intrusion may pass as too little to act on. If that were learned, none of it would be new on the
    day when all of it comes. While memory is cold everything is new, so that is no reason.
    """
    rated = pl.col("severity").fill_null(0.0) >= weights.cold_severity
    stands_out = (pl.col("novelty") >= least) & rated & ~pl.col("cold")
    marks = compared.select("activity", marked=stands_out)
    joined = observed.join(marks, on="activity", how="left", maintain_order="left")
    return joined.with_columns(unusual=pl.col("marked").fill_null(value=False)).select(OBSERVED.names())


def learned(observed: pl.DataFrame, settings: BaselineSettings) -> pl.DataFrame:
    """Return SIGHTINGS that count as memory, of OBSERVED rows with a column ``teaches``."""
    known = together(observed.filter("teaches").select(SIGHTINGS.names()))
    return known if known.is_empty() else _no_louder(_not_too_many(known, settings))


def _not_too_many(known: pl.DataFrame, settings: BaselineSettings) -> pl.DataFrame:
    """Let a principal's new pairs, and a signature's new principals, of one day count at most so many a day.

    The others wait for the days that follow. What was there on the first day of memory is no news of anybody's.
    """
    began = known["day"].min()
    first = known.group_by(_PAIR).agg(pl.col("day").min().alias("met")).sort("met", *_PAIR)
    waits = [
        (pl.int_range(pl.len()).over(column, "met") // most).cast(pl.Int32)
        for column, most in (("principal", settings.new_per_principal), ("signature", settings.new_per_signature))
    ]
    allowed = pl.when(pl.col("met") == began).then("met").otherwise(pl.col("met") + pl.max_horizontal(waits))
    queued = first.select(*_PAIR, allowed=allowed)
    return known.join(queued, on=_PAIR).filter(pl.col("day") >= pl.col("allowed")).select(SIGHTINGS.names())


def _no_louder(known: pl.DataFrame) -> pl.DataFrame:
    """Bound each count by LOUDER_A_DAY times the highest that the pair's earlier days taught."""
    ordered = known.sort(*_PAIR, "day")
    places = ordered.select(nth=pl.int_range(pl.len()).over(_PAIR), pair=pl.struct(_PAIR).rle_id())
    nth, pair = places["nth"].to_numpy(), places["pair"].to_numpy()
    counts = ordered["count"].cast(pl.Int64).to_numpy().copy()
    first, *later = _by_number(nth)
    most = counts[first]  # by pair, as the rows are sorted; the first day of a pair has no bound
    for rows in later:
        counts[rows] = np.minimum(counts[rows], LOUDER_A_DAY * most[pair[rows]])
        most[pair[rows]] = np.maximum(most[pair[rows]], counts[rows])
    return ordered.with_columns(count=pl.Series(counts, dtype=pl.UInt32))


def _by_number(numbers: npt.NDArray[np.int64]) -> list[npt.NDArray[np.intp]]:
    """Return the rows that hold 0, 1, ..., in this order."""
    return np.split(np.argsort(numbers, kind="stable"), np.bincount(numbers).cumsum()[:-1])
