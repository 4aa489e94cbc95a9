"""Makes ``triage/data/directive.csv``: what each concept, and each pair of them, says about a text being an order.

The corpus is ``directive_corpus.csv`` beside this script: orders to whoever triages alerts and honest text that comes
close to them, with slots (``{case}``) that are filled in turn; and all text of the alerts of generated companies, as
honest. A logistic regression; its weights are rounded, so that the file is the same every time:

    python scripts/train_directive.py
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from triage.generator import ATTACKS, BENIGN, ScenarioSpec, generate
from triage.trust.concepts import Mention, mentions
from triage.trust.directive import features, is_prose, passages
from triage.trust.disguise import fold
from triage.trust.injection import patterns, scan

CORPUS = Path(__file__).with_name("directive_corpus.csv")
WEIGHTS = Path(__file__).parents[1] / "triage" / "data" / "directive.csv"
FILLED = 20
"""Times that a line with slots is filled."""
CLOSE = 20
"""How often honest text counts that was written to come close to an order; alerts of companies count once."""
ROUNDS = 4
"""Times that the passage of an order which is most of one is chosen anew."""
LOOSENESS = 0.1
"""Inverse strength of the ridge penalty."""
MARGIN = 1.0
"""Taken off the bias, so that honest text stays well below the threshold."""
_SLOT = re.compile(r"\{(\w+)\}")
Passages = list[dict[str, float]]


def main() -> None:
    """Train and write the weights; say how well the corpus itself is told apart."""
    orders, honest = (list(map(_passages, texts)) for texts in orders_and_honest())
    honest += map(_passages, of_ours())
    honest *= CLOSE
    honest += [_passages(text) for text in sorted(set(of_companies())) if is_prose(text) and not _is_listed(text)]
    orders = [found for found in orders if found]
    weights = _trained(orders, [passage for found in honest for passage in found])
    with WEIGHTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("feature", "weight"))
        writer.writerows((name, f"{weight:g}") for name, weight in weights.items() if weight)
    caught = sum(max(_weight(passage, weights) for passage in found) > 0 for found in orders)
    wrong = sum(any(_weight(passage, weights) > 0 for passage in found) for found in honest)
    print(f"{caught} of {len(orders)} orders, {wrong} of {len(honest)} honest texts, {len(weights)} weights")


def orders_and_honest(filled: int = FILLED) -> tuple[list[str], list[str]]:
    """Return the orders of the corpus and its honest texts."""
    told: tuple[list[str], list[str]] = ([], [])
    for label, text in corpus(filled):
        told[label != "order"].append(text)
    return told


def corpus(filled: int = FILLED) -> Iterator[tuple[str, str]]:
    """Yield label and text of every line, those with slots ``filled`` times."""
    with CORPUS.open(newline="", encoding="utf-8") as file:
        rows = [(row["label"], row["text"]) for row in csv.DictReader(file)]
    slots = {label.partition(":")[2]: text.split("|") for label, text in rows if label.startswith("slot:")}
    turn = count()
    for label, text in rows:
        if not label.startswith("slot:"):
            for _ in range(filled if _SLOT.search(text) else 1):
                yield label, _SLOT.sub(lambda found: slots[found[1]][next(turn) * 7 % len(slots[found[1]])], text)


def of_ours() -> Iterator[str]:
    """Yield what this program itself says about a finding, with and without what it quotes."""
    for why in sorted({pattern.why for pattern in patterns()}):
        for quoted in ("(withheld)", "'x'"):
            yield (
                "2 activities hold text written for the reader of alerts (address and verdict), in alerts of 'Scan'; "
                f"quoted, not followed: {quoted}, which {why}; ATLAS AML.T0051 LLM Prompt Injection."
            )


def _is_listed(text: str) -> bool:
    """Tell whether a text is an order by the patterns: generated attacks speak to assistants, too."""
    return any(finding.kind != "directive" for finding in scan(text))


def of_companies() -> Iterator[str]:
    """Yield the texts of alerts of generated companies."""
    for seed, attack in enumerate(ATTACKS):
        spec = ScenarioSpec(name=attack, seed=seed, days=3, entities=50, attacks=(attack,), benign=tuple(BENIGN))
        for hit in generate(spec).hits():
            yield from _texts(hit["_source"])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _passages(text: str) -> Passages:
    found: list[Mention] = mentions(fold(text))
    return [features(passage) for passage in passages(found)]


def _trained(orders: list[Passages], honest: Passages) -> dict[str, float]:
    """Return the weights; of an order only the passage counts that is most of one, as in use."""
    chosen = [max(found, key=len) for found in orders]
    weights: dict[str, float] = {}
    for _ in range(ROUNDS):
        weights = _fitted(chosen, honest)
        chosen = [max(found, key=lambda passage: _weight(passage, weights)) for found in orders]
    return weights


def _fitted(orders: Passages, honest: Passages) -> dict[str, float]:
    """Return the weights of a ridge logistic regression; both sides count alike."""
    rows = Counter([(1, *sorted(one.items())) for one in orders] + [(0, *sorted(one.items())) for one in honest])
    table = DictVectorizer(sparse=False)
    values = table.fit_transform([dict(row[1:]) for row in rows])
    sides = [row[0] for row in rows]
    model = LogisticRegression(C=LOOSENESS, class_weight="balanced", fit_intercept=False, max_iter=3000)
    model.fit(values, sides, sample_weight=list(rows.values()))
    named = zip(table.get_feature_names_out(), model.coef_[0], strict=True)
    return {name: round(float(weight) - (MARGIN if name == "bias" else 0.0), 2) for name, weight in named}


def _weight(passage: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in passage.items())


if __name__ == "__main__":
    main()
