"""Times as this program counts them: microseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _MICRO
_LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MICRO


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware datetime."""
    return (moment - EPOCH) // _MICRO


def moment(value: int) -> datetime:
    """Return the aware UTC datetime; out-of-range values are clamped to the years 1 and 9999."""
    return EPOCH + timedelta(microseconds=min(max(value, _FIRST), _LAST))


def span(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICRO
