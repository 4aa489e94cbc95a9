"""In-memory stand-ins for the world: part of the product, used by tests, evals and the demo."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson

from triage.models import Incompleteness
from triage.ports import RawPage, Window


class FixedClock:
    """A clock that stands still."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._moment


class HashEmbedder:
    """Deterministic unit vectors made of hashed words: texts that share words are alike. No model, no torch."""

    model_id = "hashed-words"

    def __init__(self, dimensions: int = 64) -> None:
        self._dimensions = dimensions

    def prepare(self) -> None:
        """Nothing to load."""

    def release(self) -> None:
        """Nothing to give back."""

    def encode(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return float32 of shape (len(texts), dimensions)."""
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest()
                vectors[row, int.from_bytes(digest, "big") % self._dimensions] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)


class MemorySource:
    """An alert source over a list of hits ({"_index", "_id", "_source"}) or raw lines."""

    def __init__(
        self, hits: Sequence[dict[str, Any] | bytes], page_size: int = 1000, problems: Sequence[Incompleteness] = ()
    ) -> None:
        self._lines = [hit if isinstance(hit, bytes) else orjson.dumps(hit) for hit in hits]
        self._page_size = page_size
        self._problems = tuple(problems)

    @property
    def key(self) -> str:
        """Return a constant name."""
        return "memory"

    def pages(self, window: Window) -> Iterator[RawPage]:  # noqa: ARG002 - the run leaves out what lies outside
        """Yield the lines in pages."""
        for start in range(0, len(self._lines), self._page_size):
            page = self._lines[start : start + self._page_size]
            yield RawPage(b"\n".join(page) + b"\n", len(page), "memory", start + 1)

    def problems(self) -> Sequence[Incompleteness]:
        """Return what was given as problems."""
        return self._problems
