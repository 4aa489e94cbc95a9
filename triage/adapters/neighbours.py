"""Exact cosine neighbours of signature vectors with FAISS."""

from collections.abc import Mapping, Sequence

import numpy as np


class FaissNeighbours:
    """``state.Neighbours`` with an exact inner-product index: signatures are thousands, so exact is fast enough."""

    def __call__(
        self, names: Sequence[str], vectors: Mapping[str, Sequence[float]], least: float
    ) -> Sequence[tuple[str, str, float]]:
        """Return (name, other, cosine) with name < other for all pairs of at least ``least``, in order of the names."""
        import faiss

        ordered = sorted(name for name in names if name in vectors)
        if len(ordered) < 2:
            return []
        matrix = np.asarray([vectors[name] for name in ordered], dtype=np.float32)
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(matrix)
        limits, similarities, others = index.range_search(matrix, least)
        return sorted(
            (name, ordered[others[place]], round(float(similarities[place]), 4))
            for row, name in enumerate(ordered)
            for place in range(int(limits[row]), int(limits[row + 1]))
            if others[place] > row
        )
