"""What front ends ask of the local copy: matches of values, and campaigns linked with what it says now."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from triage.adapters.campaigns import CampaignMemory
from triage.adapters.intelligence.desk import IntelligenceDesk
from triage.attack import load_techniques
from triage.intelligence.adversary import Campaign
from triage.intelligence.campaigns import campaigns, known_by_entity, linked
from triage.intelligence.profiles import resembles
from triage.intelligence.values import normal
from triage.times import moment

_SEEN_AS = {"network": "address"}


def match_values(desk: IntelligenceDesk, values: Sequence[str]) -> list[dict[str, Any]]:
    """Return what is known of values in any spelling, one row per match."""
    keys = [key for value in values if (key := normal("", value))]
    asked = pl.DataFrame(
        [(_SEEN_AS.get(key.kind, key.kind), key.value) for key in keys],
        schema={"kind": pl.String, "value": pl.String},
        orient="row",
    )
    return [_row(row) for row in desk.match(desk.pinned(), asked).iter_rows(named=True)]


def link_again(memory: CampaignMemory, desk: IntelligenceDesk, least: int, reach: timedelta) -> tuple[Campaign, ...]:
    """Link the incidents of the last ``reach`` with what the local copy says now, and keep the campaigns."""
    remembered = memory.traits()
    newest = max((one.last for one in remembered), default=None)
    traits = [one for one in remembered if newest is None or one.last >= newest - reach]
    pairs = sorted({(trait.kind, trait.value) for one in traits for trait in one.indicators})
    entities = pl.DataFrame(pairs, schema={"kind": pl.String, "value": pl.String}, orient="row")
    matches = desk.match(desk.pinned(), entities).filter(pl.col("confidence") >= least)
    found = campaigns(traits, linked(traits, known_by_entity(matches)), memory.campaigns())
    profiles = [profile for one in desk.current() for profile in one.contents.profiles]
    total = len(load_techniques())
    told = tuple(one.model_copy(update={"resembles": resembles(one.techniques, profiles, total)}) for one in found)
    memory.save((), (), told)
    return told


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "entity": f"{row['entity_kind']}:{row['entity']}",
        "indicator": f"{row['indicator_kind']}:{row['indicator_value']}",
        "source": row["source"],
        "confidence": row["confidence"],
        "since": None if row["since"] is None else moment(row["since"]).isoformat(),
        "until": None if row["until"] is None else moment(row["until"]).isoformat(),
        "labels": list(row["labels"]),
        "threats": list(row["threats"]),
        "tlp": row["tlp"],
        "id": row["ref"],
    }
