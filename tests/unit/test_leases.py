"""An address is a host for a while: it changes hands, it is shared, it is forged; names of one host are one."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.activities import DAY, HOUR, MINUTE, START, activity, frame
from triage.judgement.aliases import host_aliases, user_aliases
from triage.judgement.leases import HOLDINGS, LASTS, holders, holdings
from triage.judgement.resolution import IDENTITIES, identities, with_accounts
from triage.times import span

ADDRESS = "10.1.2.3"


def shows(key: str, host: str, first: int, last: int | None = None, address: str = ADDRESS) -> dict[str, object]:
    """A host's own activity that names its address."""
    row = activity(key, "r", f"host:{host}", START + first, last=START + (first if last is None else last))
    entities = [{"kind": "host", "role": "", "value": host}, {"kind": "address", "role": "host", "value": address}]
    return row | {"entities": entities}


def asked(key: str, first: int, last: int | None = None, address: str = ADDRESS) -> dict[str, object]:
    """A network sensor's activity about an address."""
    return activity(key, "n", f"address:{address}", START + first, last=START + (first if last is None else last))


def holder(first: int, *shown: dict[str, object], last: int | None = None, address: str = ADDRESS) -> str:
    rows = frame([*shown, asked("q", first, last, address)])
    held = holdings(rows)
    assert held.schema == HOLDINGS
    found = holders(rows, held)["host"].to_list()
    return str(found[0]) if found else ""


def test_between_two_moments_of_one_host_the_address_is_its_own() -> None:
    shown = shows("a", "ws1", 0), shows("b", "ws1", 5 * DAY)
    assert holder(2 * DAY, *shown) == "ws1"


def test_an_address_that_changes_hands_is_each_host_in_its_time_and_nobody_between() -> None:
    shown = shows("a", "ws1", 0, 2 * HOUR), shows("b", "ws2", 10 * HOUR, 12 * HOUR)
    assert holder(HOUR, *shown) == "ws1"
    assert holder(11 * HOUR, *shown) == "ws2"
    assert holder(5 * HOUR, *shown) == ""
    assert holder(HOUR, *shown, last=11 * HOUR) == ""


def test_a_holding_ends_some_time_after_the_last_that_was_seen_of_it() -> None:
    shown = (shows("a", "ws1", 0),)
    assert [holder(gap, *shown) for gap in (span(LASTS), span(LASTS) + 1)] == ["ws1", ""]
    assert [holder(-gap, *shown) for gap in (span(LASTS), span(LASTS) + 1)] == ["ws1", ""]


def test_an_address_that_returns_is_its_first_host_again() -> None:
    shown = shows("a", "ws1", 0), shows("b", "ws2", 10 * HOUR), shows("c", "ws1", 20 * HOUR)
    assert [holder(at * HOUR, *shown) for at in (0, 10, 20, 25)] == ["ws1", "ws2", "ws1", "ws1"]


def test_one_host_with_two_addresses_is_one() -> None:
    shown = shows("a", "ws1", 0), shows("b", "ws1", 0, address="10.9.9.9")
    assert holder(HOUR, *shown) == holder(HOUR, *shown, address="10.9.9.9") == "ws1"


def test_an_address_that_two_hosts_hold_at_once_is_no_host() -> None:
    assert holder(HOUR, shows("a", "ws1", 0, 3 * HOUR), shows("b", "ws2", 2 * HOUR, 9 * HOUR)) == ""


def test_who_forges_an_address_while_its_host_is_heard_only_makes_it_nobodys() -> None:
    real = shows("a", "dc01", 0, 9 * HOUR)
    assert holder(HOUR, real, shows("b", "evil", HOUR)) == ""


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "169.254.7.7", "127.0.0.1", "fe80::1", "not an address", "10.0.0.1\n", ""]
)
def test_only_private_addresses_are_hosts(address: str) -> None:
    assert holder(0, shows("a", "ws1", 0, address=address), address=address or "x") == ""


