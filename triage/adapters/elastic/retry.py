"""When and how long to wait before asking again: exponential backoff with full jitter."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from triage.config import ElasticSettings
from triage.errors import SourceUnavailable

T = TypeVar("T")
LONGEST = 30.0
"""Seconds; no single wait is longer."""


def full_jitter(longest: float) -> float:
    """Return a random wait between 0 and ``longest`` seconds, so that many clients do not return at once."""
    return random.SystemRandom().uniform(0, longest)


class Retry(NamedTuple):
    """How patient we are with a server."""

    tries: int
    """After the first."""
    first: float
    """Seconds of the first wait, doubled each time up to ``LONGEST``."""
    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[float], float] = full_jitter

    @classmethod
    def of(cls, settings: ElasticSettings, sleep: Callable[[float], object] = time.sleep) -> "Retry":
        """Return the patience that the settings ask for."""
        return cls(settings.retries, settings.backoff_seconds, sleep)

    def call(self, operation: Callable[[], T], refused: Callable[[int], object] = lambda _: None) -> T:
        """Return what the operation returns, trying again while it raises SourceUnavailable.

        ``refused`` is told the number of refusals so far, before each wait. The last refusal is raised.
        """
        for attempt in range(self.tries):
            try:
                return operation()
            except SourceUnavailable:
                refused(attempt + 1)
            self.sleep(self.jitter(min(LONGEST, self.first * 2**attempt)))
        return operation()
