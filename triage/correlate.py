"""Activities become candidates: what belongs together, each join with its reason and strength.

Only activities that are out of the ordinary (the *core*) may join others; an everyday activity is taken in
afterwards, where it begins in the middle of a core burst on the same asset. Candidates are the connected
components of the links above a threshold; the joins kept are their strongest spanning tree, so that the
weakest one shown is truly what holds a candidate together.
"""

from typing import NamedTuple

import polars as pl

from triage.baseline import WEIGHTS
from triage.config import CorrelateSettings
from triage.injection import PLANTED
from triage.links import RULES, Link, Rules, all_links, rollout_links

JOINS = pl.Schema(
    {
        "candidate": pl.String(),
        "left": pl.String(),  # activity keys
        "right": pl.String(),
        "reason": pl.String(),
        "strength": pl.Float64(),
    }
)


class Correlated(NamedTuple):
    """Result of correlation."""

    membership: pl.DataFrame
    """candidate, activity, core (bool): every activity in at most one candidate."""
    joins: pl.DataFrame
    """JOINS: a spanning tree per candidate."""


def correlate(judged: pl.DataFrame, kin: pl.DataFrame, settings: CorrelateSettings, rules: Rules = RULES) -> Correlated:
    """Correlate activities (columns.ACTIVITIES joined with baseline.BASELINE columns); order does not matter.

    ``kin`` names signatures of alike meaning: signature, other, similarity (cosine).
    """
    ordered = judged.sort("first", "activity")
    core = ordered.filter(core_mask(rules)).with_row_index("node")
    links = all_links(core, ordered, kin, settings, rules).filter(pl.col("strength") >= rules.threshold)
    _, component = spanning_forest(core.height, links)
    links = pl.concat([links, rollout_links(core, component, rules)])
    tree, component = spanning_forest(core.height, links)
    keys = core["activity"].to_list()
    core = core.with_columns(candidate=pl.Series([keys[first] for first in component], dtype=pl.String))
    absorbed = _absorb(ordered, core, rules)
    inside = core.select("candidate", "activity", core=pl.lit(value=True))
    taken_in = absorbed.select("candidate", activity="right", core=pl.lit(value=False))
    return Correlated(
        pl.concat([inside, taken_in]).sort("candidate", "activity"),
        pl.concat([_joins(tree, core), absorbed]).sort("candidate", "strength", "left", "right"),
    )


def _joins(tree: list[Link], core: pl.DataFrame) -> pl.DataFrame:
    """Name the links of the forest and say their reasons."""
    named = core.select("candidate", "activity", "principal").rows()
    rows = [
        (
            named[link.left][0],
            named[link.left][1],
            named[link.right][1],
            link.reason(named[link.left][2], named[link.right][2]),
            link.strength,
        )
        for link in tree
    ]
    return pl.DataFrame(rows, schema=JOINS, orient="row")


def core_mask(rules: Rules = RULES) -> pl.Expr:
    """Tell which activities are out of the ordinary enough to join others.

    One with text that tries to direct its reader always is, however often it was seen before.
    """
    trusted = ~pl.col("cold") | pl.col("alone") | (pl.col("severity").fill_null(0) >= WEIGHTS.cold_severity)
    planted = pl.col("flags").list.contains(PLANTED)
    return ((pl.col("novelty") >= rules.core_novelty) & trusted) | planted


def _absorb(everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Everyday activities that begin amid a core burst on the same asset, as JOINS."""
    rest = everything.join(core.select("activity"), on="activity", how="anti")
    rest = rest.select("activity", "principal", "first", "novelty").filter(pl.col("principal") != "")
    near = rest.join(core.select("candidate", "principal", "signature", left="activity", began="first"), on="principal")
    near = near.with_columns(distance=(pl.col("first") - pl.col("began")).abs()).sort("activity", "distance", "left")
    amid = near.filter(pl.col("distance") <= rules.absorb_seconds * 1_000_000)
    odd = near.filter(
        pl.col("distance") <= rules.absorb_minutes * 60_000_000, pl.col("novelty") >= rules.absorb_novelty
    )
    found = pl.concat([_company(amid, rules.absorb_least), _company(odd, rules.absorb_many)])
    best = found.sort("activity", "distance", "candidate").unique("activity", keep="first", maintain_order=True)
    rows = [
        (
            row["candidate"],
            row["left"],
            row["activity"],
            _why_taken_in(row["company"], row["principal"]),
            rules.threshold,
        )
        for row in best.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=JOINS, orient="row")


def _company(near: pl.DataFrame, least: int) -> pl.DataFrame:
    """Candidates with at least ``least`` kinds of unusual activity near each everyday one, and the nearest of them."""
    found = near.group_by("activity", "candidate", maintain_order=True).agg(
        pl.col("signature").n_unique().alias("company"), pl.col("left", "principal", "distance").first()
    )
    return found.filter(pl.col("company") >= least)


def _why_taken_in(company: int, principal: str) -> str:
    return f"everyday on its own, but began amid {company} unusual activities on {principal}"


def spanning_forest(nodes: int, links: pl.DataFrame) -> tuple[list[Link], list[int]]:
    """Kruskal's maximum spanning forest; returns its links and each node's component (its smallest node)."""
    root = list(range(nodes))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    tree = []
    strongest = links.sort(
        "strength", *[name for name in links.columns if name != "strength"], descending=[True, *[False] * 6]
    )
    for link in map(Link._make, strongest.select(Link._fields).iter_rows()):
        a, b = find(link.left), find(link.right)
        if a != b:
            root[max(a, b)] = min(a, b)
            tree.append(link)
    return tree, [find(node) for node in range(nodes)]
