"""Several producing threads, one reader: a bounded channel that ends, fails and closes cleanly."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ClosedError(Exception):
    """The reader has gone; a producer stops."""


class Channel(Generic[T]):
    """Holds at most ``capacity`` items. The reader sees the end when every producer has called ``done``."""

    def __init__(self, capacity: int, producers: int) -> None:
        self._capacity = capacity
        self._producers = producers
        self._items = deque[T]()
        self._failure: BaseException | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Add an item, waiting for room. Raises ClosedError."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                raise ClosedError
            self._items.append(item)
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the reader stays. Raises ClosedError."""
        with self._changed:
            if self._changed.wait_for(lambda: self._closed, timeout=seconds):
                raise ClosedError

    def done(self, failure: BaseException | None = None) -> None:
        """Say that one producer has ended; the first failure closes the channel and is raised to the reader."""
        with self._changed:
            self._producers -= 1
            if failure is not None and not self._closed:
                self._failure, self._closed = failure, True
            self._changed.notify_all()

    def close(self) -> None:
        """Send the producers home."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Yield items until all producers are done. Raises the failure of one."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed or not self._producers)
                if self._failure is not None:
                    raise self._failure
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