_MOMENT = st.tuples(st.sampled_from(["ws1", "ws2", "ws3"]), st.integers(0, 200), st.integers(0, 20))


@settings(max_examples=60, deadline=None)
@given(moments=st.lists(_MOMENT, max_size=8), at=st.integers(-30, 250), random=st.randoms(use_true_random=False))
def test_no_address_is_two_hosts_and_none_within_the_time_of_another(
    moments: list[tuple[str, int, int]], at: int, random: Any
) -> None:
    rows = [shows(f"k{n}", who, first * HOUR, (first + for_) * HOUR) for n, (who, first, for_) in enumerate(moments)]
    everything = frame([*rows, asked("q", at * HOUR)])
    held = holdings(everything)
    found = holders(everything, held)
    assert found["activity"].is_unique().all()
    shuffled = everything.sample(fraction=1, shuffle=True, seed=random.randrange(1000))
    assert held.equals(holdings(shuffled))
    shown = {who for who, first, for_ in moments if first <= at <= first + for_}
    assert set(found["host"]) <= (shown or {"ws1", "ws2", "ws3"})


def test_a_short_name_and_the_qualified_one_beside_it_are_one_host() -> None:
    rows = frame([activity("a", "r", "host:ws1", START, entities=("host:ws1.corp.example",))])
    assert host_aliases(rows) == {"ws1": "ws1.corp.example"}


@pytest.mark.parametrize(
    "names",
    [
        ("host:ws1", "host:ws1.a.example", "host:ws1.b.example"),
        ("host:collector", "host:ws1.corp.example"),
        ("host:ws1", "host:ws10.corp.example"),
        ("host:ws1", "host:xws1.corp.example"),
        ("host:ws1", "host:.ws1"),
        ("host:10", "host:10.corp"),
    ],
)
def test_names_that_may_be_two_hosts_stay_apart(names: tuple[str, ...]) -> None:
    other = activity("b", "r", "host:10.other.example", START)
    found = host_aliases(frame([activity("a", "r", names[0], START, entities=names[1:]), other]))
    assert not found


def test_an_account_and_its_principal_name_are_one_user() -> None:
    rows = frame(
        [
            activity("a", "r", "user:jdoe", START, entities=("mailbox:john.doe@corp.example",)),
            activity("b", "r", "user:john.doe", START + MINUTE),
        ]
    )
    assert user_aliases(rows) == {"john.doe": "jdoe"}
    values = with_accounts(rows)["entities"].list.eval(pl.element().struct.field("value")).to_list()
    assert values == [["john.doe@corp.example", "jdoe"], ["jdoe", "john.doe"]]
    found = identities(rows)
    assert found.schema == IDENTITIES
    assert found.rows() == [
        ("b", "user:john.doe", "user:jdoe", "user:john.doe and user:jdoe are named together"),
    ]


@pytest.mark.parametrize("account", ["system", "root", "ws1$", "nobody"])
def test_an_account_of_every_machine_is_nobodys_name(account: str) -> None:
    rows = frame([activity("a", "r", f"user:{account}", START, entities=("mailbox:john.doe@corp.example",))])
    assert not user_aliases(rows)


def test_a_shared_mailbox_makes_no_two_accounts_one() -> None:
    rows = [activity(n, "r", f"user:{n}", START, entities=("mailbox:info@corp.example",)) for n in ("ann", "bob")]
    assert not user_aliases(frame(rows))
    assert with_accounts(frame(rows)).equals(frame(rows))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_hostile_names_raise_nothing_and_bring_no_control_characters_into_reasons(names: list[str]) -> None:
    rows = [
        activity(f"k{n}", "r", f"host:{name}", START + n, entities=(f"host:{name}.{names[0]}", f"mailbox:{name}@x"))
        for n, name in enumerate(names)
    ]
    found = identities(frame([*rows, asked("q", 0)]))
    assert found.schema == IDENTITIES
    assert all(why.isprintable() for why in found["why"])
    with_accounts(frame(rows))
