"""Rank: what the investigations found, and the everyday groups, become incidents in order of urgency."""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from triage.casework.blast import weigh_plans
from triage.judgement.candidates import parts_of
from triage.models import Incident
from triage.nodes.link_campaigns import link_campaigns
from triage.nodes.stage import Made
from triage.record.identity import incident_ids
from triage.record.incidents import everyday_incidents, from_investigation, ranked
from triage.state import Frames, RunContext, RunState, RunUpdate


def rank(state: RunState, context: RunContext, kept: Mapping[str, Incident] = MappingProxyType({})) -> Made:
    """Build and order all incidents of the horizon; each activity is in exactly one of them.

    ``kept`` are the incidents of candidates that were investigated before and are the very same.
    """
    compared, membership = context.work.get(Frames.COMPARED), context.work.get(Frames.MEMBERSHIP)
    oldest: int = compared.select(pl.col("last").min().fill_null(0)).item()
    ids = incident_ids(membership, context.store.placements(oldest))
    incidents = ranked(
        [
            *_investigated(state, context, dict(ids)),
            *(one.model_copy(update={"incident_id": ids[candidate]}) for candidate, one in kept.items()),
            *everyday_incidents(compared, membership, ids, context.dossier.samples()),
        ]
    )
    incidents = weigh_plans(incidents, compared, context.assets)
    named = pl.DataFrame(
        {"candidate": list(ids), "incident_id": list(ids.values())},
        schema={"candidate": pl.String, "incident_id": pl.String},
    )
    context.work.put(
        Frames.PLACED, membership.join(named, on="candidate", maintain_order="left").select("activity", "incident_id")
    )
    incidents = link_campaigns(incidents, context)
    shown = sum(1 for incident in incidents if incident.disposition != "benign")
    update: RunUpdate = {"incidents": incidents, "investigations": None}
    return Made(update, {"shown": shown, "benign groups": len(incidents) - shown})


def _investigated(state: RunState, context: RunContext, ids: dict[str, str]) -> list[Incident]:
    ratings = {row["candidate"]: row for row in context.work.get(Frames.RATINGS).iter_rows(named=True)}
    table = context.dossier.context().techniques
    return [
        from_investigation(
            context.dossier.brief(found.candidate_id),
            found,
            parts_of(ratings[found.candidate_id]),
            ids[found.candidate_id],
            table,
        )
        for found in state["investigations"]
    ]
