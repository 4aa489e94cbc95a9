"""What a run must not teach itself: what looks like an attack on one of its days is not everyday on the next.

A run that reads several days at once is not judged yet, and its own days tell what is everyday in it: an intruder who
repeats himself would be his own alibi. So the days are judged once before, each by none but the days before it. What is
in a candidate that looks like an attack then does not count as memory from that day on, but as doubted (see
``baseline.Weights.doubted``), much as if the days had been read night by night.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from triage.judgement.urgency import Scale, rate

_PAIR = ["signature", "principal"]


def repeats(own: pl.DataFrame) -> bool:
    """Tell whether a run's OBSERVED show anything on more than one day: else it teaches itself nothing."""
    days = own.group_by(_PAIR).agg(pl.col("day").n_unique())
    return not days.filter(pl.col("day") > 1).is_empty()


def suspects(
    compared: pl.DataFrame, membership: pl.DataFrame, families: Mapping[str, str], scale: Scale
) -> Sequence[str]:
    """Return the unusual activities of candidates that look like an attack by what happened, whatever the asset.

    A kind of alert on many assets at once speaks for automation or a roll-out, which may well come daily: left out.

    ``compared`` without hindsight; ``membership`` and ``families`` as correlation and ``candidates.families`` give.
    """
    core = membership.filter("core").join(compared, on="activity").sort("candidate", "first", "activity")
    wide = pl.col("principal").n_unique().over("candidate", "signature") >= scale.rollout_assets
    parts = (part for _, part in core.filter(~wide).group_by("candidate", maintain_order=True))
    attacks = [part for part in parts if rate(part.to_dicts(), 0, families, scale).disposition == "attack"]
    return [key for part in attacks for key in part["activity"].to_list()]


def doubtful(own: pl.DataFrame, suspected: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a run's OBSERVED that show what a suspect activity showed, from its day on."""
    since = own.filter(pl.col("activity").is_in(list(suspected))).group_by(_PAIR).agg(since=pl.col("day").min())
    return own.join(since, on=_PAIR, maintain_order="left").filter(pl.col("day") >= pl.col("since")).drop("since")
