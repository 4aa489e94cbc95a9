"""Per-part work in worker processes. Results come back in order of the parts, so the number of workers is not seen."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

LEAST_DOCUMENTS = 100_000
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
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with_parent) as pool:
        yield from pool.map(work, parts)


def _leave_with_parent() -> None:
    """End this worker when the process that started it ends, even by ``kill -9``, which a pool does not notice."""
    threading.Thread(target=_wait_for_parent, name="leave-with-parent", daemon=True).start()


def _wait_for_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
