"""Publish: one transaction into the state, then our own index; a repeat changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl

from triage import __version__, watermarks
from triage.advisor.budget import use_of_run
from triage.errors import SourceError, SourceUnavailable
from triage.events import Notice
from triage.judgement.teaching import mark_unusual
from triage.models import DeadLetter, Incident, Incompleteness, RunCounts
from triage.nodes.link_campaigns import keep_campaigns
from triage.nodes.meaning import incident_vectors
from triage.nodes.stage import Made
from triage.ports import Publication
from triage.record import ledger
from triage.record.basis import basis
from triage.state import Frames, Pulled, RunContext, RunState
from triage.times import micros, moment


def publish(state: RunState, context: RunContext) -> Made:
    """Write what the run judged; a run with nothing new writes nothing and leaves the last results as they are."""
    if not _is_new(state, context):
        context.tell(Notice("info", "nothing new: the last results stand"))
        return Made({"incidents": ()}, {"incidents": 0})
    publication = publication_of(state, context)
    context.store.publish(publication)
    keep_campaigns(context)
    _index(state, context)
    return Made(
        {"counts": publication.counts, "incidents": ()},  # they are in the store now, the last checkpoint stays small
        {"alerts": publication.alerts.height, "incidents": len(publication.incidents)},
    )


def _is_new(state: RunState, context: RunContext) -> bool:
    counts = state["counts"]
    new = counts.benign + counts.dead_letter
    return new > 0 or context.store.last_published() in {None, context.run.run_id}


def publication_of(state: RunState, context: RunContext) -> Publication:
    """Return what a run with these incidents changes."""
    alerts, letters = context.work.get(Frames.ALERTS), dead_letters(context.work.get(Frames.DEAD_LETTERS))
    placements = _placements(context.work.get(Frames.PLACED), state["incidents"])
    rows = ledger.outcomes(
        alerts.drop("activity"), alerts["activity"], context.work.get(Frames.FACTS), placements, letters
    )
    before = state["counts"]
    counts = ledger.count(rows, before.read, before.already_judged, before.repeated, before.outside)
    incomplete = state["pulled"].incomplete
    return Publication(
        run_id=context.run.run_id,
        complete=not incomplete,
        counts=counts,
        alerts=rows,
        activities=context.work.get(Frames.ACTIVITIES),
        placements=placements,
        sightings=_observed(context),
        incidents=state["incidents"],
        dead_letters=letters,
        watermarks={} if incomplete else _watermarks(state["pulled"], alerts, context),
        summary=summarise(context, counts, state["incidents"], incomplete),
        blind_sample=context.settings.quality.sample,
    )


def _watermarks(pulled: Pulled, alerts: pl.DataFrame, context: RunContext) -> Mapping[str, datetime]:
    """Return how far each source is read now; a time in the future, of a wrong clock, says nothing about that."""
    found: dict[str, datetime] = {}
    past = alerts.filter((pl.col("time_source") != "run") & (pl.col("time") <= micros(context.run.started)))
    for source, (first, end) in zip(context.sources, pairwise((0, *pulled.ends)), strict=True):
        newest = past.filter(pl.col("part").is_between(first, end, closed="left"))["time"].max()
        latest = moment(newest) if isinstance(newest, int) else None
        found |= watermarks.named(
            source.key, watermarks.moved(context.window, context.marks(source), latest, context.run.started)
        )
    return found


def _observed(context: RunContext) -> pl.DataFrame:
    observed, compared = context.work.get(Frames.SIGHTINGS), context.work.get(Frames.COMPARED)
    return mark_unusual(observed, compared, context.heuristics.weights, context.heuristics.rules.core_novelty)


def _placements(placed: pl.DataFrame, incidents: Sequence[Incident]) -> pl.DataFrame:
    outcome = {i.incident_id: "benign" if i.disposition == "benign" else "incident" for i in incidents}
    return placed.with_columns(outcome=pl.col("incident_id").replace_strict(outcome, return_dtype=pl.String))


def dead_letters(frame: pl.DataFrame) -> tuple[DeadLetter, ...]:
    """Return the dead letters of columns.DEAD_LETTERS rows."""
    return tuple(
        DeadLetter(
            alert_id=row["id"],
            index=row["index"],
            origin=row["origin"],
            reason=row["reason"],
            excerpt=row["excerpt"],
        )
        for row in frame.iter_rows(named=True)
    )


def summarise(
    context: RunContext, counts: RunCounts, incidents: Sequence[Incident], incomplete: Sequence[Incompleteness]
) -> Mapping[str, Any]:
    """Return the summary of a run: counts that add up, timings, completeness, versions."""
    shown = sum(1 for incident in incidents if incident.disposition != "benign")
    return {
        "run_id": context.run.run_id,
        "status": "incomplete" if incomplete else "done",
        "started": context.run.started.isoformat(),
        "counts": counts.model_dump() | {"activities": context.work.get(Frames.ACTIVITIES).height},
        "sums": ledger.sums(counts),
        "incidents": {"shown": shown, "benign_groups": len(incidents) - shown},
        "explain_zero": ledger.explain_zero(counts, incomplete),
        "incomplete": [one.model_dump() for one in incomplete],
        "seconds": {name: round(seconds, 3) for name, seconds in context.timings.items()},
        "model": use_of_run(incidents),
        "versions": {"soc-triage": __version__, "embedding": context.embedder.model_id},
        "basis": basis(context.settings, context.constraints),
    }


def _index(state: RunState, context: RunContext) -> None:
    """Write the shown incidents to our index; where that fails the run stands and the user is told."""
    if context.publisher is None:
        return
    shown = [incident for incident in state["incidents"] if incident.disposition != "benign"]
    try:
        context.publisher(shown, incident_vectors(shown, context), context.run)
    except (SourceError, SourceUnavailable) as error:
        context.tell(Notice("warning", f"incidents were not written to the index: {error}"))
