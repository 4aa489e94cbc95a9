"""What is normal, in words an analyst reads."""

import polars as pl
import pytest

from triage.config import BaselineSettings
from triage.judgement.baseline import OBSERVED
from triage.judgement.normality import Signature, differences, habits, said_hours, said_weekdays

MONDAY = 20_514  # days since the epoch
NAMES = {"s": Signature("sensor", "Backup started", "Backup of <host>")}


def seen(*rows: tuple[str, int, int, bool]) -> pl.DataFrame:
    """Make OBSERVED of signature s from (principal, day, count, teaches)."""
    values = [("k", "s", who, MONDAY + day, count, 0b11 << 8, False, taught) for who, day, count, taught in rows]
    return pl.DataFrame(values, schema={**OBSERVED, "teaches": pl.Boolean}, orient="row")


def test_a_habit_tells_since_when_on_which_days_and_hours_how_much_and_with_whom() -> None:
    observed = seen(("host:a", 0, 4, True), ("host:a", 1, 6, True), ("host:a", 2, 5, False), ("host:b", 0, 1, True))
    (first, second) = habits(observed, NAMES, "", BaselineSettings())
    assert (first.principal, first.rule, first.days, first.weekdays, first.hours) == (
        *("host:a", "Backup started", 2),
        *("Mon-Tue", "08-09"),
    )
    assert (first.alerts, first.usual, first.most, first.held_back) == (10, 5.0, 6, 5)
    assert (first.others, second.other_count) == (("host:b",), 1)


@pytest.mark.parametrize(("about", "found"), [("host:a", 1), ("HOST:A", 1), ("backup", 2), ("s", 2), ("host:c", 0)])
def test_it_narrows_to_an_entity_a_signature_or_a_rule(about: str, found: int) -> None:
    observed = seen(("host:a", 0, 4, True), ("host:b", 0, 1, True))
    assert len(habits(observed, NAMES, about, BaselineSettings())) == found


def test_versions_differ_in_what_is_new_gone_or_more() -> None:
    before = seen(("host:a", 0, 4, True), ("host:b", 0, 1, True))
    after = seen(("host:a", 0, 4, True), ("host:a", 1, 4, True), ("host:c", 0, 1, True))
    found = differences(before, after, NAMES, BaselineSettings())
    assert [(one.principal, one.change) for one in found] == [("host:a", "more"), ("host:b", "gone"), ("host:c", "new")]
    assert differences(before, before, NAMES, BaselineSettings()) == []


def test_hours_and_days_in_words() -> None:
    assert said_hours(2**24 - 1) == "round the clock"
    assert said_hours(0b1_0111) == "00-02, 04"
    assert said_weekdays({0, 1, 2, 5}) == "Mon-Wed, Sat"
    assert said_weekdays(set(range(7))) == "every day"
