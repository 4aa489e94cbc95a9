"""Times as this program counts them: microseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FIRST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO
_LAST = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // _MICRO - 1


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware datetime."""
    return (moment - EPOCH) // _MICRO


def moment(value: int) -> datetime:
    """Return the aware UTC datetime, clamped to the years 2 to 9998: a margin can be put around any of them."""
    return EPOCH + timedelta(microseconds=min(max(value, _FIRST), _LAST))


def span(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICRO
