"""Makes ``triage/data/likeness.csv``: what each dimension of a passage's vector says about its meaning an order.

From the corpus of ``train_directive.py``, embedded by the bundled model. A logistic regression; its weights are
rounded, so that the file is the same every time on one machine (a minute on two cores):

    python scripts/train_likeness.py
"""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from train_directive import of_companies, of_ours, orders_and_honest

from triage.adapters.embeddings import SentenceEmbedder
from triage.attack import load_techniques
from triage.config import EmbeddingSettings
from triage.trust.injection import listed
from triage.trust.likeness import THRESHOLD, as_read, doubts

WEIGHTS = Path(__file__).parents[1] / "triage" / "data" / "likeness.csv"
CLOSE = 3.0
"""How often honest text counts that was written to come close to an order; alerts of companies count once."""
LOOSENESS = 1.0
"""Inverse strength of the ridge penalty."""
ROUNDS = 3
"""Times that the passage of an order which is most of one is chosen anew."""
Vector = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Train and write the weights; say how well the corpus itself is told apart."""
    orders, close = orders_and_honest()
    near = {passage for text in (*close, *of_ours()) for passage in _passages(text)}
    far = {doubt.text for text in set(of_companies()) if not listed(text) for doubt in doubts(text)}
    far |= {as_read(technique.name) for technique in load_techniques().values()}
    honest = [*sorted(near), *sorted(far - near)]
    counts = [CLOSE] * len(near) + [1.0] * (len(honest) - len(near))
    readings = [_passages(text) for text in orders]
    vectors = _embedded(sorted({*honest, *(one for passages in readings for one in passages)}))
    weights = _trained(
        [[vectors[one] for one in passages] for passages in readings], [vectors[one] for one in honest], counts
    )
    _write(weights)
    caught = sum(any(_weight(vectors[one], weights) >= THRESHOLD for one in passages) for passages in readings)
    wrong = sum(_weight(vectors[one], weights) >= THRESHOLD for one in honest)
    print(f"{caught} of {len(orders)} orders, {wrong} of {len(honest)} honest passages")


def _passages(text: str) -> list[str]:
    """Return a text as a whole and its passages, as ``likeness.doubts`` reads them; each once."""
    return list(dict.fromkeys((as_read(text), *(doubt.text for doubt in doubts(text)))))


def _embedded(texts: Sequence[str]) -> dict[str, Vector]:
    embedder = SentenceEmbedder(EmbeddingSettings(batch_size=64))
    vectors = embedder.encode(texts)
    embedder.release()
    return dict(zip(texts, vectors, strict=True))


def _trained(orders: Sequence[Sequence[Vector]], honest: Sequence[Vector], counts: Sequence[float]) -> list[float]:
    """Return bias and weights; of an order only the passage counts that is most of one, as in use."""
    chosen = [passages[0] for passages in orders]
    weights: list[float] = []
    for _ in range(ROUNDS):
        weights = _fitted(chosen, honest, counts)
        chosen = [max(passages, key=partial(_weight, weights=weights)) for passages in orders]
    return weights


def _fitted(orders: Sequence[Vector], honest: Sequence[Vector], counts: Sequence[float]) -> list[float]:
    """Return the rounded weights of a ridge logistic regression; both sides count alike."""
    model = LogisticRegression(C=LOOSENESS, class_weight="balanced", max_iter=5000)
    sides = [1] * len(orders) + [0] * len(honest)
    model.fit(np.vstack([*orders, *honest]), sides, sample_weight=[*([1.0] * len(orders)), *counts])
    return [round(float(weight), 3) for weight in (*model.intercept_, *model.coef_[0])]


def _weight(vector: Vector, weights: Sequence[float]) -> float:
    return weights[0] + float(vector @ np.array(weights[1:]))


def _write(weights: Sequence[float]) -> None:
    with WEIGHTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("dimension", "weight"))
        writer.writerows(zip(("bias", *range(len(weights) - 1)), weights, strict=True))


if __name__ == "__main__":
    main()
