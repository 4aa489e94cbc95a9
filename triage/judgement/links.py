"""Links between activities: each kind of evidence that two of them belong together, with its strength.

A link is worth as much as what it is made of is rare and near in time. The words for a link are made only for the
few that end up holding a candidate together (``Link.reason``).
"""

from datetime import timedelta
from typing import NamedTuple

import polars as pl

from triage.config import CorrelateSettings
from triage.judgement.addresses import is_public
from triage.models import EntityKind

MICROS = timedelta(microseconds=1)

KIND_STRENGTH: dict[str, float] = {
    EntityKind.LINEAGE: 1.0,
    EntityKind.LOGON: 1.0,
    EntityKind.HASH: 0.9,
    EntityKind.URL: 0.8,
    EntityKind.DOMAIN: 0.8,
    EntityKind.ADDRESS: 0.5,
    EntityKind.USER: 0.9,
    EntityKind.MAILBOX: 0.9,
    EntityKind.CLOUD: 0.9,
    EntityKind.DEVICE: 0.9,
    EntityKind.MODEL: 0.9,
}
"""How much sharing a rare entity of a kind says; kinds not named (process names, file names) join nothing."""

_ADDRESS = f"{EntityKind.ADDRESS} "
_ACTORS = (EntityKind.USER, EntityKind.MAILBOX, EntityKind.MODEL, EntityKind.CLOUD, EntityKind.DEVICE)
"""Whom or what a stranger comes back to."""

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
    asset_strength: float = 0.9
    """Strength of two never-seen things at the same moment on one asset."""
    neighbours: int = 8
    """How many predecessors on the asset each activity is compared with."""
    asset_decay_hours: float = 1.0
    """On one asset, belief that two things belong together falls to 1/e in this time."""
    entity_decay_hours: float = 6.0
    """The same for a shared rare entity."""
    roaming_strength: float = 0.8
    """What one public address does round the clock to ever others, see ``triage.judgement.roaming``."""
    stranger_strength: float = 0.6
    """A public address first met in unusual activity: whoever comes back from there to the same one is the same ..."""
    stranger_hours: float = 24
    """... for this long, and belief falls to 1/e in the same time."""
    echo_minutes: float = 10
    """The same unusual signature on another asset within this time is one cause (a scan, a worm)."""
    echo_strength: float = 0.8
    moment_seconds: float = 15
    """Two very new things on two assets within this time, in a network where such things are hours apart."""
    moment_novelty: float = 0.7
    moment_strength: float = 0.5
    moment_gap_hours: float = 0.25
    """How far apart very new things must usually be (median over the horizon) for a coincidence to mean something."""
    wide: int = 5
    """A kind of alert that is new on at least this many assets in one wave looks like a roll-out."""
    spread_gap_hours: float = 3
    """A wave ends when the kind of alert is new on no further asset for this long."""
    slow_hours: float = 0.5
    """Spreading over that many assets takes a roll-out longer than this, a scan or a worm not."""
    rare: int = 3
    """An entity seen on at most this many assets is rare; beyond, a link weighs rare/n."""
    threshold: float = 0.35
    """Links weaker than this join nothing."""
    long_hours: float = 2
    """An activity that lasts longer has no 'time' of its own: it joins by what it shares, not by when."""
    absorb_seconds: float = 60
    """An everyday activity that begins this near to two unusual ones on the same asset is part of them."""
    absorb_least: int = 2
    absorb_minutes: float = 30
    """A not quite everyday activity is part of them, too, when this near to ``absorb_many`` kinds of unusual ones."""
    absorb_many: int = 6
    absorb_novelty: float = 0.15
    chance_minutes: float = 2.5
    """An everyday activity on any asset that begins this near to a burst of ``absorb_many`` kinds is part of it ..."""
    chance_most: float = 0.01
    """... where its kind comes so seldom that this is its chance of doing so by accident ..."""
    chance_of_any: float = 0.1
    """... and this the chance that any kind as rare does."""
    absorb_severity: float = 40
    """An alert that is not quite everyday and rated at least this needs one unusual activity near it, not two."""


RULES = Rules()


LINKS = pl.Schema(
    {
        "left": pl.UInt32(),  # row numbers of the core activities
        "right": pl.UInt32(),
        "strength": pl.Float64(),  # 0-1
        "kind": pl.String(),  # asset, echo, moment, kin, entity, stranger, roaming, roll-out or analyst
        "about": pl.String(),  # the shared asset, rule or entity
        "gap": pl.Int64(),  # microseconds
        "assets": pl.UInt32(),  # on how many assets a shared entity was seen; 0 where it has no meaning
    }
)


