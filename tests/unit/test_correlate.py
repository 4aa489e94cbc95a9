"""What belongs together, and what must stay apart."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from support.activities import HOUR, MINUTE, START, activity, frame
from triage.config import CorrelateSettings
from triage.judgement.correlate import Correlated, correlate
from triage.nodes.embed import KIN

NO_KIN = pl.DataFrame(schema=KIN)


def judged(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Activities with a baseline; ``novelty`` of a row defaults to 1."""
    novelty = [row.pop("novelty", 1.0) for row in rows]
    cold = [row.pop("cold", False) for row in rows]
    extra = {"novelty": pl.Series(novelty, dtype=pl.Float32), "cold": pl.Series(cold, dtype=pl.Boolean)}
    return frame(rows).with_columns(**extra, alone=pl.lit(value=False), roamer=pl.lit(""))


def run(*rows: dict[str, object], kin: pl.DataFrame = NO_KIN) -> Correlated:
    return correlate(judged([dict(row) for row in rows]), kin, CorrelateSettings())


def groups(found: Correlated) -> list[list[str]]:
    grouped = found.membership.group_by("candidate").agg(pl.col("activity").sort())
    return sorted(grouped["activity"].to_list())


def test_two_new_things_on_one_host_within_minutes_belong_together() -> None:
    found = run(activity("a", "x", "host:a", START), activity("b", "y", "host:a", START + 5 * MINUTE))
    assert groups(found) == [["a", "b"]]
    assert found.joins["reason"].to_list() == ["both unusual on host:a, 5 min apart"]


def test_on_different_hosts_or_hours_apart_they_stay_apart() -> None:
    found = run(
        activity("a", "x", "host:a", START),
        activity("b", "y", "host:b", START + MINUTE),
        activity("c", "z", "host:a", START + 5 * HOUR),
    )
    assert groups(found) == [["a"], ["b"], ["c"]]


def test_everyday_things_join_nothing_on_their_own() -> None:
    found = run(activity("a", "x", "host:a", START, novelty=0.1), activity("b", "y", "host:a", START, novelty=0.1))
    assert found.membership.is_empty()


def test_an_everyday_thing_amid_a_burst_is_taken_in() -> None:
    found = run(
        activity("a", "x", "host:a", START),
        activity("b", "y", "host:a", START + 1),
        activity("c", "login", "host:a", START + 2, novelty=0.1),
        activity("d", "login", "host:b", START + 2, novelty=0.1),
    )
    assert groups(found) == [["a", "b", "c"]]
    assert found.membership.filter(~pl.col("core"))["activity"].to_list() == ["c"]


def test_the_same_new_thing_on_another_host_at_once_is_one_cause() -> None:
    found = run(activity("a", "scan", "host:a", START), activity("b", "scan", "host:b", START + MINUTE))
    assert groups(found) == [["a", "b"]]


def test_a_rare_user_ties_two_hosts_together() -> None:
    eva = {"entities": ("user:eva",)}
    found = run(activity("a", "x", "host:a", START, **eva), activity("b", "y", "host:b", START + 2 * HOUR, **eva))
    assert groups(found) == [["a", "b"]]
    assert "share user eva" in found.joins["reason"][0]


def test_what_everyone_shares_joins_nothing() -> None:
    admin = {"entities": ("user:admin",)}
    crowd = [activity(f"n{n}", "login", f"host:n{n}", START, novelty=0.0, **admin) for n in range(20)]
    found = run(
        activity("a", "x", "host:a", START, **admin), activity("b", "y", "host:b", START + HOUR, **admin), *crowd
    )
    assert groups(found) == [["a"], ["b"]]


def test_builtin_and_machine_accounts_identify_nobody() -> None:
    for name in ("user:system", "user:web01$"):
        shared = {"entities": (name,)}
        found = run(activity("a", "x", "host:a", START, **shared), activity("b", "y", "host:b", START, **shared))
        assert groups(found) == [["a"], ["b"]]


