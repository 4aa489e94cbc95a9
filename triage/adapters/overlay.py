"""A working set in memory over another one: what is put stays here, what is not found here is read from below."""

from collections.abc import Iterator

import polars as pl

from triage.ports import RawStore, WorkingSet


class Overlay:
    """``ports.WorkingSet`` that leaves the one below as it is."""

    def __init__(self, below: WorkingSet) -> None:
        self._below = below
        self._own: dict[str, pl.DataFrame] = {}

    def put(self, key: str, frame: pl.DataFrame) -> None:
        """Keep a frame in memory."""
        self._own[key] = frame

    def get(self, key: str) -> pl.DataFrame:
        """Return the frame that was put last under this key, else the one below; KeyError when there is none."""
        return self._own[key] if key in self._own else self._below.get(key)

    def has(self, key: str) -> bool:
        """Tell whether the name is here or below."""
        return key in self._own or self._below.has(key)

    def raw(self) -> RawStore:
        """Return the raw documents below."""
        return self._below.raw()

    def own(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield what was put here, by name."""
        yield from ((key, self._own[key]) for key in sorted(self._own))
