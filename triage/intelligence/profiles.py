"""Which known actors a set of techniques resembles, with what chance alone would give. Never an attribution.

Techniques that everybody uses are shared by everybody; the hypergeometric tail says how often as many as ``shared``
would be by chance, were techniques drawn alike, multiplied by the number of profiles looked at (Bonferroni).
"""

from collections.abc import Iterable, Sequence
from math import comb
from typing import Final

import orjson
import polars as pl

from triage.intelligence.adversary import Profile, Resemblance

LEAST_SHARED: Final = 3
MOST_CHANCE: Final = 0.05
SHOWN: Final = 3


def resembles(techniques: Iterable[str], profiles: Sequence[Profile], universe: int) -> tuple[Resemblance, ...]:
    """Return the actors that share more than chance gives, the least likely first; ``universe`` = all techniques."""
    own = _whole(techniques)
    found = []
    for profile in {(one.kind, one.name): one for one in profiles}.values():
        known = _whole(profile.techniques)
        shared = own & known
        total = max(universe, len(own | known))
        chance = min(1.0, _tail(total, len(known), len(own), len(shared)) * len(profiles))
        if len(shared) >= LEAST_SHARED and chance <= MOST_CHANCE:
            found.append(
                Resemblance(
                    name=profile.name,
                    kind=profile.kind,
                    shared=tuple(sorted(shared)),
                    own=len(own),
                    profile=len(known),
                    chance=chance,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.chance, -len(one.shared), one.name))[:SHOWN])


def profiles_of(pinned: pl.DataFrame) -> list[Profile]:
    """Return the actor profiles of what a run uses."""
    return [Profile.model_validate(one) for text in pinned["profiles"].to_list() for one in orjson.loads(text)]


def _whole(techniques: Iterable[str]) -> set[str]:
    """Sub-techniques count as their technique: sources differ in how finely they name."""
    return {name.partition(".")[0] if name.startswith("T") else name for name in techniques}


def _tail(total: int, marked: int, drawn: int, hits: int) -> float:
    """P(X >= hits) where ``drawn`` of ``total`` are taken and ``marked`` of them count."""
    if hits == 0:
        return 1.0
    ways = sum(comb(marked, k) * comb(total - marked, drawn - k) for k in range(hits, min(marked, drawn) + 1))
    return ways / comb(total, drawn)
