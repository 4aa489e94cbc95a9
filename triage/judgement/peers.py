"""Peers: hosts, users, devices that behave alike, found without labels from the kinds of alert they show.

An entity's vector has one number per kind of alert that it shows again and again: log(1 + days) x inverse document
frequency, as for the words of a text (TF-IDF, in scikit-learn's smooth form). What happens on a single day is left out:
an intrusion must not move its victim away from its peers. Groups form around leaders (leader clustering, Hartigan 1975,
ch. 3): whoever is best known comes first, joins the most alike leader from LEAST_ALIKE on, or becomes one. The order is
fixed, so the groups are, and each can be explained: "alike to its leader by so much".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from triage.wording import number

LEAST_ALIKE = 0.6
"""Cosine (0-1) with the leader of a group from which an entity belongs to it."""
LEAST_DAYS = 2
"""Days on which a kind of alert must have been seen about an entity to be part of its behaviour."""
LEAST_KINDS = 2
"""Such kinds an entity needs to have a behaviour at all."""
LEAST_PEERS = 3
LEAST_UNLIKE = 5
"""Peers from which on it tells something that none of them does it."""
MOST_ENTITIES = 4000
"""Entities of one kind that are compared, the best known ones; it bounds time and memory."""
MOST_SIGNATURES = 2000
"""Kinds of alert that are compared, those of most entities."""
USUAL = 0.5
"""Share of its peers from which on what an entity does is usual among them."""

GROUPS = pl.Schema(
    {
        "principal": pl.String(),
        "leader": pl.String(),  # names the group
        "likeness": pl.Float32(),  # cosine with the leader, 1 for itself
        "size": pl.UInt32(),  # entities of the group
    }
)
PEERS = pl.Schema(
    {
        "activity": pl.String(),
        "leader": pl.String(),  # '' = no group: too little is known, or nobody is alike
        "likeness": pl.Float32(),
        "peers": pl.UInt32(),  # others in its group
        "doing": pl.UInt32(),  # of them, those that this kind of alert is known about
        "own_days": pl.UInt32(),  # days before on which it was seen about the entity itself
    }
)

_Vectors = npt.NDArray[np.float32]


def peer_groups(memory: pl.DataFrame) -> pl.DataFrame:
    """Return GROUPS of at least LEAST_PEERS + 1 entities, by principal. ``memory`` is SIGHTINGS of what is normal."""
    days = memory.filter(pl.col("principal") != "").group_by("signature", "principal").agg(pl.col("day").n_unique())
    habits = days.filter(pl.col("day") >= LEAST_DAYS).with_columns(kind=pl.col("principal").str.extract(r"^([^:]*):"))
    parts = [_grouped(part) for _, part in habits.sort("kind").group_by("kind", maintain_order=True)]
    groups = pl.concat([pl.DataFrame(schema=GROUPS), *parts])
    sized = groups.with_columns(size=pl.len().over("leader").cast(pl.UInt32))
    return sized.filter(pl.col("size") > LEAST_PEERS).sort("principal")


def _grouped(habits: pl.DataFrame) -> pl.DataFrame:
    """Return GROUPS of the entities of one kind, small groups included."""
    shared = habits.filter(pl.col("principal").n_unique().over("signature") > 1)
    common = shared.group_by("signature").len().sort(["len", "signature"], descending=[True, False])
    shared = shared.join(common.head(MOST_SIGNATURES).select("signature"), on="signature")
    known = shared.group_by("principal").agg(kinds=pl.len(), days=pl.col("day").sum())
    known = known.filter(pl.col("kinds") >= LEAST_KINDS).sort(["days", "principal"], descending=[True, False])
    names = known.head(MOST_ENTITIES)["principal"].to_list()
    vectors = _vectors(shared, names)
    leaders = _leaders(vectors)
    if not leaders:
        return pl.DataFrame(schema=GROUPS)
    likeness = _likeness(vectors, vectors[leaders].T)
    best = likeness.argmax(axis=1)
    rows = {
        "principal": names,
        "leader": [names[leaders[one]] for one in best],
        "likeness": likeness.max(axis=1),
        "size": [0] * len(names),
    }
    return pl.DataFrame(rows, schema=GROUPS)


def _vectors(habits: pl.DataFrame, names: list[str]) -> _Vectors:
    """Unit TF-IDF vectors of the named entities, in their order; what is common to all still counts (idf >= 1)."""
    signatures = habits["signature"].unique().sort().to_list()
    at = {name: row for row, name in enumerate(names)}, {name: column for column, name in enumerate(signatures)}
    table = np.zeros((len(names), len(signatures)), dtype=np.float32)
    for principal, signature, days in habits.select("principal", "signature", "day").iter_rows():
        if principal in at[0]:
            table[at[0][principal], at[1][signature]] = np.log1p(days)
    shown = (table > 0).sum(axis=0)
    table *= np.log((1 + len(names)) / (1 + shown)) + 1
    length = np.linalg.norm(table, axis=1, keepdims=True)
    unit: _Vectors = (table / np.maximum(length, 1e-12)).astype(np.float32)
    return unit


def _leaders(vectors: _Vectors) -> list[int]:
    """Return the rows that lead a group: each that is alike to no leader before it."""
    leaders: list[int] = []
    led = np.zeros(len(vectors), dtype=bool)
    for row in range(len(vectors)):
        if not led[row]:
            leaders.append(row)
            led |= _likeness(vectors, vectors[row]) >= LEAST_ALIKE
    return leaders


def _likeness(left: _Vectors, right: _Vectors) -> _Vectors:
    """Cosines of unit vectors, rounded so that no order of summation decides a group."""
    cosines: _Vectors = np.clip(left @ right, 0, 1).round(4)
    return cosines


def compare_with_peers(activities: pl.DataFrame, memory: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return PEERS of activities (columns.ACTIVITIES) in their order.

    ``memory`` is SIGHTINGS of what is normal and of this run; ``groups`` are GROUPS. A peer does what its entity does
    where that is known about it on any day: a roll-out that reaches all of them within minutes is usual among them.
    """
    own = activities.select("activity", "signature", "principal", day=(pl.col("first") // 86_400_000_000))
    own = own.join(groups, on="principal", how="left", maintain_order="left")
    shown = memory.select("signature", "principal").unique().join(groups, on="principal")
    doing = shown.group_by("signature", "leader").agg(doing=pl.len(), who=pl.col("principal"))
    own = own.join(doing, on=["signature", "leader"], how="left", maintain_order="left")
    itself = pl.col("who").list.contains(pl.col("principal")).fill_null(value=False)
    own = own.with_columns(doing=pl.col("doing").fill_null(0).cast(pl.Int64) - itself.cast(pl.Int64))
    own = own.join(_own_days(own, memory), on="activity", how="left", maintain_order="left")
    peers = (pl.col("size").cast(pl.Int64) - 1).fill_null(0)
    own = own.with_columns(pl.col("likeness", "own_days").fill_null(0), pl.col("leader").fill_null(""), peers=peers)
    return own.select(pl.col(name).cast(dtype) for name, dtype in PEERS.items())


def _own_days(own: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    past = memory.select("signature", "principal", before="day")
    met = own.select("activity", "signature", "principal", "day").join(past, on=["signature", "principal"])
    return met.filter(pl.col("before") < pl.col("day")).group_by("activity").agg(own_days=pl.col("before").n_unique())


def is_unlike(row: Mapping[str, Any]) -> bool:
    """Tell whether an entity newly does what none of its peers is known for."""
    return bool(row["peers"] >= LEAST_UNLIKE and not row["doing"] and not row["own_days"])


def is_usual(row: Mapping[str, Any]) -> bool:
    """Tell whether most of its peers do it, too."""
    return bool(row["peers"] and row["doing"] >= USUAL * row["peers"])


def said_peers(row: Mapping[str, Any]) -> str:
    """Say a PEERS row as numbers with their meaning, cold start included."""
    peers = number(row["peers"], "peer")
    if not row["peers"]:
        return "no peers known: too few habits, or nobody behaves alike"
    if not row["doing"]:
        itself = f"; it did on {number(row['own_days'], 'earlier day')} itself" if row["own_days"] else ""
        few = "" if row["peers"] >= LEAST_UNLIKE else ", which are few"
        return f"unlike its {peers}{few}: none of them ever did this{itself}"
    return f"{'usual' if is_usual(row) else 'seldom'} among its peers: {row['doing']:,} of {row['peers']:,} do this"


class Group(NamedTuple):
    """Entities that behave alike."""

    leader: str
    members: tuple[tuple[str, float], ...]
    """With their likeness to the leader, the most alike first."""


def told_groups(groups: pl.DataFrame, about: str) -> Sequence[Group]:
    """Return GROUPS as they are shown: the one that holds the entity ``about``, '' = all, largest first."""
    ordered = groups.sort(["size", "leader", "likeness", "principal"], descending=[True, False, True, False])
    found = [
        Group(str(leader), tuple(part.select("principal", pl.col("likeness").cast(pl.Float64).round(2)).iter_rows()))
        for (leader,), part in ordered.group_by("leader", maintain_order=True)
    ]
    wanted = about.casefold()
    return [one for one in found if not wanted or any(wanted in _names(name) for name, _ in one.members)]


def _names(principal: str) -> tuple[str, str]:
    return principal.casefold(), principal.casefold().partition(":")[2]


def alike(groups: pl.DataFrame, principal: str, most: int) -> Iterator[tuple[str, float]]:
    """Yield peers of an entity with their likeness to their common leader, the most alike first, at most ``most``."""
    leader = groups.filter(principal=principal)["leader"]
    members = groups.filter(pl.col("leader").is_in(leader.to_list()), pl.col("principal") != principal)
    ordered = members.sort(["likeness", "principal"], descending=[True, False]).head(most)
    for name, likeness in ordered.select("principal", "likeness").iter_rows():
        yield name, round(likeness, 2)
