"""Per-part work in worker processes. Results come back in order of the parts, so the number of workers is not seen."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

LEAST_DOCUMENTS = 40_000
"""Starting a worker costs about half a second, as much as normalising this many documents."""


def worker_count(asked: int, documents: int) -> int:
    """Return how many processes to use: as asked, else one per core, and none extra for little work."""
    cores = asked or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else asked or os.cpu_count() or 1
    return max(1, min(cores, documents // LEAST_DOCUMENTS))


def map_parts(work: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Iterator[Result]:
    """Apply a picklable pure function to every part; in this process when one worker is enough."""
    if workers <= 1:
        yield from map(work, parts)
        return
    # spawn: the parent has threads (Polars, the pull), and forking those can deadlock.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, parts)
