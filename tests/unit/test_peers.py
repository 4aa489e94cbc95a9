"""Peers: who behaves alike is found without labels, in a fixed order, and an intrusion moves nobody."""

from collections.abc import Iterable
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from support.activities import DAY, START, activity, frame
from triage.judgement.baseline import SIGHTINGS
from triage.judgement.peers import (
    GROUPS,
    PEERS,
    alike,
    compare_with_peers,
    is_unlike,
    is_usual,
    peer_groups,
    said_peers,
    told_groups,
)

TODAY = START // DAY


def sightings(rows: Iterable[tuple[str, str, int]]) -> pl.DataFrame:
    """(rule, principal, day from today) -> SIGHTINGS."""
    whole = [(f"s-{rule}", principal, TODAY + day, 1, 1) for rule, principal, day in rows]
    return pl.DataFrame(whole, schema=SIGHTINGS, orient="row")


def company(days: int = 7) -> list[tuple[str, str, int]]:
    """24 workstations and 6 servers; each misses one of its kind's habits."""
    made = [
        (f"{kind}{habit}", f"host:{kind}{number:02}", -day)
        for kind, count in (("ws", 24), ("srv", 6))
        for number in range(count)
        for habit in range(6)
        for day in range(1, days + 1)
        if habit != number % 6
    ]
    return [*made, *((f"user{habit}", f"user:u{n}", -day) for n in range(5) for habit in range(3) for day in (1, 2, 3))]


def compared(rule: str, principal: str, memory: pl.DataFrame) -> dict[str, Any]:
    found = compare_with_peers(frame([activity("k", rule, principal, START)]), memory, peer_groups(memory))
    assert found.schema == PEERS
    return found.row(0, named=True)


def test_roles_are_found_without_their_names() -> None:
    groups = peer_groups(sightings(company()))
    assert groups.schema == GROUPS
    by_leader = groups.group_by("leader").agg(pl.col("principal").str.extract(r"^(\w+:[a-z]+)").unique())
    assert all(len(kinds) == 1 for kinds in by_leader["principal"].to_list())
    assert sorted(groups.group_by("leader").len()["len"].to_list()) == [5, 6, 24]


def test_what_no_peer_ever_did_is_unlike_them() -> None:
    row = compared("mimikatz", "host:ws03", sightings(company()))
    assert is_unlike(row)
    assert said_peers(row) == "unlike its 23 peers: none of them ever did this"


def test_what_most_peers_do_is_usual_among_them() -> None:
    row = compared("ws3", "host:ws03", sightings(company()))
    assert is_usual(row)
    assert not is_unlike(row)
    assert said_peers(row) == "usual among its peers: 20 of 23 do this"


def test_what_few_peers_do_is_seldom_and_the_entity_itself_is_not_its_peer() -> None:
    memory = sightings([*company(), ("rare", "host:ws04", -1), ("rare", "host:ws03", -2), ("rare", "host:srv01", -2)])
    assert said_peers(compared("rare", "host:ws03", memory)) == "seldom among its peers: 1 of 23 do this"


def test_what_only_the_entity_itself_is_known_for_is_no_news() -> None:
    row = compared("own", "host:ws03", sightings([*company(), ("own", "host:ws03", -1)]))
    assert not is_unlike(row)
    assert said_peers(row).endswith("none of them ever did this; it did on 1 earlier day itself")


def test_few_peers_are_no_reason() -> None:
    row = compared("odd", "user:u1", sightings(company()))
    assert not is_unlike(row)
    assert said_peers(row) == "unlike its 4 peers, which are few: none of them ever did this"


def test_cold_start_claims_no_peers() -> None:
    for memory in (sightings([]), sightings(company(days=1)).filter(pl.col("principal").str.starts_with("host"))):
        row = compared("ws1", "host:ws03", memory)
        assert (row["peers"], is_unlike(row), is_usual(row)) == (0, False, False)
        assert said_peers(row).startswith("no peers known")


def test_nothing_that_an_intrusion_does_on_its_day_takes_its_victim_from_its_peers() -> None:
    quiet = sightings(company())
    loud = pl.concat([quiet, sightings((f"evil{n}", "host:ws03", 0) for n in range(50))])
    assert peer_groups(quiet).equals(peer_groups(loud))


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 3), min_size=5, max_size=60))
def test_groups_do_not_depend_on_the_order_of_memory(random: Any, habits: list[int]) -> None:
    rows = [
        (f"r{(n * 7 + habit) % 9}", f"host:h{n % 12}", -day)
        for n, habit in enumerate(habits)
        for day in (1, 2, 3 + habit)
    ]
    groups = peer_groups(sightings(rows))
    shuffled = random.sample(rows, len(rows))
    assert groups.equals(peer_groups(sightings(shuffled)))
    assert groups["principal"].is_unique().all()
    assert (
        groups.filter(pl.col("principal") == pl.col("leader"))["likeness"].to_list()
        == [1.0] * groups["leader"].n_unique()
    )
    assert groups["likeness"].is_between(0, 1).all()


def test_peers_of_an_entity_are_named_with_their_likeness() -> None:
    groups = peer_groups(sightings(company()))
    named = list(alike(groups, "host:ws03", 5))
    assert len(named) == 5
    assert all(name.startswith("host:ws") and name != "host:ws03" for name, _ in named)
    assert [likeness for _, likeness in named] == sorted((likeness for _, likeness in named), reverse=True)
    assert not list(alike(groups, "host:unknown", 5))


def test_groups_are_told_whole_or_for_one_entity() -> None:
    groups = peer_groups(sightings(company()))
    whole = told_groups(groups, "")
    assert [len(one.members) for one in whole] == [24, 6, 5]
    (one,) = told_groups(groups, "HOST:srv03")
    assert told_groups(groups, "srv03") == [one]
    assert one.members[0] == (one.leader, 1.0)
    assert not told_groups(groups, "srv0")


def test_hostile_names_are_only_names() -> None:
    names = ("host:", "", "::", "host:\x1b[31m", "host:" + "a" * 5000)
    memory = sightings((rule, name, -day) for name in names for rule in ("x", "y") for day in (1, 2))
    groups = peer_groups(memory)
    assert "" not in groups["principal"].to_list()
    compare_with_peers(frame([activity("k", "x", name, START) for name in names]), memory, groups)
