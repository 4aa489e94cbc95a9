"""From where a run reads on: nothing lies unread behind a mark, and a mark never goes back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import watermarks
from triage.ports import Window
from triage.watermarks import Marks

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERLAP = 2 * HOUR
NEVER = Marks(None, None)
ALWAYS = Window(None, None)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_the_first_run_reads_everything_and_marks_the_latest_alert() -> None:
    assert watermarks.window(ALWAYS, NEVER, OVERLAP) == ALWAYS
    assert watermarks.moved(ALWAYS, NEVER, NOON - HOUR, NOON) == Marks(NOON - HOUR, NOON)


def test_the_next_run_reads_on_from_the_latest_alert_and_what_arrived_since() -> None:
    found = watermarks.window(ALWAYS, Marks(NOON - HOUR, NOON), OVERLAP)
    assert found == Window(NOON - HOUR - OVERLAP, None, NOON - OVERLAP)


def test_an_end_is_kept_and_a_start_that_is_asked_for_is_taken_as_it_is() -> None:
    marks = Marks(NOON, NOON)
    assert watermarks.window(Window(None, NOON), marks, OVERLAP).until == NOON
    assert watermarks.window(Window(NOON - HOUR, NOON), marks, OVERLAP) == Window(NOON - HOUR, NOON)


def test_a_run_without_new_alerts_leaves_the_events_where_they_are() -> None:
    assert watermarks.moved(ALWAYS, Marks(NOON, NOON), None, NOON + HOUR) == Marks(NOON, NOON + HOUR)


@pytest.mark.parametrize(("since", "events"), [(NOON - HOUR, NOON + 3 * HOUR), (NOON + HOUR, NOON)])
def test_a_window_that_leaves_a_gap_does_not_move_the_mark_over_it(since: datetime, events: datetime) -> None:
    asked = Window(since, None)
    assert watermarks.moved(asked, Marks(NOON, NOON), NOON + 3 * HOUR, NOON + 4 * HOUR) == Marks(events, NOON)


def test_marks_have_names_and_only_those_that_are_set() -> None:
    assert watermarks.named("s", Marks(NOON, None)) == {"s": NOON}
    assert watermarks.named("s", Marks(NOON, NOON + HOUR)) == {"s": NOON, "s arrivals": NOON + HOUR}


@given(st.none() | moments, moments, st.lists(st.tuples(st.none() | moments, st.none() | moments, moments), max_size=6))
def test_marks_never_go_back(
    since: datetime | None, first: datetime, runs: list[tuple[datetime, datetime, datetime]]
) -> None:
    marks = watermarks.moved(Window(since, None), NEVER, first, first)
    started = first
    for asked, newest, later in runs:
        started = max(started, later)
        after = watermarks.moved(Window(asked, None), marks, newest, started)
        for now, before in zip(after, marks, strict=True):
            assert now is not None
            assert before is not None
            assert now >= before
        marks = after
