"""Vectors of texts: what was embedded once, by this run or an earlier one, costs no model call again."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from triage.condense import stable_key
from triage.state import RunContext

Vector = np.ndarray[Any, np.dtype[np.float32]]


class Embedded(NamedTuple):
    """Texts with their vectors."""

    vectors: Mapping[str, Vector]
    """Unit vector by text."""
    fresh: int
    """Texts that the model had to read for it."""


def vectors_of(texts: Iterable[str], context: RunContext) -> Embedded:
    """Look up or compute the vector of each text. Raises TriageError when the model cannot be loaded."""
    hashes = {stable_key(text): text for text in sorted(set(texts))}
    known = dict(context.store.vectors(context.embedder.model_id, sorted(hashes)))
    unseen = [key for key in hashes if key not in known]
    if unseen:
        fresh = dict(zip(unseen, context.embedder.encode([hashes[key] for key in unseen]), strict=True))
        context.store.save_vectors(context.embedder.model_id, fresh)
        known |= fresh
    return Embedded({text: known[key] for key, text in hashes.items()}, len(unseen))