def test_the_own_address_of_a_host_joins_nothing_on_that_host_but_does_elsewhere() -> None:
    own = {"entities": ("address:10.0.0.5",)}
    apart = run(activity("a", "x", "host:a", START, **own), activity("b", "y", "host:a", START + 2 * HOUR, **own))
    assert groups(apart) == [["a"], ["b"]]
    met = run(activity("a", "x", "host:a", START, **own), activity("b", "y", "host:b", START + HOUR, **own))
    assert groups(met) == [["a", "b"]]


def test_the_pieces_of_a_roll_out_are_one_candidate_and_leave_others_alone() -> None:
    rollout = [activity(f"r{n}", "install", f"host:{n}", START + n * HOUR) for n in range(6)]
    met = [activity("x", "exploit", "host:3", START + 3 * HOUR), activity("y", "dump", "host:3", START + 3 * HOUR)]
    assert groups(run(*rollout, *met)) == [[f"r{n}" for n in range(6)], ["x", "y"]]


def test_very_new_things_at_the_same_moment_are_no_coincidence_where_they_are_rare() -> None:
    quiet = [activity(f"q{n}", f"q{n}", f"host:q{n}", START + n * 5 * HOUR) for n in range(1, 5)]
    pair = (activity("a", "x", "host:a", START), activity("b", "y", "host:b", START + 5_000_000))
    assert ["a", "b"] in groups(run(*pair, *quiet))
    busy = [activity(f"n{n}", f"n{n}", f"host:n{n}", START + n * MINUTE) for n in range(1, 9)]
    assert ["a", "b"] not in groups(run(*pair, *busy))


def test_an_odd_thing_half_an_hour_off_is_taken_in_by_a_large_burst_only() -> None:
    burst = [activity(f"b{n}", f"x{n}", "host:a", START + n) for n in range(6)]
    odd = activity("odd", "odd", "host:a", START + 20 * MINUTE, novelty=0.2)
    assert groups(run(*burst, odd)) == [[*(f"b{n}" for n in range(6)), "odd"]]
    assert groups(run(*burst[:3], odd)) == [["b0", "b1", "b2"]]


def test_process_lineage_joins_across_hours() -> None:
    shared = {"entities": ("lineage:{guid}",)}
    found = run(activity("a", "x", "host:a", START, **shared), activity("b", "y", "host:b", START + 3 * HOUR, **shared))
    assert groups(found) == [["a", "b"]]


def test_alike_meaning_on_two_hosts_at_once_is_an_echo() -> None:
    kin = pl.DataFrame([("s-nmap", "s-port scan", 0.9)], schema=KIN, orient="row")
    rows = (activity("a", "nmap", "host:a", START), activity("b", "port scan", "host:b", START + MINUTE))
    assert groups(run(*rows)) == [["a"], ["b"]]
    assert groups(run(*rows, kin=kin)) == [["a", "b"]]


def test_while_memory_is_cold_only_severe_alerts_are_core() -> None:
    found = run(
        activity("a", "x", "host:a", START, cold=True, severity=73),
        activity("b", "y", "host:b", START, cold=True, severity=21),
        activity("c", "z", "host:c", START, cold=True),
    )
    assert groups(found) == [["a"]]


def burst(kinds: int) -> list[dict[str, object]]:
    return [activity(f"b{n}", f"kind{n}", "host:a", START + 10 * HOUR + n * MINUTE) for n in range(kinds)]


def seldom(key: str, rule: str, hours: float) -> dict[str, object]:
    return activity(key, rule, "host:watcher", START + int(hours * HOUR), novelty=0.1)


def test_a_seldom_kind_on_another_asset_amid_a_burst_is_taken_in() -> None:
    rare = [seldom("r1", "load", 0), seldom("r2", "load", 10.05), seldom("r3", "load", 100)]
    found = run(*burst(6), *rare)
    assert found.membership.filter(~pl.col("core"))["activity"].to_list() == ["r2"]
    assert "host:watcher" in str(found.joins.filter(pl.col("right") == "r2")["reason"].item())


