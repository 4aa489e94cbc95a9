"""Which incidents resemble one: they share rules, techniques and names that few others have.

Cosine similarity over sets, each member weighted by its rarity (inverse document frequency, Spärck Jones 1972).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from triage.desk.filter_fields import Told

LEAST = 0.05
"""Similarity from which on an incident is told."""
NAMED = 5
"""Shared members that are named, the rarest first."""


class Similar(NamedTuple):
    """An incident that resembles another."""

    incident_id: str
    score: float
    """0-1; 1 = the same rules, techniques and names."""
    shared: tuple[str, ...]
    """What both have, the rarest first."""


def traits(told: Told) -> frozenset[str]:
    """Return what an incident is compared by: ``rule:``, ``technique:`` and entity texts."""
    rules = {f"rule:{entry.rule}" for entry in told.timeline}
    techniques = {f"technique:{name}" for name in told.techniques}
    return frozenset(rules | techniques | {f"{entity.kind}:{entity.value}" for entity in told.entities})


def similar(told: Told, others: Iterable[Told], limit: int = 20) -> Sequence[Similar]:
    """Return the most similar of the others, best first; the incident itself is left out."""
    mine = traits(told)
    known = {one.incident_id: traits(one) for one in others if one.incident_id != told.incident_id}
    frequency = Counter(trait for found in (mine, *known.values()) for trait in found)
    total = len(known) + 1
    weight = {trait: math.log(1 + total / count) ** 2 for trait, count in frequency.items()}
    own = math.fsum(weight[trait] for trait in sorted(mine))
    found = [_compared(name, mine, other, weight, own) for name, other in known.items() if mine & other]
    ranked = sorted((one for one in found if one.score >= LEAST), key=lambda one: (-one.score, one.incident_id))
    return ranked[:limit]


def _compared(name: str, mine: frozenset[str], other: frozenset[str], weight: dict[str, float], own: float) -> Similar:
    shared = sorted(mine & other, key=lambda trait: (-weight[trait], trait))
    both = math.fsum(weight[trait] for trait in shared)
    length = math.sqrt(own * math.fsum(weight[trait] for trait in sorted(other)))
    return Similar(name, round(both / length, 4), tuple(shared[:NAMED]))
