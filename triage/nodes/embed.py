"""Embed: vectors of the signatures in play and of passages in doubt; only those never seen cost a model call."""

from collections.abc import Mapping, Sequence

import polars as pl

from triage.nodes.horizon import activities_in_play
from triage.nodes.second_look import doubted, mark
from triage.nodes.stage import Made
from triage.nodes.vectors import Vector, vectors_of
from triage.state import Frames, RunContext, RunState

LEAST_SIMILARITY = 0.8
"""Cosine from which on two signatures are kin: two detectors' words for the same thing."""

KIN = pl.Schema({"signature": pl.String, "other": pl.String, "similarity": pl.Float64})
VECTORS = pl.Schema({"signature": pl.String(), "vector": pl.List(pl.Float32()), "model": pl.String()})


def embed(state: RunState, context: RunContext) -> Made:
    """Look up or compute the vector of every signature in play, and find their kin."""
    del state
    texts = _texts(activities_in_play(context))
    passages, unread = doubted(context)
    embedded = vectors_of([*texts.values(), *passages], context)
    context.embedder.release()
    if passages:
        mark(passages, embedded.vectors, context)
    vectors = {signature: embedded.vectors[text] for signature, text in sorted(texts.items())}
    kin = context.neighbours(list(vectors), _as_lists(vectors), LEAST_SIMILARITY)
    context.work.put(Frames.KIN, pl.DataFrame(list(kin), schema=KIN, orient="row"))
    context.work.put(
        Frames.VECTORS,
        pl.DataFrame(
            {
                "signature": list(vectors),
                "vector": list(_as_lists(vectors).values()),
                "model": [context.embedder.model_id] * len(vectors),
            },
            schema=VECTORS,
        ),
    )
    told = {"signatures": len(texts), "embedded": embedded.fresh, "kin": len(kin)}
    seen = {"passages read": len(passages), "passages unread": unread}
    return Made({}, told | {name: count for name, count in seen.items() if count})


def _texts(activities: pl.DataFrame) -> Mapping[str, str]:
    """What is embedded of a signature: rule, message with its variable parts masked, tactics; never an identity."""
    first = activities.sort("first", "activity").unique("signature", keep="first", maintain_order=True)
    return {
        row["signature"]: " | ".join(part for part in (row["rule"], row["message"], ", ".join(row["tactics"])) if part)
        for row in first.iter_rows(named=True)
    }


def _as_lists(vectors: Mapping[str, Vector]) -> dict[str, Sequence[float]]:
    return {name: vector.tolist() for name, vector in vectors.items()}
