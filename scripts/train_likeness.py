"""Makes ``triage/data/likeness.npy``: the vectors of known orders and of honest text that passages are compared with.

From the corpus of ``train_directive.py``, embedded by the bundled model; those that a support vector machine keeps. The
file is the same every time on one machine (a minute on two cores):

    python scripts/train_likeness.py
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import SVC
from train_directive import of_companies, of_ours, orders_and_honest

from triage.adapters.embeddings import SentenceEmbedder
from triage.attack import load_techniques
from triage.config import EmbeddingSettings
from triage.trust.doubts import as_read, doubts
from triage.trust.injection import listed
from triage.trust.likeness import SHARPNESS, THRESHOLD

EXAMPLES = Path(__file__).parents[1] / "triage" / "data" / "likeness.npy"
FILLED = 6
"""Times that a line with slots is filled."""
CLOSE = 3.0
"""How often honest text counts that was written to come close to an order; alerts of companies count once."""
LOOSENESS = 0.5
"""What an example on the wrong side costs (C)."""
ROUNDS = 2
"""Times that the passage of an order which is most of one is chosen anew."""
Vector = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Train and write the examples; say how well the corpus itself is told apart."""
    orders, close = orders_and_honest(FILLED)
    near = {passage for text in (*close, *of_ours()) for passage in _passages(text)}
    far = {doubt.text for text in set(of_companies()) if not listed(text) for doubt in doubts(text)}
    far |= {as_read(technique.name) for technique in load_techniques().values()}
    honest = [*sorted(near), *sorted(far - near)]
    counts = [CLOSE] * len(near) + [1.0] * (len(honest) - len(near))
    readings = [_passages(text) for text in orders]
    vectors = _embedded(sorted({*honest, *(one for passages in readings for one in passages)}))
    told, all_honest = [_rows(vectors, passages) for passages in readings], _rows(vectors, honest)
    model = _trained(told, all_honest, counts)
    _write(model)
    caught = sum(model.decision_function(passages).max() >= THRESHOLD for passages in told)
    wrong = (model.decision_function(all_honest) >= THRESHOLD).sum()
    print(f"{caught} of {len(orders)} orders, {wrong} of {len(honest)} honest passages, {len(model.support_)} examples")


def _passages(text: str) -> list[str]:
    """Return a text as a whole and its passages, as ``doubts`` reads them; each once."""
    return list(dict.fromkeys((as_read(text), *(doubt.text for doubt in doubts(text)))))


def _embedded(texts: Sequence[str]) -> dict[str, Vector]:
    embedder = SentenceEmbedder(EmbeddingSettings(batch_size=64))
    vectors = embedder.encode(texts)
    embedder.release()
    return dict(zip(texts, vectors, strict=True))


def _rows(vectors: Mapping[str, Vector], texts: Sequence[str]) -> Vector:
    return np.stack([vectors[text] for text in texts])


def _trained(orders: Sequence[Vector], honest: Vector, counts: Sequence[float]) -> SVC:
    """Return the model; of an order only the passage counts that is most of one, as in use."""
    chosen = np.stack([passages[0] for passages in orders])
    for _ in range(ROUNDS):
        model = SVC(C=LOOSENESS, gamma=SHARPNESS, class_weight="balanced")
        sides = [1] * len(chosen) + [0] * len(honest)
        model.fit(np.vstack([chosen, honest]), sides, sample_weight=[*([1.0] * len(chosen)), *counts])
        chosen = np.stack([passages[model.decision_function(passages).argmax()] for passages in orders])
    return model


def _write(model: SVC) -> None:
    """Write the bias, and below it what each example says, in the first column, in front of its vector."""
    examples = np.hstack([model.dual_coef_.T, model.support_vectors_])
    bias = np.zeros((1, examples.shape[1]))
    bias[0, 0] = model.intercept_[0]
    np.save(EXAMPLES, np.vstack([bias, examples]).astype(np.float16))


if __name__ == "__main__":
    main()
