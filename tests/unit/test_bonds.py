"""What analysts joined and kept apart, honoured by correlation."""

from collections.abc import Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from support.activities import HOUR, MINUTE, START, activity, frame
from triage.config import CorrelateSettings
from triage.judgement.constraints import Constraint, activities, in_words
from triage.judgement.correlate import Correlated, correlate
from triage.nodes.embed import KIN

NO_KIN = pl.DataFrame(schema=KIN)
Row = dict[str, object]


def run(rows: Sequence[Row], *constraints: Constraint) -> Correlated:
    rows = [dict(row) for row in rows]
    novelty = pl.Series([row.pop("novelty", 1.0) for row in rows], dtype=pl.Float32)
    judged = frame(rows).with_columns(
        novelty=novelty, cold=pl.lit(value=False), alone=pl.lit(value=False), roamer=pl.lit("")
    )
    return correlate(judged, NO_KIN, CorrelateSettings(), constraints=constraints)


def groups(found: Correlated) -> list[list[str]]:
    return sorted(found.membership.group_by("candidate").agg(pl.col("activity").sort())["activity"].to_list())


def together(*keys: str) -> Constraint:
    return Constraint(kind="must_link", left=activities(keys))


def apart(left: Sequence[str], right: Sequence[str]) -> Constraint:
    return Constraint(kind="cannot_link", left=activities(left), right=activities(right))


CHAIN = [
    activity("a", "x", "host:a", START),
    activity("b", "y", "host:a", START + MINUTE),
    activity("c", "z", "host:a", START + 30 * MINUTE),
    activity("d", "w", "host:a", START + 31 * MINUTE),
]
"""One incident; what holds a and b, and c and d, is stronger than what is between them."""


def test_what_an_analyst_joined_is_one_incident_and_says_so() -> None:
    rows = [activity("a", "x", "host:a", START), activity("b", "y", "host:b", START + 9 * HOUR, novelty=0.1)]
    assert groups(run(rows)) == [["a"]]
    found = run(rows, together("a", "b"))
    assert groups(found) == [["a", "b"]]
    assert found.joins["reason"].to_list() == ["an analyst joined these, 9.0 h apart"]
    assert found.membership["core"].to_list() == [True, True]


def test_an_everyday_thing_that_was_joined_draws_in_nothing_else() -> None:
    rows = [
        activity("a", "x", "host:a", START, entities=["user:u"]),
        activity("b", "y", "host:b", START + MINUTE, entities=["user:v"], novelty=0.1),
        activity("c", "z", "host:b", START + 2 * MINUTE, entities=["user:v"]),
        activity("d", "w", "host:b", START + MINUTE, novelty=0.1),
    ]
    assert groups(run(rows)) == [["a"], ["c"]]
    assert groups(run(rows, together("a", "b"))) == [["a", "b"], ["c"]]


def test_keeping_two_apart_cuts_the_weakest_join_between_them() -> None:
    assert groups(run(CHAIN)) == [["a", "b", "c", "d"]]
    assert groups(run(CHAIN, apart("a", "d"))) == [["a", "b"], ["c", "d"]]
    assert groups(run(CHAIN, apart("d", "a"))) == [["a", "b"], ["c", "d"]]


def test_a_later_word_about_the_same_two_prevails() -> None:
    assert groups(run(CHAIN, apart("a", "d"), together("a", "d"))) == [["a", "b", "c", "d"]]
    assert groups(run(CHAIN, together("a", "d"), apart("a", "d"))) == [["a", "b"], ["c", "d"]]


def test_of_what_was_joined_only_the_pair_that_is_kept_apart_comes_loose() -> None:
    rows = [activity(key, key, f"host:{key}", START + place * 9 * HOUR) for place, key in enumerate("abc")]
    assert groups(run(rows, together("a", "b", "c"), apart("b", "ac"))) == [["a", "c"], ["b"]]


def test_an_entity_that_joins_nothing() -> None:
    rows = [
        activity("a", "x", "host:a", START, entities=["user:svc"]),
        activity("b", "y", "host:b", START + MINUTE, entities=["user:svc"]),
    ]
    hub = Constraint(kind="never_group", left=("user:svc",))
    assert groups(run(rows)) == [["a", "b"]]
    assert groups(run(rows, hub)) == [["a"], ["b"]]
    elsewhere = Constraint(kind="never_group", left=("user:svc",), scope=("activity:a", "host:c"))
    assert groups(run(rows, elsewhere)) == [["a", "b"]]
    here = Constraint(kind="never_group", left=("user:svc",), scope=("host:a", "activity:b"))
    assert groups(run(rows, here)) == [["a"], ["b"]]
    assert groups(run(CHAIN, Constraint(kind="never_group", left=("host:a",)))) == [["a"], ["b"], ["c"], ["d"]]


def test_a_kind_of_alert_that_joins_nothing_and_is_not_taken_in_either() -> None:
    noisy = Constraint(kind="never_group", left=("signature:s-y",))
    assert groups(run(CHAIN, noisy)) == [["a", "c", "d"], ["b"]]
    everyday = activity("e", "login", "host:a", START + 2, novelty=0.1)
    burst = [activity("a", "x", "host:a", START), activity("b", "y", "host:a", START + 1), everyday]
    assert groups(run(burst)) == [["a", "b", "e"]]
    assert groups(run(burst, Constraint(kind="never_group", left=("signature:s-login",)))) == [["a", "b"]]
    assert groups(run(burst, apart("e", "a"))) == [["a", "b"]]
    severed = Constraint(kind="unjoin", left=activities("e"), right=activities("ab"))
    assert groups(run(burst, severed)) == [["a", "b"]]


