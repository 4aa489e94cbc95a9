"""Campaigns of a run: what of its incidents may come up again, and with which incidents of other nights they hang."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import polars as pl

from triage.attack import TechniqueTable
from triage.desk.indicators import address
from triage.intelligence.adversary import Campaign, Meaning, Trait, Traits
from triage.intelligence.campaigns import Known, campaigns, known_by_entity, linked
from triage.intelligence.profiles import profiles_of, resembles
from triage.models import EntityKind, Incident
from triage.nodes.horizon import horizon
from triage.nodes.known_bad import named_entities
from triage.nodes.meaning import meanings
from triage.state import Frames, RunContext
from triage.times import moment, span
from triage.wording import plain

INDICATORS_KEPT = 200
"""Indicators kept of an incident, the rarest first; known-bad ones always."""
TOOLING_KEPT = 50
_MEANINGS = pl.Schema(
    [
        *((name, pl.String()) for name in ("incident_id", "model")),
        *((name, pl.Int64()) for name in ("first", "last")),
        *(("title", pl.String()), ("vector", pl.Binary())),
    ]
)
"""Of ``adversary.Meaning``."""
_INDICATORS = (EntityKind.HASH, EntityKind.DOMAIN, EntityKind.URL, EntityKind.ADDRESS, EntityKind.MAILBOX)


def link_campaigns(incidents: tuple[Incident, ...], context: RunContext) -> tuple[Incident, ...]:
    """Return the incidents with the campaigns they belong to; what ``keep_campaigns`` is to write is left in frames."""
    if context.campaigns is None:
        return incidents
    shown = [incident for incident in incidents if incident.disposition != "benign"]
    own = traits_of(shown, context)
    replaced = {incident.incident_id for incident in incidents} | _before(context)
    everything = [*_earlier(context, replaced), *own]
    found = linked_campaigns(everything, context, context.dossier.context().techniques)
    _put(context, own, replaced, found)
    context.work.put(Frames.MEANINGS, pl.DataFrame(meanings(shown, context), schema=_MEANINGS, orient="row"))
    return with_campaigns(incidents, found)


def keep_campaigns(context: RunContext) -> None:
    """Write what ``link_campaigns`` found; repeating it changes nothing."""
    if context.campaigns is None or not context.work.has(Frames.CAMPAIGNS):
        return
    rows = context.work.get(Frames.TRAITS).rows()
    traits = [Traits.model_validate_json(body) for _, body in rows if body]
    found = [Campaign.model_validate_json(body) for body in context.work.get(Frames.CAMPAIGNS)["body"].to_list()]
    known = [Meaning(*row) for row in context.work.get(Frames.MEANINGS).iter_rows()]
    context.campaigns.save(traits, [name for name, body in rows if not body], found, known)


def with_campaigns(incidents: tuple[Incident, ...], found: Sequence[Campaign]) -> tuple[Incident, ...]:
    """Return the incidents with the ids of their campaigns."""
    of: dict[str, tuple[str, ...]] = {}
    for campaign in sorted(found, key=lambda one: one.campaign_id):
        for name in campaign.incident_ids:
            of[name] = (*of.get(name, ()), campaign.campaign_id)
    return tuple(
        incident.model_copy(update={"campaign_ids": of[incident.incident_id]})
        if incident.incident_id in of
        else incident
        for incident in incidents
    )


def linked_campaigns(traits: Sequence[Traits], context: RunContext, techniques: TechniqueTable) -> tuple[Campaign, ...]:
    """Link incidents by what they share, with what intelligence says of it now."""
    known = _known(traits, context)
    memory = context.campaigns.campaigns() if context.campaigns else ()
    found = campaigns(traits, linked(traits, known), memory)
    profiles = profiles_of(context.work.get(Frames.INTELLIGENCE)) if context.work.has(Frames.INTELLIGENCE) else []
    return tuple(
        one.model_copy(update={"resembles": resembles(one.techniques, profiles, len(techniques))}) for one in found
    )


def _earlier(context: RunContext, replaced: set[str]) -> list[Traits]:
    """Return the traits of earlier incidents within memory that this run has not judged anew."""
    if context.campaigns is None:
        return []
    settings = context.settings
    since = horizon(context) + span(settings.correlate.horizon) - span(settings.campaigns.memory)
    return [one for one in context.campaigns.traits(since) if one.incident_id not in replaced]


def _before(context: RunContext) -> set[str]:
    """Return the incidents that the activities of the horizon were in before."""
    oldest: int = context.work.get(Frames.COMPARED).select(pl.col("last").min().fill_null(0)).item()
    return set(context.store.placements(oldest)["incident_id"].to_list())


def _known(traits: Sequence[Traits], context: RunContext) -> Mapping[tuple[str, str], Sequence[Known]]:
    if context.intelligence is None or not context.work.has(Frames.INTELLIGENCE):
        return {}
    pairs = sorted({(trait.kind, trait.value) for one in traits for trait in one.indicators})
    entities = pl.DataFrame(pairs, schema={"kind": pl.String, "value": pl.String}, orient="row")
    matches = context.intelligence.match(context.work.get(Frames.INTELLIGENCE), entities)
    return known_by_entity(matches.filter(pl.col("confidence") >= context.settings.intelligence.least_confidence))


def traits_of(shown: Sequence[Incident], context: RunContext) -> list[Traits]:
    """Return what of each incident may come up again elsewhere."""
    placed = context.work.get(Frames.PLACED)
    rows = placed.join(context.work.get(Frames.COMPARED), on="activity")
    named = _spread(context, rows).filter(pl.col("incident_id").is_in([one.incident_id for one in shown]))
    indicators = {key: [_trait(row) for row in group] for key, group in _grouped(named)}
    tools = {key: [_trait(row) for row in group] for key, group in _grouped(_tooling(rows))}
    own = rows.filter(pl.col("incident_id").is_in([one.incident_id for one in shown])).sort("first", "activity")
    steps = {key: _techniques(group) for (key,), group in own.group_by("incident_id", maintain_order=True)}
    assets = {key: sorted(group["principal"].unique()) for (key,), group in own.group_by("incident_id")}
    return [
        Traits(
            incident_id=one.incident_id,
            title=one.title,
            first=one.first_seen,
            last=one.last_seen,
            assets=tuple(assets.get(one.incident_id, ())),
            indicators=tuple(indicators.get(one.incident_id, ())),
            tooling=tuple(tools.get(one.incident_id, ())),
            techniques=steps.get(one.incident_id, ()),
        )
        for one in shown
    ]


def _spread(context: RunContext, rows: pl.DataFrame) -> pl.DataFrame:
    """Return incident_id, kind, value, assets, first of indicators, the known-bad ones and then the rarest first."""
    named = named_entities(context, context.work.get(Frames.COMPARED)).filter(pl.col("kind").is_in(_INDICATORS))
    seen = named.join(rows.select("activity", "incident_id", "principal", "first"), on="activity")
    spread = seen.group_by("kind", "value").agg(assets=pl.col("principal").n_unique())
    each = seen.group_by("incident_id", "kind", "value").agg(pl.col("first").min()).join(spread, on=["kind", "value"])
    bad = _bad_entities(context)
    ordered = each.join(bad, on=["kind", "value"], how="left").sort(
        "incident_id", pl.col("bad").is_null(), "assets", "kind", "value"
    )
    kept = ordered.filter(pl.int_range(pl.len()).over("incident_id") < INDICATORS_KEPT)
    return kept.filter((pl.col("kind") != EntityKind.ADDRESS) | pl.col("value").map_elements(_public, pl.Boolean))


def _bad_entities(context: RunContext) -> pl.DataFrame:
    if not context.work.has(Frames.KNOWN_BAD):
        return pl.DataFrame(schema={"kind": pl.String, "value": pl.String, "bad": pl.Boolean})
    found = context.work.get(Frames.KNOWN_BAD).select(kind="entity_kind", value="entity").unique()
    return found.with_columns(bad=pl.lit(value=True))


def _public(value: str) -> bool:
    found = address(value)
    return found is not None and found.is_global


def _tooling(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rarest kinds of alert of each incident, with on how many assets of the horizon they were seen."""
    spread = rows.group_by("signature").agg(assets=pl.col("principal").n_unique())
    each = rows.group_by("incident_id", value="signature").agg(pl.col("first").min(), name=pl.col("rule").min())
    counted = each.join(spread, left_on="value", right_on="signature").with_columns(kind=pl.lit("signature"))
    ordered = counted.sort("incident_id", "assets", "value")
    return ordered.filter(pl.int_range(pl.len()).over("incident_id") < TOOLING_KEPT)


