"""Everyday activities that begin amid a burst of unusual ones, and so belong to the same story.

An offer says that a candidate would take an everyday activity in: because of how many unusual kinds of activity it
began near on the same asset, or because its kind comes so seldom that meeting a burst is hardly chance.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from triage.judgement.baseline import MICROS_PER_HOUR
from triage.judgement.links import Rules, strangers
from triage.models import EntityKind


def offers(everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return activity, candidate, company (unusual kinds near it), left (the nearest), principal, distance (µs).

    ``core`` has the candidate of every unusual activity. An activity may have several offers, the nearest comes first.
    """
    rest = everything.join(core.select("activity"), on="activity", how="anti")
    rest = rest.select("activity", "signature", "principal", "first", "novelty", "severity")
    rest = rest.filter(pl.col("principal") != "")
    lately = _of_strangers(everything, core, rules)
    found = pl.concat([*_on_the_asset(rest, core, rules), _by_no_chance(rest, everything, core, rules), lately])
    return found.sort("activity", "distance", "candidate", "company", descending=[False, False, False, True])


def _on_the_asset(rest: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> tuple[pl.DataFrame, ...]:
    """Everyday activities near unusual ones on the same asset: the nearer or the odder, the fewer of those it takes."""
    others = core.select("candidate", "principal", left="activity", kind="signature", began="first")
    near = rest.join(others, on="principal")
    near = near.with_columns(distance=(pl.col("first") - pl.col("began")).abs()).sort("activity", "distance", "left")
    amid = near.filter(pl.col("distance") <= rules.absorb_seconds * 1_000_000)
    odd = pl.col("novelty") >= rules.absorb_novelty
    later = near.filter(pl.col("distance") <= rules.absorb_minutes * 60_000_000, odd)
    rated = amid.filter(pl.col("severity") >= rules.absorb_severity, odd)
    return (
        _company(amid, rules.absorb_least),
        _company(later, rules.absorb_many),
        _company(rated, 1),
    )


def _by_no_chance(rest: pl.DataFrame, everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Kinds of alert that come so seldom, on any asset, that their coming amid a burst is hardly chance.

    Where many such kinds come and go, some always meets a burst: then none is taken in.
    """
    window = 2 * rules.chance_minutes * MICROS_PER_HOUR / 60
    span: float = everything.select((pl.col("first").max() - pl.col("first").min()).fill_null(0)).item()
    windows = max(1.0, span / window)
    episodes = everything.group_by("signature").agg(pl.len().alias("episodes"))
    seldom = rest.join(episodes, on="signature").filter(pl.col("episodes") / windows <= rules.chance_most)
    if seldom.select((pl.col("first") // window).n_unique()).item() > rules.chance_of_any * windows:
        seldom = seldom.clear()
    others = core.sort("first", "activity").select("candidate", left="activity", kind="signature", began="first")
    met = seldom.join(others, how="cross").with_columns(distance=(pl.col("first") - pl.col("began")).abs())
    met = met.filter(pl.col("distance") <= rules.absorb_minutes * 60_000_000)
    close = pl.col("distance").min().over("activity", "candidate") <= rules.chance_minutes * 60_000_000
    return _company(met.filter(close).sort("activity", "distance", "left"), rules.absorb_many)


def _of_strangers(everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What a public address that was first met in unusual activity goes on doing; 0 unusual kinds near it."""
    everyday = everything.join(core.select("activity"), on="activity", how="anti")
    theirs = pl.DataFrame({"value": strangers(core, everyday)}, schema={"value": pl.String})
    said = _addresses(core.select("entities", "candidate", "principal", left="activity", began="first"))
    later = _addresses(everyday.filter(pl.col("principal") != "").select("entities", "activity", "first"))
    met = later.join(theirs, on="value").join(said, on="value").filter(pl.col("first") > pl.col("began"))
    near = met.with_columns(distance=pl.col("first") - pl.col("began")).sort("activity", "distance", "left")
    near = near.filter(pl.col("distance") <= rules.stranger_hours * MICROS_PER_HOUR)
    return _company(near.with_columns(kind=pl.lit("")), 1).with_columns(company=pl.lit(0, pl.UInt32))


def _addresses(activities: pl.DataFrame) -> pl.DataFrame:
    each = activities.explode("entities").drop_nulls("entities").unnest("entities")
    return each.filter(pl.col("kind") == EntityKind.ADDRESS).drop("kind", "role").unique()


def _company(near: pl.DataFrame, least: int) -> pl.DataFrame:
    """Candidates with at least ``least`` kinds of unusual activity near each everyday one, and the nearest of them."""
    found = near.group_by("activity", "candidate", maintain_order=True).agg(
        pl.col("kind").n_unique().alias("company"), pl.col("left", "principal", "distance").first()
    )
    return found.filter(pl.col("company") >= least)


def why_taken_in(row: Mapping[str, Any]) -> str:
    """Say why the activity of an offer is in its candidate."""
    company = row["company"]
    if not company:
        return f"everyday on its own, but by a public address first met in unusual activity on {row['principal']}"
    unusual = "an unusual activity" if company == 1 else f"{company} unusual kinds of activity"
    return f"everyday on its own, but began on {row['principal']} amid {unusual}"
