"""A point in time that several threads share and that can be opened anew."""

import threading
from collections.abc import Callable

from triage.adapters.elastic.faults import SearchContextMissingError


class PointInTime:
    """The id in use and its generation; internal document order holds within one generation only."""

    def __init__(self, open_one: Callable[[], str]) -> None:
        self._open = open_one
        self._lock = threading.Lock()
        self._id = open_one()
        self._generation = 0

    @property
    def generation(self) -> int:
        """Number of times it was opened anew."""
        return self._generation

    def id(self, generation: int) -> str:
        """Return the id. Raises SearchContextMissingError when this generation is over."""
        with self._lock:
            if generation != self._generation:
                raise SearchContextMissingError("the point in time was opened anew by another slice")
            return self._id

    def adopt(self, generation: int, newest: str) -> None:
        """Use the id that an answer carried from now on; the server may change it."""
        with self._lock:
            if generation == self._generation:
                self._id = newest

    def renew(self, generation: int) -> None:
        """Open a new one, unless another thread already did."""
        with self._lock:
            if generation == self._generation:
                self._id = self._open()
                self._generation += 1