def _grouped(frame: pl.DataFrame) -> list[tuple[str, list[dict[str, object]]]]:
    ordered = frame.sort("incident_id", maintain_order=True).iter_rows(named=True)
    return [(key, list(group)) for key, group in groupby(ordered, key=lambda row: str(row["incident_id"]))]


def _trait(row: Mapping[str, object]) -> Trait:
    name = f"kind of alert '{plain(str(row['name']))}'" if row.get("name") else ""
    value, assets, first = str(row["value"]), int(str(row["assets"])), moment(int(str(row["first"])))
    return Trait(kind=str(row["kind"]), value=value, name=name, assets=assets, first=first)


def _techniques(rows: pl.DataFrame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rows["techniques"].explode().drop_nulls().to_list()))


def _put(context: RunContext, own: Sequence[Traits], replaced: set[str], found: Sequence[Campaign]) -> None:
    """Leave for ``keep_campaigns``: traits by incident, '' for one that is none any more, and the campaigns."""
    bodies = dict.fromkeys(sorted(replaced), "") | {one.incident_id: one.model_dump_json() for one in own}
    rows = sorted(bodies.items())
    context.work.put(
        Frames.TRAITS, pl.DataFrame(rows, schema=dict.fromkeys(("incident_id", "body"), pl.String), orient="row")
    )
    told = [one.model_dump_json() for one in found]
    context.work.put(Frames.CAMPAIGNS, pl.DataFrame({"body": told}, schema={"body": pl.String}))