def test_of_two_everyday_things_kept_apart_only_one_is_taken_in() -> None:
    everyday = [activity(key, key, "host:a", START + 2, novelty=0.1) for key in "ef"]
    burst = [activity("a", "x", "host:a", START), activity("b", "y", "host:a", START + 1), *everyday]
    assert groups(run(burst, apart("e", "f"))) == [["a", "b", "e"]]


def test_an_entity_kept_out_stays_out_when_it_shows_up_again() -> None:
    scanner = Constraint(kind="cannot_link", left=("user:scan",), right=activities("ab"))
    rows = [*CHAIN[:2], activity("n", "probe", "host:a", START + 2 * MINUTE, entities=["user:scan"])]
    assert groups(run(rows)) == [["a", "b", "n"]]
    assert groups(run(rows, scanner)) == [["a", "b"], ["n"]]


def test_a_join_that_does_not_count_leaves_the_others() -> None:
    severed = Constraint(kind="unjoin", left=activities("a"), right=activities("b"))
    found = run(CHAIN, severed)
    assert groups(found) == [["a", "b", "c", "d"]]
    assert found.joins.filter((pl.col("left") == "a") & (pl.col("right") == "b")).is_empty()


def test_what_is_not_there_is_no_error() -> None:
    unknown = [together("q", "r"), apart("q", "a"), Constraint(kind="never_group", left=("user:nobody",))]
    assert groups(run(CHAIN, *unknown)) == [["a", "b", "c", "d"]]


KEYS = "abcdefgh"
ROWS = st.lists(
    st.builds(
        lambda key, host, minute, user, novelty: activity(
            key, f"r{user}", f"host:{host}", START + minute * MINUTE, entities=[f"user:{user}"], novelty=novelty
        ),
        st.sampled_from(KEYS),
        st.sampled_from("pq"),
        st.integers(0, 90),
        st.integers(0, 3),
        st.sampled_from([0.1, 0.2, 1.0]),
    ),
    unique_by=lambda row: row["activity"],
    min_size=2,
)
SIDES = st.lists(st.sampled_from([*activities(KEYS), "user:1", "user:2", "host:p"]), min_size=1, max_size=3)
APART = st.builds(
    lambda left, right: Constraint(kind="cannot_link", left=tuple(left), right=tuple(right)), SIDES, SIDES
)
TOGETHER = st.builds(lambda keys: together(*keys), st.lists(st.sampled_from(KEYS), min_size=1, max_size=4))
NEVER = st.builds(
    lambda what: Constraint(kind="never_group", left=(what,)), st.sampled_from(["user:1", "signature:s-r2", "host:p"])
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.one_of(APART, TOGETHER, NEVER), max_size=4), st.randoms())
def test_nothing_is_together_that_is_kept_apart_whatever_the_order(
    rows: list[Row], wishes: list[Constraint], dice: Random
) -> None:
    found = run(rows, *wishes)
    shuffled = dice.sample(rows, len(rows))
    assert found.membership.equals(run(shuffled, *wishes).membership)
    assert found.joins.equals(run(shuffled, *wishes).joins)
    assert found.membership["activity"].is_unique().all()
    named = dict(found.membership.select("activity", "candidate").iter_rows())
    last = wishes[-1] if wishes else None
    if last and last.kind == "cannot_link" and all(one.startswith("activity:") for one in (*last.left, *last.right)):
        left, right = ({one.removeprefix("activity:") for one in side} for side in (last.left, last.right))
        for key in left - right:
            assert all(named.get(key, key) != named.get(other, other) for other in right - left)
    sizes = found.membership.group_by("candidate").len()
    joined = found.joins.group_by("candidate").len()
    assert sizes["len"].sum() - sizes.height == joined["len"].sum(), "the joins are a tree"


ELSEWHERE = (
    together("x1", "x2"),
    apart(["x1"], ["x3"]),
    Constraint(kind="never_group", left=("user:nobody", "signature:none")),
    Constraint(kind="unjoin", left=activities(["x1"]), right=activities(["x2"])),
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_constraints_about_other_things_change_nothing(rows: list[Row]) -> None:
    plain, constrained = run(rows), run(rows, *ELSEWHERE)
    assert plain.membership.equals(constrained.membership)
    assert plain.joins.equals(constrained.joins)


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        ("must_link", ("user:a",), ()),
        ("must_link", ("activity:a",), ("activity:b",)),
        ("cannot_link", ("activity:a",), ()),
        ("cannot_link", ("a",), ("activity:b",)),
        ("cannot_link", ("planet:mars",), ("activity:b",)),
        ("never_group", ("activity:a",), ()),
        ("never_group", (), ()),
        ("never_group", ("user:",), ()),
        ("never_group", ("user:" + "x" * 5000,), ()),
    ],
)
def test_what_makes_no_sense_is_refused(kind: str, left: tuple[str, ...], right: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        Constraint.model_validate({"kind": kind, "left": left, "right": right})


def test_a_constraint_in_words() -> None:
    assert (
        in_words(apart("ab", "cde")) == "activity:a, activity:b never together with activity:c, activity:d and 1 more"
    )
    assert in_words(Constraint(kind="never_group", left=("user:svc",))) == "user:svc joins nothing"