class Link(NamedTuple):
    """A row of LINKS."""

    left: int
    right: int
    strength: float
    kind: str
    about: str
    gap: int
    assets: int

    def reason(self, left: str, right: str) -> str:
        """Say why two activities on the assets ``left`` and ``right`` belong together."""
        apart = in_words(self.gap)
        said = {
            "analyst": f"an analyst joined these, {apart} apart",
            "asset": f"both unusual on {self.about}, {apart} apart",
            "echo": f"'{self.about}' on {left} and on {right}, {apart} apart",
            "moment": f"very new on {left} and on {right} at the same moment, {apart} apart",
            "roll-out": f"'{self.about}' is new on {self.assets} assets at about the same time, {apart} apart",
            "kin": f"'{self.about}': much the same meaning on {left} and on {right}, {apart} apart",
            "roaming": f"{self.about} does the same to ever others round the clock, {apart} apart",
            "stranger": f"share the new {self.about}, {apart} apart",
            "entity": f"share {self.about}, {_met(self.assets)}, {apart} apart",
        }
        return said[self.kind]


def _met(assets: int) -> str:
    """Say on how many assets everyday activity names something."""
    if not assets:
        return "which no everyday activity names"
    return f"in everyday activity on {assets} asset{'s' if assets != 1 else ''}"


def in_words(gap: int) -> str:
    """Say a span of microseconds in seconds, minutes or hours."""
    seconds = gap / 1_000_000
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def all_links(
    core: pl.DataFrame, everything: pl.DataFrame, kin: pl.DataFrame, settings: CorrelateSettings, rules: Rules
) -> pl.DataFrame:
    """Return LINKS between core activities; ``core`` has a column node. Includes links below the threshold."""
    found = (
        _moment_links(core, rules),
        asset_links(core, rules),
        _echo_links(core, rules),
        _kin_links(core, kin, rules),
        _entity_links(core, everything, settings, rules),
        _stranger_links(core, everything, rules),
        _roaming_links(core, rules),
    )
    return apart_from_roll_outs(_apart_from_roamers(pl.concat(found), core), core, rules)


