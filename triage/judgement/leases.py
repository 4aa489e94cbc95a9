"""Which host an internal address was, and when: an address is a host only for a while.

A host's alert that names its own address (role ``host``) shows that it held the address then. Between two such moments
of the same host it is held throughout; after the last (and before the first) for LASTS at most; between the moments of
two hosts it belongs to nobody. An address that two hosts hold at once (a bridge, a NAT, a cluster) is no host at all.
Whoever forges alerts of a host can thus make an address belong to nobody, and nothing worse while its host is heard.
"""

from datetime import timedelta
from ipaddress import ip_address

import polars as pl

from triage.models import EntityKind
from triage.times import span

LASTS = timedelta(hours=24)
"""How long an address is a host's beyond the last that was seen of it: a day, as leases of offices mostly last."""

HOLDINGS = pl.Schema(
    {
        "address": pl.String(),
        "host": pl.String(),
        "first": pl.Int64(),  # microseconds: from when to when the host showed it
        "last": pl.Int64(),
        "since": pl.Int64(),  # from when to before when it is taken to be the host's
        "until": pl.Int64(),
    }
)


def holdings(activities: pl.DataFrame) -> pl.DataFrame:
    """Return HOLDINGS by address and time, from activities (columns.ACTIVITIES) about a host that name its address."""
    shown = _shown(activities).sort("address", "first", "last", "host")
    passed_on = pl.col("host") != pl.col("host").shift(1).over("address")
    turns = shown.with_columns(turn=passed_on.fill_null(value=True).cum_sum())
    held = turns.group_by("address", "turn", maintain_order=True).agg(
        pl.col("host").first(), pl.col("first").min(), pl.col("last").max()
    )
    return _extended(_undisputed(held))


def _shown(activities: pl.DataFrame) -> pl.DataFrame:
    """Return address, host, first, last for each moment at which a host showed a private address as its own."""
    about = activities.filter(pl.col("principal").str.starts_with(f"{EntityKind.HOST}:"))
    host = pl.col("principal").str.slice(len(f"{EntityKind.HOST}:"))
    each = about.select("first", "last", "entities", host=host).explode("entities").drop_nulls("entities")
    own = each.unnest("entities").filter((pl.col("kind") == EntityKind.ADDRESS) & (pl.col("role") == "host"))
    private = [value for value in own["value"].unique() if _is_private(value)]
    named = own.filter(pl.col("value").is_in(private))
    return named.select("host", "first", "last", address="value").unique()


def _is_private(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_private and not found.is_link_local and not found.is_loopback


def _undisputed(held: pl.DataFrame) -> pl.DataFrame:
    """Leave out addresses that two hosts ever held at once."""
    latest = pl.col("last").cum_max().shift(1).over("address")
    at_once = (pl.col("first") <= latest).fill_null(value=False)
    return held.filter(~at_once.any().over("address"))


def _extended(held: pl.DataFrame) -> pl.DataFrame:
    """Let each holding reach LASTS beyond what was shown, but never towards another host's."""
    first, final = pl.col("turn").min().over("address"), pl.col("turn").max().over("address")
    since = pl.when(pl.col("turn") == first).then(pl.col("first") - span(LASTS)).otherwise(pl.col("first"))
    until = pl.when(pl.col("turn") == final).then(pl.col("last") + span(LASTS)).otherwise(pl.col("last"))
    whole = held.with_columns(since=since, until=until + 1)
    return whole.select(pl.col(name).cast(dtype) for name, dtype in HOLDINGS.items()).sort("address", "first")


def holders(activities: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return activity, address, host, first, last (of the holding) for activities about an address that was a host.

    An activity that outlasts the holding is about nobody in particular.
    """
    prefix = f"{EntityKind.ADDRESS}:"
    about = activities.filter(pl.col("principal").str.starts_with(prefix))
    asked = about.select("activity", began="first", ended="last", address=pl.col("principal").str.slice(len(prefix)))
    met = asked.join(held, on="address").filter(
        (pl.col("began") >= pl.col("since")) & (pl.col("ended") < pl.col("until"))
    )
    return met.select("activity", "address", "host", "first", "last").sort("activity")
