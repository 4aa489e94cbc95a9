"""Investigations and everyday groups become incidents, in the order in which an analyst should look at them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from triage.attack import TechniqueTable, kill_chain_order
from triage.investigation import ActivityBrief, CandidateBrief, Investigation
from triage.judgement.candidates import EVERYDAY, activity_brief, qualified
from triage.judgement.urgency import total
from triage.models import AlertRef, Entity, Evidence, Incident, Join, TimelineEntry, UrgencyPart
from triage.times import moment
from triage.trust.untrusted import clean
from triage.wording import number, quoted

TIMELINE_KEPT = 60
JOINS_KEPT = 60
ENTITIES_KEPT = 20
_UNRANKED = 1


def from_investigation(
    brief: CandidateBrief, found: Investigation, parts: Sequence[UrgencyPart], incident_id: str, table: TechniqueTable
) -> Incident:
    """Return the incident of an investigated candidate; its rank is given by ``ranked``."""
    techniques = tuple(sorted({t for a in brief.activities for t in a.techniques}))
    tactics = {t for a in brief.activities for t in a.tactics} | {
        t for one in techniques for t in table.tactics([one])[:1]
    }
    return Incident(
        incident_id=incident_id,
        rank=_UNRANKED,
        urgency=total([*parts, *found.raised]),
        urgency_parts=(*parts, *found.raised),
        disposition=found.disposition,
        verdict_reason=found.verdict_reason,
        title=found.title,
        summary=found.summary,
        first_seen=brief.first,
        last_seen=brief.last,
        alert_count=brief.alert_count,
        activity_count=len(brief.activities),
        entities=found.entities,
        techniques=techniques,
        tactics=kill_chain_order(tactics),
        detectors=tuple(sorted({a.detector for a in brief.activities})),
        evidence=found.evidence,
        joins=_kept_joins(brief.joins),
        timeline=timeline(brief.ranked()),
        benign_reading=found.benign_reading,
        missing_evidence=found.missing_evidence,
        would_flip=found.would_flip,
        response_plan=found.response_plan,
        cause=found.cause,
        narrative=found.narrative,
    )


def _kept_joins(joins: Sequence[Join]) -> tuple[Join, ...]:
    """Joins come weakest first, and those are the ones to argue about."""
    return tuple(joins[:JOINS_KEPT])


def timeline(ranked: Sequence[ActivityBrief]) -> tuple[TimelineEntry, ...]:
    """Return the most telling activities in order of time."""
    kept = sorted(ranked[:TIMELINE_KEPT], key=lambda a: (a.first, a.key))
    return tuple(
        TimelineEntry(
            activity=a.key,
            first_seen=a.first,
            last_seen=a.last,
            alert_count=a.count,
            detector=a.detector,
            rule=a.rule,
            entities=tuple(dict.fromkeys(_entity_texts(a)))[:ENTITIES_KEPT],
            severity=a.severity or 0.0,
            techniques=a.techniques,
            tactics=a.tactics,
            novelty=a.novelty,
        )
        for a in kept
    )


def _entity_texts(activity: ActivityBrief) -> Iterable[str]:
    if activity.principal:
        yield activity.principal
    for ref in activity.entities:
        yield f"{ref.kind}:{ref.value}"


def everyday_incidents(
    compared: pl.DataFrame, membership: pl.DataFrame, ids: Mapping[str, str], samples: Mapping[str, Sequence[AlertRef]]
) -> list[Incident]:
    """Return one benign group per signature of everything that no candidate holds."""
    groups = membership.filter(pl.col("candidate").str.starts_with(EVERYDAY)).join(compared, on="activity")
    ordered = groups.sort("candidate", "first", "activity")
    sums = {row["candidate"]: row for row in _sums(ordered).iter_rows(named=True)}
    assets = _assets(ordered)
    shown = ordered.filter(pl.int_range(pl.len()).over("candidate") < TIMELINE_KEPT)
    return [
        _everyday(ids[key], list(rows), sums[key], assets.get(key, ()), samples)
        for key, rows in groupby(shown.iter_rows(named=True), key=lambda row: str(row["candidate"]))
    ]


def _sums(groups: pl.DataFrame) -> pl.DataFrame:
    """Return what is told of each group as a whole, by candidate; one pass for all, because there are many."""
    techniques, tactics = (pl.col(name).explode().drop_nulls().unique().sort() for name in ("techniques", "tactics"))
    return groups.group_by("candidate", maintain_order=True).agg(
        alerts=pl.col("count").sum(),
        activities=pl.len(),
        assets=pl.col("principal").n_unique(),
        last=pl.col("last").max(),
        cold=pl.col("cold").sum(),
        known=(pl.col("pair_days") > 0).sum(),
        techniques=techniques,
        tactics=tactics,
    )


def _everyday(
    incident_id: str,
    shown: Sequence[Mapping[str, Any]],
    sums: Mapping[str, Any],
    entities: tuple[Entity, ...],
    samples: Mapping[str, Sequence[AlertRef]],
) -> Incident:
    first, alerts, assets = activity_brief(shown[0], samples), sums["alerts"], sums["assets"]
    reason = _why_everyday(sums["activities"], sums["cold"], sums["known"])
    title = f"Everyday: {first.rule} ({number(assets, 'asset')})"
    fired = f"fired {number(alerts, 'time')} on {number(assets, 'asset')}"
    evidence = Evidence(
        evidence_id="E1",
        statement=f"Rule {quoted(first.rule, 200)} {fired}; {reason}.",
        tool="baseline",
        supports="benign",
        alerts=first.sample_alerts,
        alert_count=alerts,
        truncated=alerts > len(first.sample_alerts),
    )
    return Incident(
        incident_id=incident_id,
        rank=_UNRANKED,
        urgency=0,
        urgency_parts=(),
        disposition="benign",
        verdict_reason=f"everyday: {reason}",
        title=clean(title, 200),
        summary=f"{evidence.statement[:-1]} [E1].",
        first_seen=first.first,
        last_seen=moment(sums["last"]),
        alert_count=alerts,
        activity_count=sums["activities"],
        entities=entities,
        techniques=tuple(sums["techniques"]),
        tactics=kill_chain_order(sums["tactics"]),
        detectors=(first.detector,),
        evidence=(evidence,),
        joins=(),
        timeline=tuple(_fired(row) for row in shown),
        benign_reading="What happens every day, or too early to judge by newness and not rated severe by its vendor.",
    )


def _fired(row: Mapping[str, Any]) -> TimelineEntry:
    """Return the entry that ``timeline`` makes of an activity, without the brief that nobody investigates."""
    named = [f"{one['kind']}:{one['value']}" for one in qualified(row["entities"])]
    return TimelineEntry(
        activity=row["activity"],
        first_seen=moment(row["first"]),
        last_seen=moment(row["last"]),
        alert_count=row["count"],
        detector=row["detector"],
        rule=row["rule"],
        entities=tuple(dict.fromkeys([row["principal"], *named] if row["principal"] else named))[:ENTITIES_KEPT],
        severity=round(row["severity"] or 0.0, 1),
        techniques=tuple(row["techniques"]),
        tactics=tuple(row["tactics"]),
        novelty=round(row["novelty"], 3),
    )


def _why_everyday(activities: int, cold: int, known: int) -> str:
    rest = activities - cold - known
    told = [
        (known, "on an asset where it was seen on earlier days"),
        (cold, "while memory was still short, rated below the level that counts then"),
        (rest, "new on their asset but common on others"),
    ]
    of_all = number(activities, "activity", "activities")
    return "; ".join(f"{some} of {of_all} {what}" for some, what in told if some > 0)


def _assets(groups: pl.DataFrame) -> Mapping[str, tuple[Entity, ...]]:
    """Return the assets of each group with most alerts, by candidate."""
    named = groups.filter(pl.col("principal") != "")
    counted = named.group_by("candidate", "principal").agg(pl.col("count").sum())
    ordered = counted.sort("candidate", "count", "principal", descending=[False, True, False])
    kept = ordered.filter(pl.int_range(pl.len()).over("candidate") < ENTITIES_KEPT)
    return {
        key: tuple(_asset(name, alerts) for _, name, alerts in rows)
        for key, rows in groupby(kept.iter_rows(), key=lambda row: str(row[0]))
    }


def _asset(name: str, alerts: int) -> Entity:
    kind, value = name.split(":", 1)
    return Entity(kind=kind, value=value, alert_count=alerts)


def ranked(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Order incidents: what is shown by urgency, benign after all others by size; and number them."""
    ordered = sorted(
        incidents,
        key=lambda i: (i.disposition == "benign", -i.urgency, -i.alert_count, i.first_seen, i.incident_id),
    )
    return tuple(incident.model_copy(update={"rank": rank}) for rank, incident in enumerate(ordered, start=1))
