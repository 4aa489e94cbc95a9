"""Activities become candidates: what belongs together, each join with its reason and strength.

Only activities that are out of the ordinary (the *core*) may join others; an everyday activity is taken in
afterwards, where it begins in the middle of a core burst on the same asset. What everyone shares joins
nothing: a link is worth as much as what it is made of is rare. Candidates are the connected components of
the links above a threshold; the joins kept are their strongest spanning tree, so that the weakest one shown
is truly what holds a candidate together.
"""

from datetime import timedelta
from typing import NamedTuple

import polars as pl

from triage.config import CorrelateSettings
from triage.models import EntityKind

MICROS = timedelta(microseconds=1)

KIND_STRENGTH: dict[str, float] = {
    EntityKind.LINEAGE: 1.0,
    EntityKind.LOGON: 1.0,
    EntityKind.HASH: 0.9,
    EntityKind.URL: 0.8,
    EntityKind.DOMAIN: 0.8,
    EntityKind.ADDRESS: 0.7,
    EntityKind.USER: 0.9,
    EntityKind.MAILBOX: 0.9,
    EntityKind.CLOUD: 0.9,
    EntityKind.DEVICE: 0.9,
    EntityKind.MODEL: 0.9,
}
"""How much sharing a rare entity of a kind says; kinds not named (process names, file names) join nothing."""

BUILTIN_ACCOUNTS = frozenset(
    {
        "system",
        "local service",
        "network service",
        "localsystem",
        "anonymous logon",
        "root",
        "nt authority\\system",
        "everyone",
        "nobody",
    }
)
"""Accounts that exist on every machine identify nobody (Windows well-known SIDs, Unix uid 0)."""


class Rules(NamedTuple):
    """The constants of correlation with their meaning; times in hours unless named otherwise."""

    core_novelty: float = 0.4
    """From this novelty on an activity may join others."""
    cold_severity: float = 40
    """While memory is cold, only alerts that a vendor rates at least this (0-100) are core."""
    asset_strength: float = 0.9
    """Strength of two never-seen things at the same moment on one asset."""
    neighbours: int = 8
    """How many predecessors on the asset each activity is compared with."""
    asset_decay_hours: float = 1.0
    """On one asset, belief that two things belong together falls to 1/e in this time."""
    entity_decay_hours: float = 6.0
    """The same for a shared rare entity."""
    echo_minutes: float = 10
    """The same unusual signature on another asset within this time is one cause (a scan, a worm)."""
    echo_strength: float = 0.8
    rare: int = 3
    """An entity seen on at most this many assets is rare; beyond, a link weighs rare/n."""
    threshold: float = 0.35
    """Links weaker than this join nothing."""
    long_hours: float = 2
    """An activity that lasts longer has no 'time' of its own: it joins by what it shares, not by when."""
    absorb_seconds: float = 60
    """An everyday activity that begins this near to two unusual ones on the same asset is part of them."""
    absorb_least: int = 2


RULES = Rules()


class Correlated(NamedTuple):
    """Result of correlation."""

    membership: pl.DataFrame
    """candidate, activity, core (bool): every activity in at most one candidate."""
    joins: pl.DataFrame
    """candidate, left, right (activity keys), reason, strength: a spanning tree per candidate."""


LINKS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32, "strength": pl.Float64, "reason": pl.String})


def correlate(judged: pl.DataFrame, kin: pl.DataFrame, settings: CorrelateSettings, rules: Rules = RULES) -> Correlated:
    """Correlate activities (columns.ACTIVITIES joined with baseline.BASELINE columns); order does not matter.

    ``kin`` names signatures of alike meaning: signature, other, similarity (cosine).
    """
    ordered = judged.sort("first", "activity")
    core = ordered.filter(core_mask(rules)).with_row_index("node")
    links = pl.concat(
        [
            _asset_links(core, rules),
            _echo_links(core, rules),
            _kin_links(core, kin, rules),
            _entity_links(core, ordered, settings, rules),
        ]
    )
    tree, component = _spanning_forest(core.height, links.filter(pl.col("strength") >= rules.threshold))
    keys = core["activity"].to_list()
    names = [keys[first] for first in component]
    membership = pl.DataFrame(
        {"candidate": names, "activity": keys, "core": [True] * len(keys)}, schema_overrides={"core": pl.Boolean}
    )
    absorbed = _absorb(ordered, core.with_columns(candidate=pl.Series(names, dtype=pl.String)), rules)
    joins = pl.DataFrame(
        [(names[a], keys[a], keys[b], reason, strength) for a, b, strength, reason in tree],
        schema={
            "candidate": pl.String,
            "left": pl.String,
            "right": pl.String,
            "reason": pl.String,
            "strength": pl.Float64,
        },
        orient="row",
    )
    joins = pl.concat([joins, absorbed.select(joins.columns)]).sort("candidate", "strength", "left", "right")
    extra = absorbed.select("candidate", activity="right", core=pl.lit(value=False))
    return Correlated(pl.concat([membership, extra]).sort("candidate", "activity"), joins)


