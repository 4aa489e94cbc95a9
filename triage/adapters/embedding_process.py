"""What the embedding model's own process does. Imports nothing else of this program, for the model is waited for."""

import gc
import multiprocessing
import os
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Failure(NamedTuple):
    """The answer when there are no vectors to give."""

    reason: str


def serve(line: Connection, path: str, batch_size: int) -> None:
    """Load the model, answer requests (texts to float32 unit vectors) until the line is closed, and be gone.

    It leaves without tidying up, which would keep its memory a second longer than it is needed.
    """
    # Locks that libraries make here must need no tidying up either: with this start method they have no name to free.
    multiprocessing.set_start_method("fork", force=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read by torch: its threads leave the cores to the reading
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):  # the program has gone, or is going
        _answer(line, path, batch_size)
        line.close()
    os._exit(0)


def _answer(line: Connection, path: str, batch_size: int) -> None:
    import numpy as np

    try:
        model = _load(path)
    except (OSError, ValueError) as error:
        line.send(Failure(str(error)))
        return
    while texts := line.recv():
        vectors = model.encode(texts, batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False)
        line.send(np.asarray(vectors, dtype=np.float32))


def _load(path: str) -> "SentenceTransformer":
    """Load the model. Importing makes a million objects that all stay: to look for garbage among them is a second."""
    gc.disable()
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it would write over our own display
    model = SentenceTransformer(path, device="cpu")
    gc.freeze()
    gc.enable()
    return model
