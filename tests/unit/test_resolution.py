"""What joins because two names are one host, and what stays apart because an address changed hands."""

import polars as pl

from support.activities import HOUR, MINUTE, START, activity, frame
from triage.config import CorrelateSettings
from triage.judgement.correlate import Correlated, correlate
from triage.nodes.embed import KIN

ADDRESS = "10.1.2.3"


def row(key: str, principal: str, at: int, own: str = "", last: int | None = None, **more: object) -> dict[str, object]:
    """An activity; ``own`` is the address that its documents call the host's own."""
    made = activity(key, f"rule {key}", principal, START + at, last=START + (at if last is None else last), **more)
    named = [{"kind": "address", "role": "host", "value": own}] if own else []
    return made | {"entities": [*made["entities"], *named]}  # type: ignore[misc]


def run(*rows: dict[str, object]) -> Correlated:
    """Correlate; ``novelty`` of a row defaults to 1."""
    novelty = pl.Series([one.get("novelty", 1.0) for one in rows], dtype=pl.Float32)
    plain = frame({key: value for key, value in one.items() if key != "novelty"} for one in rows)
    judged = plain.with_columns(novelty=novelty, cold=pl.lit(value=False), alone=pl.lit(value=False), roamer=pl.lit(""))
    return correlate(judged, pl.DataFrame(schema=KIN), CorrelateSettings())


def groups(found: Correlated) -> list[list[str]]:
    return sorted(found.membership.group_by("candidate").agg(pl.col("activity").sort())["activity"].to_list())


def everyday(key: str, host: str, at: int, last: int | None = None) -> dict[str, object]:
    """An everyday alert of a host's agent that names its address."""
    return row(key, f"host:{host}", at, ADDRESS, last, novelty=0.05)


def test_a_host_under_its_name_and_under_its_address_is_one() -> None:
    """Neither unusual alert names both; the everyday ones before and after them show the lease."""
    around = everyday("e1", "ws1", -3 * HOUR), everyday("e2", "ws1", 5 * HOUR)
    seen = row("a", "host:ws1", 0), row("b", f"address:{ADDRESS}", 4 * MINUTE)
    assert groups(run(*seen)) == [["a"], ["b"]]
    found = run(*around, *seen)
    assert groups(found) == [["a", "b"]]
    (reason,) = found.joins["reason"]
    assert reason.startswith("both unusual on host:ws1, 4 min apart; 10.1.2.3 was ws1 then, whose own alerts show")


def test_after_the_address_changed_hands_its_former_host_is_left_alone() -> None:
    before, after = everyday("e1", "ws1", -3 * HOUR), everyday("e2", "ws2", -HOUR)
    found = run(before, after, row("a", "host:ws1", 0), row("b", f"address:{ADDRESS}", 4 * MINUTE))
    assert groups(found) == [["a"], ["b"]]
    found = run(before, after, row("a", "host:ws2", 0), row("b", f"address:{ADDRESS}", 4 * MINUTE))
    assert groups(found) == [["a", "b"]]


def test_two_hosts_that_had_the_address_one_after_the_other_stay_apart() -> None:
    found = run(row("a", "host:ws1", 0, ADDRESS), row("b", "host:ws2", 30 * MINUTE, ADDRESS))
    assert groups(found) == [["a"], ["b"]]


def test_an_address_that_another_host_met_still_joins() -> None:
    met = activity("b", "rule b", "host:ws2", START + 30 * MINUTE, entities=(f"address:{ADDRESS}",))
    assert groups(run(row("a", "host:ws1", 0, ADDRESS), met)) == [["a", "b"]]


def test_one_host_with_two_addresses_is_one() -> None:
    other = row("e2", "host:ws1", -HOUR, "10.9.9.9", novelty=0.05)
    seen = row("a", f"address:{ADDRESS}", 0), row("b", "address:10.9.9.9", 4 * MINUTE)
    found = run(everyday("e1", "ws1", -HOUR), other, *seen)
    assert groups(found) == [["a", "b"]]
    assert "10.9.9.9 was ws1" in found.joins["reason"][0]


def test_a_short_and_a_qualified_name_are_one_host_where_one_alert_names_both() -> None:
    seen = row("a", "host:ws1", 0), row("b", "host:ws1.corp.example", 4 * MINUTE)
    assert groups(run(*seen)) == [["a"], ["b"]]
    both = row("e", "host:ws1", -5 * HOUR, entities=("host:ws1.corp.example",), novelty=0.05)
    found = run(both, *seen)
    assert groups(found) == [["a", "b"]]
    assert found.joins["reason"].to_list() == [
        "both unusual on host:ws1.corp.example, 4 min apart; host:ws1 and host:ws1.corp.example are named together"
    ]


def test_two_hosts_of_one_short_name_stay_apart() -> None:
    both = [
        row(f"e{n}", "host:ws1", -5 * HOUR, entities=(f"host:ws1.{domain}.example",), novelty=0.05)
        for n, domain in enumerate(("a", "b"))
    ]
    found = run(*both, row("a", "host:ws1.a.example", 0), row("b", "host:ws1.b.example", 4 * MINUTE))
    assert groups(found) == [["a"], ["b"]]


def test_an_account_and_its_principal_name_on_two_hosts_are_one_user() -> None:
    seen = [
        row("a", "host:ws1", 0, entities=("user:jdoe",)),
        row("b", "host:ws2", 40 * MINUTE, entities=("user:john.doe",)),
    ]
    assert groups(run(*seen)) == [["a"], ["b"]]
    both = row("e", "host:idp", -5 * HOUR, entities=("user:jdoe", "mailbox:john.doe@corp.example"), novelty=0.05)
    assert groups(run(both, *seen)) == [["a", "b"]]


def test_an_agent_known_only_by_its_id_is_the_host_that_it_runs_on() -> None:
    agent = {"kind": "device", "role": "sensor", "value": "aid-7"}
    seen = row("a", "host:ws1", 0), row("b", "device:aid-7", 4 * MINUTE)
    assert groups(run(*seen)) == [["a"], ["b"]]
    known = row("e", "host:ws1", -5 * HOUR, novelty=0.05)
    known["entities"] = [*known["entities"], agent]  # type: ignore[misc]
    assert groups(run(known, *seen)) == [["a", "b"]]
    moved = row("f", "host:ws2", -4 * HOUR, novelty=0.05)
    moved["entities"] = [*moved["entities"], agent]  # type: ignore[misc]
    assert groups(run(known, moved, *seen)) == [["a"], ["b"]]


def test_the_order_of_activities_changes_nothing() -> None:
    rows = [
        everyday("e1", "ws1", -3 * HOUR),
        everyday("e2", "ws2", 3 * HOUR),
        row("a", "host:ws1", 0),
        row("b", f"address:{ADDRESS}", -3 * HOUR),
        row("c", "host:ws2", 3 * HOUR + MINUTE),
        row("d", f"address:{ADDRESS}", 3 * HOUR),
    ]
    one, other = run(*rows), run(*rows[::-1])
    assert one.membership.equals(other.membership)
    assert one.joins.equals(other.joins)
