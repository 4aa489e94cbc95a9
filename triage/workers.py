"""Per-part work in worker processes. Results come back in order of the parts, so the number of workers is not seen."""

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from time import thread_time
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

WORTH_SECONDS = 2.0
"""What worker processes have to save, in seconds of work: starting them costs one of them, and memory."""
_TRIED = 4
"""Parts after which the time of the others is known; the first ones also fill caches."""
_PARTS_AT_ONCE = 4


def worker_count(asked: int) -> int:
    """Return how many processes may be used: as asked, else one per core."""
    return asked or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) or 1


def map_parts(work: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Iterator[Result]:
    """Apply a picklable pure function to every part: in this process, until others are worth their start."""
    fastest = math.inf
    for done, part in enumerate(parts):
        saved = fastest * (len(parts) - done) * (1 - 1 / workers)
        if done >= _TRIED and saved > WORTH_SECONDS:
            yield from _in_processes(work, parts[done:], workers)
            return
        began = thread_time()
        result = work(part)
        fastest = min(fastest, thread_time() - began)
        yield result


def _in_processes(work: Callable[[Part], Result], parts: Sequence[Part], workers: int) -> Iterator[Result]:
    # spawn: the parent has threads (Polars, the pull), and forking those can deadlock.
    context = multiprocessing.get_context("spawn")
    # Parts that travel together share what ``work`` remembers.
    together = max(1, min(_PARTS_AT_ONCE, len(parts) // (4 * workers)))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with_parent) as pool:
        yield from pool.map(work, parts, chunksize=together)


def _leave_with_parent() -> None:
    """End this worker when the process that started it ends, even by ``kill -9``, which a pool does not notice."""
    threading.Thread(target=_wait_for_parent, name="leave-with-parent", daemon=True).start()


def _wait_for_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
