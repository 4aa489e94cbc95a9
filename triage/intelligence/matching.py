"""Which entities that were seen here are known to be bad, as one join over columns."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

from triage.intelligence.reading import INDICATORS
from triage.intelligence.values import lookups
from triage.times import span

SOURCED: Final = pl.Schema({**INDICATORS, "source": pl.String()})
"""INDICATORS with the name of the source that lists them."""
MATCHES: Final = pl.Schema(
    {
        "entity_kind": pl.String(),
        "entity": pl.String(),
        **{f"indicator_{name}": INDICATORS[name] for name in ("kind", "value")},
        **{
            name: SOURCED[name]
            for name in ("source", "confidence", "since", "until", "labels", "threats", "tlp", "ref")
        },
    }
)
COMPARED_KINDS: Final = ("address", "domain", "url", "hash", "mailbox", "host")
"""Kinds of entities that an indicator can name; a host only by its domain name."""
HUB_ASSETS: Final = 8
HUB_SHARE: Final = 0.2
"""An indicator that is named by more assets than this, and by more than this share of all, is of everyday use here."""


def match(entities: pl.DataFrame, indicators: pl.LazyFrame) -> pl.DataFrame:
    """Return MATCHES of distinct entities (kind, value) with SOURCED indicators, sorted.

    Memory is bounded by the entities and their matches; the indicators are streamed from disk.
    """
    keys = _keys(entities, _widths(indicators))
    if keys.is_empty():
        return pl.DataFrame(schema=MATCHES)
    found = indicators.join(keys.lazy(), on=["kind", "value"], how="inner").collect(engine="streaming")
    named = found.rename({"kind": "indicator_kind", "value": "indicator_value"}).select(MATCHES.names())
    return named.unique().sort(
        ["entity_kind", "entity", "confidence", "source", "indicator_value", "ref"],
        descending=[False, False, True, False, False, False],
    )


def of_activities(
    activities: pl.DataFrame, named: pl.DataFrame, matches: pl.DataFrame, retro: timedelta
) -> pl.DataFrame:
    """Return activity, telling and MATCHES for what was seen while its indicator held.

    ``activities`` has activity, principal, first and last (µs); ``named`` activity, kind, value. An indicator holds
    from ``retro`` before its start, since it is usually published after the fact, until it expires. One that much of
    the network names is not ``telling``: it is shown and raises nothing.
    """
    naming = named.rename({"kind": "entity_kind", "value": "entity"}).unique()
    found = naming.join(matches, on=["entity_kind", "entity"]).join(
        activities.select("activity", "principal", "first", "last"), on="activity"
    )
    holds = pl.col("until").is_null() | (pl.col("first") <= pl.col("until"))
    begun = pl.col("since").is_null() | (pl.col("last") >= pl.col("since") - span(retro))
    bound = max(HUB_ASSETS, int(HUB_SHARE * activities["principal"].n_unique()))
    assets = pl.col("principal").n_unique().over("indicator_kind", "indicator_value")
    return (
        found.filter(holds & begun)
        .with_columns(telling=assets <= bound)
        .select("activity", "telling", *MATCHES.names())
        .sort("activity", "indicator_kind", "indicator_value", "source", "ref", "entity")
    )


def _widths(indicators: pl.LazyFrame) -> Sequence[tuple[int, int]]:
    """Return IP version and prefix length of all networks that are listed, the narrowest first."""
    networks = indicators.filter(pl.col("kind") == "network").select("value")
    widths = networks.select(
        version=pl.when(pl.col("value").str.contains(":", literal=True)).then(6).otherwise(4),
        width=pl.col("value").str.extract(r"/(\d+)$").cast(pl.Int64),
    )
    return widths.unique().sort("version", "width", descending=[False, True]).collect(engine="streaming").rows()


def _keys(entities: pl.DataFrame, widths: Sequence[tuple[int, int]]) -> pl.DataFrame:
    distinct = (
        entities.filter(pl.col("kind").is_in(COMPARED_KINDS)).select("kind", "value").unique().sort("kind", "value")
    )
    rows = [(*key, kind, value) for kind, value in distinct.iter_rows() for key in lookups(kind, value, widths)]
    return pl.DataFrame(rows, schema=dict.fromkeys(("kind", "value", "entity_kind", "entity"), pl.String), orient="row")