def test_a_frequent_kind_or_a_small_burst_takes_nothing_in_by_chance() -> None:
    frequent = [seldom(f"r{n}", "load", n + 0.05) for n in range(40)]
    assert run(*burst(6), *frequent).membership["core"].all()
    rare = [seldom("r1", "load", 0), seldom("r2", "load", 10.05), seldom("r3", "load", 100)]
    assert run(*burst(5), *rare).membership["core"].all()


def test_where_many_seldom_kinds_come_and_go_none_is_taken_in_by_chance() -> None:
    clatter = [seldom(f"r{n:03}", f"rare{n}", n / 4) for n in range(400)]
    assert run(*burst(6), *clatter).membership["core"].all()


def test_a_rated_odd_alert_beside_one_unusual_one_is_taken_in() -> None:
    found = run(
        activity("a", "x", "host:a", START, severity=47),
        activity("b", "y", "host:a", START + MINUTE // 2, severity=47, novelty=0.35),
        activity("c", "z", "host:a", START + MINUTE // 2, novelty=0.35),
    )
    assert groups(found) == [["a", "b"]]


def by_dan(key: str, host: str, minutes: float, **more: object) -> dict[str, object]:
    return activity(key, f"rule-{key}", f"host:{host}", START + int(minutes * MINUTE), entities=("user:dan",), **more)


def test_what_an_account_does_within_a_minute_of_its_unusual_doings_is_part_of_them() -> None:
    week = activity("z", "load", "host:z", START + 100 * HOUR, novelty=0.1)
    found = run(by_dan("a", "a", 0), by_dan("b", "b", 0.5, novelty=0.1), by_dan("c", "b", 3, novelty=0.1), week)
    assert groups(found) == [["a", "b"]]
    assert found.joins["reason"].to_list() == [
        "everyday on its own, but user dan did something unusual on host:a within the same minute"
    ]


def test_what_an_account_does_all_day_is_no_part_of_it() -> None:
    routine = [by_dan(f"r{n:02}", "b", n * 10 + 0.5, novelty=0.1) for n in range(36)]
    assert groups(run(by_dan("a", "a", 0), *routine)) == [["a"]]


def session(key: str, user: str, hours: float, address: str = "9.9.9.9", **more: object) -> dict[str, object]:
    at = START + int(hours * HOUR)
    return activity(key, f"rule-{key}", f"user:{user}", at, entities=(f"address:{address}",), **more)


def test_what_a_new_public_address_did_on_the_day_before_it_was_unusual_is_part_of_it() -> None:
    before = [session(f"b{n}", f"u{n}", 49 + n / 4, novelty=0.2) for n in range(3)]
    old = session("o", "u9", 0, address="9.9.9.8", novelty=0.2)
    found = run(old, *before, session("x", "dan", 50))
    assert groups(found) == [["b0", "b1", "b2", "x"]]
    assert set(found.joins["reason"]) == {
        "everyday on its own, but by a public address that was new here and unusual on user:dan"
    }


def test_what_an_address_did_that_was_here_for_days_is_not() -> None:
    regular = [session(f"r{n}", f"u{n}", n * 10, novelty=0.2) for n in range(6)]
    assert groups(run(*regular, session("x", "dan", 51))) == [["x"]]


rows_strategy = st.lists(
    st.tuples(
        st.sampled_from("xyz"), st.sampled_from("abc"), st.integers(0, 6 * HOUR), st.sampled_from([0.1, 0.5, 1.0])
    ),
    max_size=25,
)


@given(rows_strategy, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_does_not_matter_and_joins_are_a_spanning_tree(
    rows: list[tuple[str, str, int, float]], random: object
) -> None:
    made = [activity(f"k{n:02}", r, f"host:{h}", START + t, novelty=v) for n, (r, h, t, v) in enumerate(rows)]
    found = run(*made)
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = run(*shuffled)
    assert found.membership.equals(again.membership)
    assert found.joins.equals(again.joins)
    assert found.membership["activity"].n_unique() == found.membership.height
    assert found.joins.height == found.membership.height - found.membership["candidate"].n_unique()
