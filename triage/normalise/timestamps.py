"""Times as security products write them, as microseconds since the epoch, UTC.

Understood: ISO 8601 with ``T`` or a blank, with any number of fraction digits, with ``Z``, ``+00:00``, ``+0000`` or no
zone (taken as UTC); US dates ``01/18/2022-12:17:27.242838`` and ``07/04/2024 10:33:51 PM``; and numbers or numeric
texts of seconds, milliseconds, microseconds, nanoseconds or Windows FILETIME, told apart by their size.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

INT64_MAX = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FILETIME_EPOCH_SECONDS = 11_644_473_600  # from 1601-01-01 to 1970-01-01
_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})[- T](\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*([AaPp][Mm])?$")
_NUMBER = re.compile(r"\d{9,20}(?:\.\d{1,9})?$")


def parse_time(value: object) -> int | None:
    """Return microseconds since the epoch, or None where ``value`` is not a time; never raises.

    Years that no alert can have (1601, 9999) are kept as they are.
    """
    if isinstance(value, str):
        return _from_text(value) if len(value) < 64 else None
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _from_number(value)
    return None


@lru_cache(maxsize=16384)
def _from_text(text: str) -> int | None:
    text = text.strip()
    if text[4:5] == "-" and text[10:11] in {"T", "t", " "}:
        return _from_iso(text)
    if _NUMBER.match(text):
        return _from_number(float(text) if "." in text else int(text))
    us = _US.match(text)
    return _from_us(*us.groups()) if us else None


def _from_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def _from_us(month: str, day: str, year: str, *clock: str | None) -> int | None:
    hour, minute, second, fraction, half = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    microsecond = int((fraction or "").ljust(6, "0")[:6])
    try:
        moment = datetime(
            int(year), int(month), int(day), hours, int(minute or 0), int(second or 0), microsecond, tzinfo=UTC
        )
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND


def _from_number(number: float) -> int | None:
    """Tell the unit from the size: seconds are below 1e11 until the year 5138; smaller than 1e8 is no time."""
    if not math.isfinite(number) or number < 1e8:
        return None
    if number < 1e11:
        return round(number * 1_000_000)
    if number < 1e14:
        return round(number * 1_000)
    if number < 1e17:
        return int(number)
    if number < 2e17:
        return int(number) // 10 - _FILETIME_EPOCH_SECONDS * 1_000_000
    return min(int(number) // 1_000, INT64_MAX)