def _roaming_links(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What one address does round the clock to ever others is one story, see ``triage.judgement.roaming``."""
    chain = core.filter(pl.col("roamer") != "").sort("signature", "roamer", "first", "node")
    earlier = pl.col("node", "last").shift(1).over("signature", "roamer").name.prefix("other_")
    pairs = chain.select("roamer", "node", "first", earlier).drop_nulls("other_node")
    pairs = pairs.with_columns(gap=(pl.col("first") - pl.col("other_last")).clip(0))
    named = pairs.rename({"other_node": "left", "node": "right"})
    return _as_links(named, "roaming", pl.col("roamer"), pl.lit(rules.roaming_strength))


def _apart_from_roamers(links: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """Whom an address tries round the clock has a life besides: what it does is joined by that address only."""
    roamers = core.select("node", "roamer")
    for side in ("left", "right"):
        links = links.join(roamers.rename({"node": side, "roamer": f"{side}_roamer"}), on=side)
    ordinary = (pl.col("left_roamer") == "") & (pl.col("right_roamer") == "")
    roamer = pl.max_horizontal("left_roamer", "right_roamer")
    by_address = pl.col("kind").is_in(["roaming", "stranger"]) | (pl.col("about") == pl.lit(_ADDRESS) + roamer)
    return links.filter(ordinary | by_address).select(LINKS.names())


def apart_from_roll_outs(links: pl.DataFrame, core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Drop links between what spreads slowly over many assets and what does not, unless one process begot the other.

    A scan or a worm is on many assets within minutes; a roll-out takes hours, and on the way it meets everything else.
    """
    slow = pl.col("span") > _micros(rules.slow_hours)
    spreading = _spread(core, rules).select("node", spreading=slow & (pl.col("assets") >= rules.wide))
    for side in ("left", "right"):
        links = links.join(spreading.rename({"node": side, "spreading": f"{side}_spreading"}), on=side)
    causal = pl.col("about").str.starts_with(f"{EntityKind.LINEAGE} ") & (pl.col("kind") == "entity")
    causal |= pl.col("kind") == "roaming"
    return links.filter(causal | (pl.col("left_spreading") == pl.col("right_spreading"))).select(LINKS.names())


def _spread(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Add to every core activity how its kind of alert spreads around then: assets, and span in microseconds.

    A spread ends where the kind is new on no further asset for ``spread_gap_hours``.
    """
    chain = core.sort("signature", "first", "node")
    silent = pl.col("first") - pl.col("first").shift(1) > _micros(rules.spread_gap_hours)
    breaks = (pl.col("signature") != pl.col("signature").shift(1)) | silent
    waves = chain.with_columns(wave=breaks.fill_null(value=True).cum_sum())
    span = pl.col("first").max().over("wave") - pl.col("first").min().over("wave")
    return waves.with_columns(span=span, assets=pl.col("principal").n_unique().over("wave"))


def _as_links(pairs: pl.DataFrame, kind: str, about: pl.Expr, strength: pl.Expr) -> pl.DataFrame:
    assets = pl.col("assets") if "assets" in pairs.columns else pl.lit(0)
    rows = pairs.select(
        "left", "right", strength=strength, kind=pl.lit(kind), about=about, gap=pl.col("gap"), assets=assets
    )
    return rows.cast(LINKS)


def asset_links(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Neighbours in time on one asset; an activity that lasts for hours is left to the other links."""
    short = core.filter(pl.col("last") - pl.col("first") <= _micros(rules.long_hours), pl.col("principal") != "")
    chain = short.sort("principal", "first", "node")
    pairs = pl.concat([_with_earlier(chain, step) for step in range(1, rules.neighbours + 1)])
    likeness = pl.min_horizontal("novelty", "other_novelty").sqrt()
    strength = rules.asset_strength * likeness * (-pl.col("gap") / _micros(rules.asset_decay_hours)).exp()
    return _as_links(pairs, "asset", pl.col("principal"), strength)


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
    return _as_links(pairs.rename({"other_node": "left", "node": "right"}), "echo", pl.col("rule"), strength)


def _moment_links(core: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Two very new things at the same moment on two assets: no coincidence where such things are rare."""
    new = core.filter((pl.col("novelty") >= rules.moment_novelty) & ~pl.col("cold")).sort("first", "node")
    earlier = pl.col("node", "first", "novelty", "principal").shift(1).name.prefix("other_")
    pairs = new.select("node", "first", "novelty", "principal", earlier).drop_nulls("other_node")
    pairs = pairs.with_columns(gap=pl.col("first") - pl.col("other_first"))
    at_once = pl.col("gap") <= rules.moment_seconds * 1_000_000
    usual: float = pairs.filter(~at_once).select(pl.col("gap").median().fill_null(0)).item()
    if usual < _micros(rules.moment_gap_hours):
        return pl.DataFrame(schema=LINKS)
    near = pairs.filter(at_once & (pl.col("principal") != pl.col("other_principal")))
    strength = rules.moment_strength * pl.min_horizontal("novelty", "other_novelty").sqrt()
    return _as_links(near.rename({"other_node": "left", "node": "right"}), "moment", pl.lit(""), strength)


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
    about = pl.concat_str("a_rule", pl.lit("' and '"), "b_rule")
    return _as_links(pairs, "kin", about, strength)


def _entity_links(
    core: pl.DataFrame, everything: pl.DataFrame, settings: CorrelateSettings, rules: Rules
) -> pl.DataFrame:
    """A shared entity that few assets show: user, hash, address, process lineage, logon session."""
    named = joinable_entities(core, "node", "first", "last", "novelty", "principal")
    # Everyday activity tells who is everywhere; that an intruder goes everywhere does not make him a hub.
    everyday = everything.join(core.select("activity"), on="activity", how="anti")
    met = joinable_entities(everyday, "activity", "principal").group_by("kind", "value")
    spread = met.agg(assets=pl.col("principal").n_unique(), often=pl.len())
    # A name that is looked up every day is no rare one because few assets do so.
    busy = pl.col("kind").is_in([EntityKind.DOMAIN, EntityKind.URL])
    spread = spread.with_columns(assets=pl.when(busy).then("often").otherwise("assets")).drop("often")
    named = (
        named.join(spread, on=["kind", "value"], how="left")
        .with_columns(pl.col("assets").fill_null(0))
        .sort("kind", "value", "first", "node")
    )
    earlier = pl.col("node", "last", "principal").shift(1).over("kind", "value").name.prefix("other_")
    pairs = named.with_columns(earlier).drop_nulls("other_node").filter(pl.col("node") != pl.col("other_node"))
    # An asset's own address is in all its alerts and says nothing; it counts where another asset met it.
    own = (pl.col("kind") == EntityKind.ADDRESS) & (pl.col("principal") == pl.col("other_principal"))
    pairs = pairs.filter(~own)
    pairs = pairs.with_columns(gap=(pl.col("first") - pl.col("other_last")).clip(0)).filter(
        pl.col("gap") <= settings.window / MICROS
    )
    rarity = pl.min_horizontal(1.0, rules.rare / pl.col("assets").clip(1))
    weight = pl.col("kind").replace_strict(KIND_STRENGTH, return_dtype=pl.Float64)
    strength = weight * rarity * (-pl.col("gap") / _micros(rules.entity_decay_hours)).exp()
    about = pl.concat_str("kind", pl.lit(" "), "value")
    return _as_links(pairs.rename({"other_node": "left", "node": "right"}), "entity", about, strength)


def _stranger_links(core: pl.DataFrame, everything: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The same stranger with the same asset, account or model again, also after a silence longer than the window."""
    everyday = everything.join(core.select("activity"), on="activity", how="anti")
    met = joinable_entities(core, "node", "first", "last").filter(pl.col("kind") == EntityKind.ADDRESS)
    met = met.filter(pl.col("value").is_in(strangers(core, everyday, rules)))
    named = joinable_entities(core, "node").filter(pl.col("kind").is_in(_ACTORS))
    actors = pl.concat(
        [
            named.select("node", actor=pl.concat_str("kind", pl.lit(":"), "value")),
            core.filter(pl.col("principal") != "").select("node", actor="principal"),
        ]
    ).unique()
    chain = met.join(actors, on="node").sort("value", "actor", "first", "node")
    earlier = pl.col("node", "last").shift(1).over("value", "actor").name.prefix("other_")
    pairs = chain.with_columns(earlier).drop_nulls("other_node")
    pairs = pairs.with_columns(gap=(pl.col("first") - pl.col("other_last")).clip(0))
    pairs = pairs.filter(pl.col("gap") <= _micros(rules.stranger_hours))
    strength = rules.stranger_strength * (-pl.col("gap") / _micros(rules.stranger_hours)).exp()
    about = pl.concat_str(pl.lit("address "), "value", pl.lit(" with "), "actor")
    return _as_links(pairs.rename({"other_node": "left", "node": "right"}), "stranger", about, strength)


def strangers(core: pl.DataFrame, everyday: pl.DataFrame, rules: Rules) -> list[str]:
    """Return the public addresses that were new here when they first did something unusual, sorted.

    New is what no everyday activity names, or none before that day; what the stranger goes on doing becomes everyday by
    and by, and makes no regular of him. In the first day of memory every address is new, so none counts that was then
    met in everyday activity.
    """
    named, known = (
        joinable_entities(activities, "first").filter(kind=EntityKind.ADDRESS).group_by("value").agg(pl.min("first"))
        for activities in (core, everyday)
    )
    met = named.join(known, on="value", how="left", suffix="_known")
    day = _micros(rules.stranger_hours)
    since: int = pl.concat([core["first"], everyday["first"]]).min() or 0  # type: ignore[assignment]
    lately = (pl.col("first_known") > pl.col("first") - day) & (pl.col("first_known") > since + day)
    new = met.filter(pl.col("first_known").is_null() | (pl.col("first_known") > pl.col("first")) | lately)
    return [value for value in new["value"].sort() if is_public(value)]


def joinable_entities(activities: pl.DataFrame, *keep: str) -> pl.DataFrame:
    """Return one row per activity and joinable entity: the columns kept, kind, value."""
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


def rollout_links(core: pl.DataFrame, component: list[int], rules: Rules) -> pl.DataFrame:
    """Tie together the pieces of a roll-out: components that hold nothing but kinds of alert new on many assets.

    ``component`` is each core activity's component so far. A component with anything of its own is left alone.
    """
    placed = _spread(core.with_columns(component=pl.Series(component, dtype=pl.Int64)), rules)
    chain = placed.filter(pl.col("assets").min().over("component") >= rules.wide).sort("wave", "first", "node")
    earlier = pl.col("node", "first").shift(1).over("wave").name.prefix("other_")
    pairs = chain.select("rule", "node", "first", "assets", earlier).drop_nulls("other_node")
    pairs = pairs.with_columns(gap=pl.col("first") - pl.col("other_first"))
    named = pairs.rename({"other_node": "left", "node": "right"})
    return _as_links(named, "roll-out", pl.col("rule"), pl.lit(rules.threshold))


def _micros(hours: float) -> float:
    return hours * 3_600_000_000
