"""What of the activities of a run is known to be bad, and the campaigns that its incidents belong to."""

from collections.abc import Mapping, Sequence

import polars as pl

from triage.intelligence.matching import COMPARED_KINDS, of_activities
from triage.judgement.candidates import Raise
from triage.judgement.known_bad import KnownBad, raised
from triage.judgement.urgency import Rating
from triage.state import Frames, RunContext


def find_known_bad(context: RunContext, compared: pl.DataFrame) -> Mapping[str, Sequence[KnownBad]]:
    """Match all entities of the horizon with the local copy; keep the result, and return it by activity."""
    if context.intelligence is None:
        return {}
    if not context.work.has(Frames.INTELLIGENCE):
        context.work.put(Frames.INTELLIGENCE, context.intelligence.pin(context.tell))
    named = named_entities(context, compared)
    matches = context.intelligence.match(context.work.get(Frames.INTELLIGENCE), named.select("kind", "value").unique())
    found = of_activities(compared, named, matches, context.settings.intelligence.retro)
    context.work.put(Frames.KNOWN_BAD, found)
    return by_activity(found)


def raising_by(known_bad: Mapping[str, Sequence[KnownBad]], context: RunContext) -> Raise:
    """Return what raises the rating of a candidate by the matches of its activities."""
    least, scale = context.settings.intelligence.least_confidence, context.heuristics.scale

    def raise_by(rating: Rating, activities: Sequence[str]) -> Rating:
        return raised(rating, [bad for key in activities for bad in known_bad.get(key, ())], least, scale)

    return raise_by


def named_entities(context: RunContext, compared: pl.DataFrame) -> pl.DataFrame:
    """Return activity, kind, value: all that the run's own alerts name, and what is kept of earlier activities.

    The entities of an activity are bounded, so that its alerts are asked where they are at hand: nobody can push an
    indicator out of sight by naming many other things.
    """
    facts = context.work.get(Frames.FACTS).select("fact", "entities")
    said = context.work.get(Frames.ALERTS).select("fact", "activity").unique()
    own = _exploded(facts).join(said, on="fact").select("activity", "kind", "value")
    kept = _exploded(compared.select("activity", "entities")).select("activity", "kind", "value")
    return (
        pl.concat([own, kept]).filter(pl.col("kind").is_in(COMPARED_KINDS)).unique().sort("activity", "kind", "value")
    )


def by_activity(found: pl.DataFrame) -> Mapping[str, Sequence[KnownBad]]:
    """Return what is known bad of each activity, once per indicator and source."""
    grouped: dict[str, list[KnownBad]] = {}
    for row in found.iter_rows(named=True):
        bad = KnownBad(
            f"{row['indicator_kind']}:{row['indicator_value']}", row["source"], row["confidence"], row["telling"]
        )
        if bad not in grouped.setdefault(row["activity"], []):
            grouped[row["activity"]].append(bad)
    return grouped


def _exploded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.explode("entities").drop_nulls("entities").unnest("entities").drop("role")
