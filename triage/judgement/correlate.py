"""Activities become candidates: what belongs together, each join with its reason and strength.

Only activities that are out of the ordinary (the *core*) may join others; an everyday activity is taken in
afterwards, where it begins in the middle of a core burst on the same asset. Candidates are the connected
components of the links above a threshold; the joins kept are their strongest spanning tree, so that the
weakest one shown is truly what holds a candidate together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from triage.config import CorrelateSettings
from triage.judgement.baseline import WEIGHTS
from triage.judgement.bonds import NOTHING, Bonds, Components, Taken, must_links, taken_in
from triage.judgement.company import offers, why_taken_in
from triage.judgement.constraints import Constraint
from triage.judgement.links import RULES, Link, Rules, all_links, apart_from_roll_outs, rollout_links
from triage.judgement.resolution import explained, identities, one_name_links, with_accounts, without_handed_over
from triage.trust.injection import PLANTED

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


def correlate(
    judged: pl.DataFrame,
    kin: pl.DataFrame,
    settings: CorrelateSettings,
    rules: Rules = RULES,
    constraints: Sequence[Constraint] = (),
) -> Correlated:
    """Correlate activities (columns.ACTIVITIES joined with baseline.BASELINE columns); order does not matter.

    ``kin`` names signatures of alike meaning: signature, other, similarity (cosine). ``constraints`` are what analysts
    said about what belongs together, in the order of their saying; what they joined is rated like the rest of the core
    but draws in nothing.
    """
    ordered = with_accounts(judged.sort("first", "activity"))
    bonds = Bonds(constraints, ordered)
    known = identities(ordered)
    core = ordered.filter(core_mask(rules)).with_row_index("node")
    nodes = bonds.with_joined(core, ordered)
    one_name = apart_from_roll_outs(one_name_links(core, known, rules), core, rules)
    links = without_handed_over(pl.concat([all_links(core, ordered, kin, settings, rules), one_name]), core)
    links = links.filter(pl.col("strength") >= rules.threshold)
    links = bonds.allowed(links, core)
    _, component = spanning_forest(nodes, links, bonds)
    links = pl.concat([links, bonds.allowed(rollout_links(core, component[: core.height], rules), core)])
    tree, component = spanning_forest(nodes, links, bonds)
    keys = nodes["activity"].to_list()
    nodes = nodes.with_columns(candidate=pl.Series([keys[first] for first in component], dtype=pl.String))
    absorbed = _absorb(ordered, nodes, core.height, rules, bonds)
    inside = nodes.select("candidate", "activity", core=pl.lit(value=True))
    taken_in = absorbed.select("candidate", activity="right", core=pl.lit(value=False))
    return Correlated(
        pl.concat([inside, taken_in]).sort("candidate", "activity"),
        explained(pl.concat([_joins(tree, nodes), absorbed]), known).sort("candidate", "strength", "left", "right"),
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


def _absorb(everything: pl.DataFrame, nodes: pl.DataFrame, unusual: int, rules: Rules, bonds: Bonds) -> pl.DataFrame:
    """Everyday activities that begin amid a burst of core activities, the first ``unusual`` nodes, as JOINS."""
    offered = offers(everything, nodes.head(unusual), rules)
    offered = offered.filter(~pl.col("activity").is_in(nodes["activity"].tail(nodes.height - unusual).to_list()))
    best = _best(bonds.admits(offered), nodes, bonds)
    rows = [
        (row["candidate"], row["left"], row["activity"], why_taken_in(row), rules.threshold)
        for row in best.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=JOINS, orient="row")


def _best(offered: pl.DataFrame, core: pl.DataFrame, bonds: Bonds) -> pl.DataFrame:
    """Return the nearest offer of each activity, or the nearest that brings nothing together that is kept apart."""
    if not bonds:
        return offered.unique("activity", keep="first", maintain_order=True)
    return offered[taken_in(list(map(Taken._make, offered.select(Taken._fields).iter_rows())), core, bonds)]


def spanning_forest(core: pl.DataFrame, links: pl.DataFrame, bonds: Bonds) -> tuple[list[Link], list[int]]:
    """Kruskal's maximum spanning forest over what analysts joined and kept apart.

    Returns its links and each node's component (its smallest node).
    """
    sides = [bonds.sides(key) for key in core["activity"]] if bonds else [NOTHING] * core.height
    components = Components(sides)
    tree = list(must_links(bonds, core, components))
    strongest = links.sort(
        "strength", *[name for name in links.columns if name != "strength"], descending=[True, *[False] * 6]
    )
    ordered = map(Link._make, strongest.select(Link._fields).iter_rows())
    tree += [link for link in ordered if components.join(link.left, link.right)]
    return tree, components.all()
