"""Each part of our own judgement, switched off: what adds nothing shows by adding nothing.

Rarity has no switch of its own but a bound: with ``rare`` beyond every network, a hub links like a rare entity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from triage.state import Heuristics, RunContext

EVERYWHERE = 10**9


class Ablation(NamedTuple):
    """A part and the run without it."""

    what: str
    adapt: Callable[[RunContext], RunContext]


def _no_neighbours(
    names: Sequence[str], vectors: Mapping[str, Sequence[float]], least: float
) -> list[tuple[str, str, float]]:
    del names, vectors, least
    return []


def _without_embedding(context: RunContext) -> RunContext:
    return replace(context, neighbours=_no_neighbours)


def _rules(**changed: Any) -> Callable[[RunContext], RunContext]:  # noqa: ANN401 - fields of several types
    return lambda context: _with(
        context, context.heuristics._replace(rules=context.heuristics.rules._replace(**changed))
    )


def _weights(**changed: Any) -> Callable[[RunContext], RunContext]:  # noqa: ANN401 - fields of several types
    return lambda context: _with(
        context, context.heuristics._replace(weights=context.heuristics.weights._replace(**changed))
    )


def _scale(**changed: Any) -> Callable[[RunContext], RunContext]:  # noqa: ANN401 - fields of several types
    return lambda context: _with(
        context, context.heuristics._replace(scale=context.heuristics.scale._replace(**changed))
    )


def _with(context: RunContext, heuristics: Heuristics) -> RunContext:
    return replace(context, heuristics=heuristics)


ABLATIONS: Mapping[str, Ablation] = MappingProxyType(
    {
        "embedding": Ablation("kin by meaning: links and families", _without_embedding),
        "novelty": Ablation(
            "every activity counts as never seen",
            _weights(known_pair=(1.0,), first_here=1.0, common=1.0, cold=1.0, cold_rated=1.0),
        ),
        "cold start": Ablation("newness counts fully from the first day", _weights(cold=1.0, cold_rated=1.0)),
        "steady": Ablation("presence round the clock", _weights(steady=0.0)),
        "rarity": Ablation("a shared hub links like a rare entity", _rules(rare=EVERYWHERE)),
        "entity links": Ablation("shared users, hashes, lineage", _rules(rare=0)),
        "asset links": Ablation("near in time on one asset", _rules(asset_strength=0.0)),
        "echo links": Ablation("same signature (or meaning) on another asset", _rules(echo_strength=0.0)),
        "moment links": Ablation("very new at one moment on two assets", _rules(moment_strength=0.0)),
        "taking in": Ablation(
            "everyday activities amid unusual ones", _rules(absorb_seconds=-1.0, absorb_minutes=-1.0)
        ),
        "kill chain": Ablation("points for tactics", _scale(tactic_points=0.0)),
        "spread": Ablation("points for assets", _scale(spread_points=0.0)),
        "families": Ablation("kinds of alike meaning count once", _scale(family_factor=1.0)),
        "roll-out": Ablation("the same mild thing everywhere", _scale(rollout_assets=EVERYWHERE)),
    }
)
