"""Everyday activities that begin amid a burst of unusual ones, and so belong to the same story.

An offer says that a candidate would take an everyday activity in: because of how many unusual kinds of activity it
began near on the same asset, because its kind comes so seldom that meeting a burst is hardly chance, or because of who
did it.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from triage.judgement.baseline import MICROS_PER_HOUR
from triage.judgement.links import Rules, joinable_entities, strangers
from triage.models import EntityKind

STRANGER = "stranger"
"""By whom an activity is that a public address does which was new here when it first did something unusual."""
_ACCOUNTS = (EntityKind.USER, EntityKind.MAILBOX, EntityKind.CLOUD)


def offers(everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return activity, candidate, company (unusual kinds near it), left (the nearest), principal, distance (µs), whose.

    ``whose`` is the account or address by which it belongs there; '' where it does by its asset or its kind.

    ``core`` has the candidate of every unusual activity. An activity may have several offers, the nearest comes first.
    """
    everyday = everything.join(core.select("activity"), on="activity", how="anti")
    placed = everyday.filter(pl.col("principal") != "")
    rest = placed.select("activity", "signature", "principal", "first", "novelty", "severity")
    by_whom = (_of_strangers(everyday, placed, core, rules), _of_accounts(everything, placed, core, rules))
    found = pl.concat([*_on_the_asset(rest, core, rules), _by_no_chance(rest, everything, core, rules), *by_whom])
    order = ("activity", "distance", "candidate", "company", "left", "whose")
    return found.sort(order, descending=[name == "company" for name in order])


def _windows(everything: pl.DataFrame, width: float) -> float:
    """Return how many windows of ``width`` microseconds all activities span, at least 1."""
    span: float = everything.select((pl.col("first").max() - pl.col("first").min()).fill_null(0)).item()
    return max(1.0, span / width)


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
    windows = _windows(everything, window)
    episodes = everything.group_by("signature").agg(pl.len().alias("episodes"))
    seldom = rest.join(episodes, on="signature").filter(pl.col("episodes") / windows <= rules.chance_most)
    if seldom.select((pl.col("first") // window).n_unique()).item() > rules.chance_of_any * windows:
        seldom = seldom.clear()
    others = core.sort("first", "activity").select("candidate", left="activity", kind="signature", began="first")
    met = seldom.join(others, how="cross").with_columns(distance=(pl.col("first") - pl.col("began")).abs())
    met = met.filter(pl.col("distance") <= rules.absorb_minutes * 60_000_000)
    close = pl.col("distance").min().over("activity", "candidate") <= rules.chance_minutes * 60_000_000
    return _company(met.filter(close).sort("activity", "distance", "left"), rules.absorb_many)


def _of_strangers(everyday: pl.DataFrame, placed: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What a new public address did on the day before its first unusual activity, and goes on doing."""
    theirs = pl.DataFrame({"value": strangers(core, everyday, rules)}, schema={"value": pl.String})
    said = _addresses(core.select("entities", "candidate", "principal", left="activity", began="first"))
    later = _addresses(placed.select("entities", "activity", "first"))
    met = later.join(theirs, on="value").join(said, on="value")
    return _by_whom(met.with_columns(whose=pl.lit(STRANGER)), rules.stranger_hours * MICROS_PER_HOUR)


def _of_accounts(everything: pl.DataFrame, placed: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What an account does within a minute of something unusual that it does, on whatever asset.

    Its everyday activity must come so seldom that meeting this minute is hardly chance.
    """
    minutes = rules.absorb_seconds * 1_000_000
    ordinary = joinable_entities(placed, "activity", "first")
    seldom = pl.len().over("kind", "value") <= rules.chance_most * _windows(everything, 2 * minutes)
    unusual = core.select("candidate", "principal", "entities", left="activity", began="first")
    said = joinable_entities(unusual, "candidate", "principal", "left", "began")
    met = ordinary.filter(pl.col("kind").is_in(_ACCOUNTS)).filter(seldom).join(said, on=["kind", "value"])
    return _by_whom(met.with_columns(whose=pl.concat_str("kind", pl.lit(" "), "value")), minutes)


def _by_whom(met: pl.DataFrame, most: float) -> pl.DataFrame:
    """Offers by who did it, within ``most`` microseconds; no unusual kinds are counted near those."""
    near = met.with_columns(distance=(pl.col("first") - pl.col("began")).abs())
    near = near.filter(pl.col("distance") <= most).sort("activity", "distance", "left", "whose")
    return near.group_by("activity", "candidate", maintain_order=True).agg(
        pl.lit(0, pl.UInt32).alias("company"), pl.col("left", "principal", "distance", "whose").first()
    )


def _addresses(activities: pl.DataFrame) -> pl.DataFrame:
    each = activities.explode("entities").drop_nulls("entities").unnest("entities")
    return each.filter(pl.col("kind") == EntityKind.ADDRESS).drop("kind", "role").unique()


def _company(near: pl.DataFrame, least: int) -> pl.DataFrame:
    """Candidates with at least ``least`` kinds of unusual activity near each everyday one, and the nearest of them."""
    found = near.group_by("activity", "candidate", maintain_order=True).agg(
        pl.col("kind").n_unique().alias("company"),
        pl.col("left", "principal", "distance").first(),
        pl.lit("").alias("whose"),
    )
    return found.filter(pl.col("company") >= least)


def why_taken_in(row: Mapping[str, Any]) -> str:
    """Say why the activity of an offer is in its candidate."""
    company, whose = row["company"], row["whose"]
    if whose == STRANGER:
        return f"everyday on its own, but by a public address that was new here and unusual on {row['principal']}"
    if whose:
        return f"everyday on its own, but {whose} did something unusual on {row['principal']} within the same minute"
    unusual = "an unusual activity" if company == 1 else f"{company} unusual kinds of activity"
    return f"everyday on its own, but began on {row['principal']} amid {unusual}"
