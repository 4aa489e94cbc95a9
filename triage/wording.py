"""Words and numbers for sentences that people read; every text of an alert passes through ``plain`` first."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from triage.trust.untrusted import clean

_SPACES = re.compile(r" {2,}")
_BRACKETS = str.maketrans("[]", "()")
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def plain(text: str, limit: int = 120) -> str:
    """Return one clean, bounded line without square brackets, so that no alert can forge a citation like ``[E1]``."""
    return _SPACES.sub(" ", clean(text, limit)).translate(_BRACKETS).strip()


def quoted(text: str, limit: int = 120) -> str:
    """Return ``plain`` text in single quotes, which nothing within it can end."""
    inner = plain(text, limit).replace("'", _APOSTROPHE)
    return f"'{inner}'"


def number(count: int, noun: str, plural: str = "") -> str:
    """Return e.g. '1 alert' or '1,204 alerts'."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def when(time: datetime) -> str:
    """Return a time to the second, e.g. '2026-01-31 06:00:01 UTC'."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def span(first: datetime, last: datetime) -> str:
    """Return 'at T' or 'between T1 and T2', to the second."""
    if last - first < timedelta(seconds=1):
        return f"at {when(first)}"
    end = f"{last:%H:%M:%S} UTC" if first.date() == last.date() else when(last)
    return f"between {first:%Y-%m-%d %H:%M:%S} and {end}"


def days(delta: timedelta) -> str:
    """Return a duration in days or, below two days, in hours."""
    hours = delta.total_seconds() / 3600
    return number(round(hours / 24), "day") if hours >= 48 else number(round(hours), "hour")


def listed(items: Sequence[str], limit: int = 3) -> str:
    """Return 'a, b and c', or 'a, b, c and 4 more'."""
    shown = list(items[:limit])
    if len(items) > limit:
        return f"{', '.join(shown)} and {len(items) - limit} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def sentence_case(text: str) -> str:
    """Return the text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]
