r"""Names of one host or user that the data shows together: ``ws1`` and ``ws1.corp.example``, ``jdoe`` and his UPN.

``DOMAIN\user``, ``user@domain`` and the case of names are one spelling since normalisation. Here names are united that
spelling does not tell: a short host name with the one qualified name shown beside it, an account with the one mailbox
or principal name shown beside it, an agent's id with the host that it runs on. Where the data shows two, none is chosen
and they stay apart.
"""

from collections.abc import Mapping

import polars as pl

from triage.judgement.links import BUILTIN_ACCOUNTS
from triage.models import EntityKind


def host_aliases(activities: pl.DataFrame) -> Mapping[str, str]:
    """Return short host name -> its qualified name, where one activity names both and no other qualified one is known.

    Other names beside each other are not united: a collector stands beside the host that it forwards for.
    """
    hosts = _named(activities, EntityKind.HOST).rename({"value": "host"})
    short, long = (hosts.filter(pl.col("host").str.contains(".", literal=True) == full) for full in (False, True))
    long = long.with_columns(label=pl.col("host").str.extract(r"^([^.]+)\."))
    beside = short.join(long, left_on=["activity", "host"], right_on=["activity", "label"], suffix="_full")
    known = long.group_by("label").agg(pl.col("host").n_unique().alias("known"))
    pairs = beside.select("host", "host_full").unique().join(known, left_on="host", right_on="label")
    return dict(pairs.filter(pl.col("known") == 1).select("host", "host_full").sort("host").iter_rows())


def user_aliases(activities: pl.DataFrame) -> Mapping[str, str]:
    """Return local part of a principal name -> account, where they are shown together and neither with another.

    Accounts that every machine has stand beside everybody and are left out.
    """
    users, boxes = (_single(activities, kind) for kind in (EntityKind.USER, EntityKind.MAILBOX))
    both = users.join(boxes, on="activity", suffix="_box")
    pairs = both.select(account="value", name=pl.col("value_box").str.extract(r"^([^@]+)@")).drop_nulls().unique()
    nobody = pl.col("account").is_in(list(BUILTIN_ACCOUNTS)) | pl.col("account").str.ends_with("$")
    only = [pl.len().over(side) == 1 for side in ("account", "name")]
    apart = pairs.filter(~nobody).filter(*only).filter(pl.col("account") != pl.col("name"))
    return dict(apart.select("name", "account").sort("name").iter_rows())


def agent_aliases(activities: pl.DataFrame) -> Mapping[str, str]:
    """Return agent id (a device in the role of a sensor) -> the one host whose alerts name it."""
    about = activities.filter(pl.col("principal").str.starts_with(f"{EntityKind.HOST}:"))
    each = about.select("principal", "entities").explode("entities").drop_nulls("entities").unnest("entities")
    agents = each.filter(kind=EntityKind.DEVICE, role="sensor")
    pairs = agents.select("value", host=pl.col("principal").str.slice(len(EntityKind.HOST) + 1)).unique()
    return dict(pairs.filter(pl.len().over("value") == 1).sort("value").iter_rows())


def _named(activities: pl.DataFrame, kind: EntityKind) -> pl.DataFrame:
    """Return activity, value of entities of a kind that have no other role than being what the alert is about."""
    each = activities.select("activity", "entities").explode("entities").drop_nulls("entities").unnest("entities")
    return each.filter(kind=kind, role="").select("activity", "value").unique()


def _single(activities: pl.DataFrame, kind: EntityKind) -> pl.DataFrame:
    """The same, of activities that name only one."""
    return _named(activities, kind).filter(pl.len().over("activity") == 1)
