"""One entity under several names: what joins because two names are one host or user, and why they are.

Only correlation sees it. Memory, keys and what is shown keep the names of the alerts, so that nothing learned or stored
changes when a further alert shows that two names are one. No link of a host under one name is lost by it.
"""

from collections.abc import Mapping

import polars as pl

from triage.judgement.aliases import agent_aliases, host_aliases, user_aliases
from triage.judgement.leases import holders, holdings
from triage.judgement.links import LINKS, Rules, asset_links
from triage.models import EntityKind
from triage.times import moment
from triage.wording import plain, when

IDENTITIES = pl.Schema(
    {
        "activity": pl.String(),
        "given": pl.String(),  # principal by its alerts, kind:value
        "asset": pl.String(),  # what it is taken for, kind:value
        "why": pl.String(),
    }
)


def identities(activities: pl.DataFrame) -> pl.DataFrame:
    """Return IDENTITIES of the activities (columns.ACTIVITIES) about a host or user that has a better name, by key."""
    names = _names(activities)
    named = activities.with_columns(principal=pl.col("principal").replace(names))
    both = named.select("activity", given=activities["principal"], asset="principal")
    beside = both.filter(pl.col("given") != pl.col("asset"))
    rows = [(*row, f"{plain(row[1])} and {plain(row[2])} are named together") for row in beside.iter_rows()]
    for row in holders(named, holdings(named)).iter_rows(named=True):
        shown = f"{when(moment(row['first']))} to {when(moment(row['last']))}"
        why = f"{row['address']} was {plain(row['host'])} then, whose own alerts show that address from {shown}"
        host, address = (f"{kind}:{row[kind]}" for kind in (EntityKind.HOST, EntityKind.ADDRESS))
        rows.append((row["activity"], address, host, why))
    return pl.DataFrame(rows, schema=IDENTITIES, orient="row").sort("activity")


def _names(activities: pl.DataFrame) -> Mapping[str, str]:
    """Return kind:value -> kind:value of names that are shown beside a better one."""
    host, user, device = EntityKind.HOST, EntityKind.USER, EntityKind.DEVICE
    full = host_aliases(activities)
    names = {f"{host}:{name}": f"{host}:{better}" for name, better in full.items()}
    names |= {f"{user}:{name}": f"{user}:{better}" for name, better in user_aliases(activities).items()}
    agents = agent_aliases(activities)
    return names | {f"{device}:{agent}": f"{host}:{full.get(name, name)}" for agent, name in agents.items()}


def with_accounts(activities: pl.DataFrame) -> pl.DataFrame:
    """Add to the entities of activities the account that a principal name stands for; all else stays."""
    names = user_aliases(activities)
    kind, role, value = (pl.element().struct.field(name) for name in ("kind", "role", "value"))
    better = pl.when(kind == EntityKind.USER).then(value.replace(names)).otherwise(value)
    renamed = pl.col("entities").list.eval(pl.struct(kind, role, better.alias("value")))
    whole = pl.col("entities").list.concat(renamed).list.unique().list.sort()
    return activities.with_columns(entities=whole) if names else activities


def one_name_links(core: pl.DataFrame, known: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Return LINKS between core activities on one asset under two names; ``known`` are IDENTITIES."""
    renamed = known.join(core.select("activity"), on="activity", how="semi")
    if renamed.is_empty():
        return pl.DataFrame(schema=LINKS)
    taken = core.join(renamed.select("activity", "asset"), on="activity", how="left", maintain_order="left")
    links = asset_links(taken.with_columns(principal=pl.coalesce("asset", "principal")), rules)
    given = core.select("node", "principal")
    for side in ("left", "right"):
        links = links.join(given.rename({"node": side, "principal": f"{side}_given"}), on=side)
    return links.filter(pl.col("left_given") != pl.col("right_given")).select(LINKS.names())


def without_handed_over(links: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """Drop LINKS between two hosts by an address that each calls its own: it changed hands, or many have it."""
    each = core.select("node", "principal", "entities").explode("entities").drop_nulls("entities").unnest("entities")
    own = each.filter(pl.col("principal").str.starts_with(f"{EntityKind.HOST}:"), kind=EntityKind.ADDRESS, role="host")
    shown = own.select("node", about=pl.concat_str("kind", pl.lit(" "), "value")).unique()
    theirs = links.filter(pl.col("kind") == "entity")
    for side in ("left", "right"):
        theirs = theirs.join(shown, left_on=[side, "about"], right_on=["node", "about"], how="semi")
    return links.join(theirs.select("left", "right", "about"), on=["left", "right", "about"], how="anti")


def explained(joins: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add to the reasons of correlate.JOINS that rest on another name why it is one."""
    for side in ("left", "right"):
        why = known.select(pl.col("activity").alias(side), "asset", "why")
        joins = joins.join(why, on=side, how="left", maintain_order="left")
        rests = pl.col("reason").str.contains(pl.concat_str(pl.lit(" on "), "asset", pl.lit(", ")), literal=True)
        added = pl.when(rests).then(pl.lit("; ") + pl.col("why"))
        joins = joins.with_columns(reason=pl.concat_str("reason", added, ignore_nulls=True)).drop("asset", "why")
    return joins