def core_mask(rules: Rules = RULES) -> pl.Expr:
    """Tell which activities are out of the ordinary enough to join others."""
    trusted = ~pl.col("cold") | pl.col("alone") | (pl.col("severity").fill_null(0) >= rules.cold_severity)
    return (pl.col("novelty") >= rules.core_novelty) & trusted


def _asset_links(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Neighbours in time on one asset; an activity that lasts for hours is left to the other links."""
    short = core.filter(pl.col("last") - pl.col("first") <= _micros(rules.long_hours), pl.col("principal") != "")
    chain = short.sort("principal", "first", "node")
    pairs = pl.concat([_with_earlier(chain, step) for step in range(1, rules.neighbours + 1)])
    likeness = pl.min_horizontal("novelty", "other_novelty").sqrt()
    strength = rules.asset_strength * likeness * (-pl.col("gap") / _micros(rules.asset_decay_hours)).exp()
    reason = pl.format("both unusual on {}, {} apart", "principal", _span("gap"))
    return pairs.select("left", "right", strength=strength, reason=reason).cast(LINKS)


def _with_earlier(chain: pl.DataFrame, step: int) -> pl.DataFrame:
    """Pair every activity with the one ``step`` before it on the same asset; gap from its end, at least 0."""
    earlier = pl.col("node", "last", "novelty").shift(step).over("principal").name.prefix("other_")
    pairs = chain.select("principal", "node", "first", "novelty", earlier).drop_nulls("other_node")
    gap = (pl.col("first") - pl.col("other_last")).clip(0)
    return pairs.with_columns(gap=gap).rename({"other_node": "left", "node": "right"})


def _echo_links(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The same unusual signature on another asset within minutes: one cause, such as a scan or a worm."""
    chain = core.sort("signature", "first", "node")
    earlier = pl.col("node", "first", "novelty", "principal").shift(1).over("signature").name.prefix("other_")
    pairs = chain.select("rule", "node", "first", "novelty", "principal", earlier).drop_nulls("other_node")
    pairs = pairs.filter(pl.col("principal") != pl.col("other_principal")).with_columns(
        gap=pl.col("first") - pl.col("other_first")
    )
    pairs = pairs.filter(pl.col("gap") <= rules.echo_minutes * 60_000_000)
    strength = rules.echo_strength * pl.min_horizontal("novelty", "other_novelty").sqrt()
    reason = pl.format("'{}' also on {} and {} within {}", "rule", "other_principal", "principal", _span("gap"))
    return pairs.select(left="other_node", right="node", strength=strength, reason=reason).cast(LINKS)


def _kin_links(core: pl.DataFrame, kin: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Two detectors' words for the same thing, on two assets within minutes: an echo by meaning."""
    left = core.select(
        left="node", signature="signature", a_rule="rule", a="principal", a_first="first", a_novelty="novelty"
    )
    right = core.select(
        right="node", other="signature", b_rule="rule", b="principal", b_first="first", b_novelty="novelty"
    )
    pairs = (
        left.join(kin, on="signature")
        .join(right, on="other")
        .with_columns(gap=(pl.col("a_first") - pl.col("b_first")).abs())
    )
    pairs = pairs.filter((pl.col("a") != pl.col("b")) & (pl.col("gap") <= rules.echo_minutes * 60_000_000))
    strength = rules.echo_strength * pl.col("similarity") * pl.min_horizontal("a_novelty", "b_novelty").sqrt()
    reason = pl.format(
        "'{}' on {} means much the same as '{}' on {}, {} apart", "a_rule", "a", "b_rule", "b", _span("gap")
    )
    return pairs.select("left", "right", strength=strength, reason=reason).cast(LINKS)


def _entity_links(
    core: pl.DataFrame, everything: pl.DataFrame, settings: CorrelateSettings, rules: Rules
) -> pl.DataFrame:
    """A shared entity that few assets show: user, hash, address, process lineage, logon session."""
    named = _entities(core, "node", "first", "last", "novelty", "principal")
    spread = (
        _entities(everything, "principal").group_by("kind", "value").agg(pl.col("principal").n_unique().alias("assets"))
    )
    named = named.join(spread, on=["kind", "value"]).sort("kind", "value", "first", "node")
    earlier = pl.col("node", "last").shift(1).over("kind", "value").name.prefix("other_")
    pairs = named.with_columns(earlier).drop_nulls("other_node").filter(pl.col("node") != pl.col("other_node"))
    pairs = pairs.with_columns(gap=(pl.col("first") - pl.col("other_last")).clip(0)).filter(
        pl.col("gap") <= settings.window / MICROS
    )
    rarity = pl.min_horizontal(1.0, rules.rare / pl.col("assets"))
    weight = pl.col("kind").replace_strict(KIND_STRENGTH, return_dtype=pl.Float64)
    strength = weight * rarity * (-pl.col("gap") / _micros(rules.entity_decay_hours)).exp()
    reason = pl.format("share {} {}, seen on {} assets, {} apart", "kind", "value", "assets", _span("gap"))
    return pairs.select(left="other_node", right="node", strength=strength, reason=reason).cast(LINKS)


def _entities(activities: pl.DataFrame, *keep: str) -> pl.DataFrame:
    """One row per activity and joinable entity: the columns kept, kind, value."""
    each = (
        activities.select(*keep, "entities")
        .explode("entities")
        .drop_nulls("entities")
        .unnest("entities")
        .drop("role")
        .unique()
    )
    value = pl.col("value")
    nobody = (pl.col("kind") == EntityKind.USER) & (value.is_in(list(BUILTIN_ACCOUNTS)) | value.str.ends_with("$"))
    return each.filter(pl.col("kind").is_in(list(KIND_STRENGTH)) & ~nobody)


def _absorb(everything: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Everyday activities that begin amid a core burst on the same asset: candidate, left, right, reason, strength."""
    rest = everything.join(core.select("activity"), on="activity", how="anti").select("activity", "principal", "first")
    reach = int(rules.absorb_seconds * 1_000_000)
    near = rest.filter(pl.col("principal") != "").join(
        core.select("candidate", "principal", "signature", left="activity", began="first"), on="principal"
    )
    near = near.with_columns(distance=(pl.col("first") - pl.col("began")).abs()).filter(pl.col("distance") <= reach)
    near = near.sort("activity", "distance", "candidate", "left")
    found = near.group_by("activity", "candidate", maintain_order=True).agg(
        pl.col("signature").n_unique().alias("company"), pl.col("left", "principal", "distance").first()
    )
    best = (
        found.filter(pl.col("company") >= rules.absorb_least)
        .sort("activity", "distance", "candidate")
        .unique("activity", keep="first", maintain_order=True)
    )
    reason = pl.format("everyday on its own, but began amid {} unusual activities on {}", "company", "principal")
    return best.select("candidate", "left", right="activity", reason=reason, strength=pl.lit(rules.threshold))


def _spanning_forest(nodes: int, links: pl.DataFrame) -> tuple[list[tuple[int, int, float, str]], list[int]]:
    """Kruskal's maximum spanning forest; returns its links and each node's component (its smallest node)."""
    root = list(range(nodes))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    tree = []
    strongest = links.sort("strength", "left", "right", "reason", descending=[True, False, False, False])
    for left, right, strength, reason in strongest.iter_rows():
        a, b = find(left), find(right)
        if a != b:
            root[max(a, b)] = min(a, b)
            tree.append((left, right, strength, reason))
    return tree, [find(node) for node in range(nodes)]


def _micros(hours: float) -> float:
    return hours * 3_600_000_000


def _span(column: str) -> pl.Expr:
    """A gap in words: seconds, minutes or hours."""
    seconds = pl.col(column) / 1_000_000
    short = pl.when(seconds < 120).then(pl.format("{} s", seconds.round(0).cast(pl.Int64)))
    words = short.when(seconds < 7200).then(pl.format("{} min", (seconds / 60).round(0).cast(pl.Int64)))
    return words.otherwise(pl.format("{} h", (seconds / 3600).round(1)))
