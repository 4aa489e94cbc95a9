"""Within one run, what looks like an attack on one day is no alibi for the next."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from support.activities import DAY, HOUR, MINUTE, START, activity, frame
from triage.judgement.baseline import OBSERVED
from triage.judgement.lessons import doubtful, repeats, suspects
from triage.judgement.urgency import SCALE

TODAY = START // DAY
STEPS = ("scan", "shell", "dump", "spread", "upload")


def observed(rows: list[tuple[str, str, str, int]]) -> pl.DataFrame:
    """(activity, rule, principal, day) -> OBSERVED."""
    whole = [(key, f"s-{rule}", who, TODAY + day, 1, 1, False) for key, rule, who, day in rows]
    return pl.DataFrame(whole, schema=OBSERVED, orient="row")


def test_what_is_seen_on_one_day_only_teaches_nothing() -> None:
    assert not repeats(observed([("a", "x", "host:a", 0), ("b", "x", "host:b", 1), ("c", "y", "host:a", 1)]))
    assert repeats(observed([("a", "x", "host:a", 0), ("b", "x", "host:a", 1)]))
    assert not repeats(observed([]))


def test_a_suspect_casts_doubt_on_its_like_from_its_day_on() -> None:
    own = observed([("a", "x", "host:a", 0), ("b", "x", "host:a", 1), ("c", "x", "host:a", 2), ("d", "x", "host:b", 2)])
    assert doubtful(own, ["b"])["activity"].to_list() == ["b", "c"]
    assert doubtful(own, []).is_empty()
    assert doubtful(own, ["b"]).schema == OBSERVED


@given(
    st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("ab"), st.integers(0, 5)), max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(0, 11),
)
def test_a_further_suspect_never_takes_doubt_away(
    rows: list[tuple[str, str, int]], suspected: set[int], more: int
) -> None:
    own = observed([(f"k{n}", rule, who, day) for n, (rule, who, day) in enumerate(rows)])
    before = set(doubtful(own, [f"k{n}" for n in sorted(suspected)])["activity"])
    after = set(doubtful(own, [f"k{n}" for n in sorted(suspected | {more})])["activity"])
    assert before <= after
    assert {f"k{n}" for n in suspected if n < len(rows)} <= before


def test_only_the_unusual_part_of_what_looks_like_an_attack_is_suspect() -> None:
    rows = [
        activity(step, step, "host:a", START + n * MINUTE, severity=90.0, tactics=[f"tactic-{n}"])
        for n, step in enumerate(STEPS)
    ]
    rows += [
        activity("everyday", "e", "host:a", START),
        activity("alone", "z", "host:b", START + 9 * HOUR, severity=40.0),
    ]
    compared = frame(rows).with_columns(
        novelty=pl.lit(1.0), net_days=pl.lit(0), alone=pl.lit(value=False), cold=pl.lit(value=True)
    )
    members = [("c1", step, True) for step in STEPS] + [("c1", "everyday", False), ("c2", "alone", True)]
    membership = pl.DataFrame(members, schema=["candidate", "activity", "core"], orient="row")
    assert sorted(suspects(compared, membership, {}, SCALE)) == sorted(STEPS)
    assert not suspects(compared, membership.clear(), {}, SCALE)
