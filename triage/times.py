"""Times as this program counts them: microseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FIRST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO
_LAST = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO - 1
PLAUSIBLE = ((datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO, (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO)
"""From when to before when an alert can be: before it there was no network to watch. What is dated otherwise, as 1601
or 9999 by defaults of systems, says nothing about when its run was."""


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware datetime."""
    return (moment - EPOCH) // _MICRO


def moment(value: int) -> datetime:
    """Return the aware UTC datetime, clamped to the years 2 to 9998: a margin can be put around any of them."""
    return EPOCH + timedelta(microseconds=min(max(value, _FIRST), _LAST))


def span(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICRO
