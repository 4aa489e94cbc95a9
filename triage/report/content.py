"""What a report shows, chosen once for Markdown and HTML: how much in full, how much in short, and the true counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from triage.models import Incident, Incompleteness, Join, ResponseStep, RunCounts, TimelineEntry
from triage.record import ledger

FULL = 40
"""Incidents shown in full; the rest of the queue is one line each."""
LINES = 500
"""Incidents shown as one line."""
BENIGN = 100
"""Benign groups shown."""
ACTIVITIES = 30
"""Activities of an incident listed one by one."""
IDS = 5
"""Alert ids shown for a piece of evidence."""
JOINS = 12
ENTITIES = 12
PHASES = ("containment", "investigation", "eradication", "recovery")


class Report(NamedTuple):
    """Everything a report says, bounded; totals are the true numbers."""

    run_id: str
    started: str
    counts: RunCounts
    sums: str
    problems: tuple[Incompleteness, ...]
    no_incident: str
    """Why there is no incident; '' when there is one."""
    queue: tuple[Incident, ...]
    queue_total: int
    full: tuple[Incident, ...]
    benign: tuple[Incident, ...]
    benign_total: int
    benign_alerts: int


def report(incidents: Sequence[Incident], summary: Mapping[str, Any]) -> Report:
    """Choose what is shown of incidents (by rank) and the summary of their run."""
    shown = [incident for incident in incidents if incident.disposition != "benign"]
    benign = [incident for incident in incidents if incident.disposition == "benign"]
    known = summary.get("counts", {})
    counts = RunCounts(**{name: known[name] for name in RunCounts.model_fields if name in known})
    problems = tuple(Incompleteness.model_validate(problem) for problem in summary.get("incomplete", ()))
    return Report(
        run_id=str(summary.get("run_id", "")),
        started=str(summary.get("started", ""))[:19].replace("T", " "),
        counts=counts,
        sums=ledger.sums(counts),
        problems=problems,
        no_incident="" if shown else ledger.explain_zero(counts, problems) or "No incident is open.",
        queue=tuple(shown[:LINES]),
        queue_total=len(shown),
        full=tuple(shown[:FULL]),
        benign=tuple(benign[:BENIGN]),
        benign_total=len(benign),
        benign_alerts=sum(incident.alert_count for incident in benign),
    )


def chosen_activities(incident: Incident) -> tuple[TimelineEntry, ...]:
    """Return the most severe and newest activities, by time."""
    weight = sorted(incident.timeline, key=lambda e: (-e.severity - 50 * e.novelty, e.first_seen, e.activity))
    return tuple(sorted(weight[:ACTIVITIES], key=lambda e: (e.first_seen, e.activity)))


def chosen_joins(incident: Incident) -> tuple[Join, ...]:
    """Return the weakest link first, then the strongest ones."""
    return tuple(sorted(incident.joins, key=lambda j: (not j.weakest, -j.strength, j.left, j.right))[:JOINS])


class Proposal(NamedTuple):
    """A step as a report shows it."""

    number: int
    """Place in the plan, as ``triage respond`` counts."""
    step: ResponseStep
    hits: str
    """Who and what it hits, told once per target; '' where it was told or nothing is changed."""


def plan_by_phase(incident: Incident) -> tuple[tuple[str, tuple[Proposal, ...]], ...]:
    """Return the steps of each phase that has some, in the order in which they are done."""
    told: set[str] = set()
    proposals = []
    for number, step in enumerate(incident.response_plan, start=1):
        silent = step.phase == "investigation" or step.blast_radius in told
        proposals.append(Proposal(number, step, "" if silent else step.blast_radius))
        told |= {step.blast_radius}
    by_phase = [(phase, tuple(one for one in proposals if one.step.phase == phase)) for phase in PHASES]
    return tuple((phase, of_phase) for phase, of_phase in by_phase if of_phase)


def when(time: datetime) -> str:
    """Return a time to the second; reports are in UTC throughout."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def duration(span: timedelta) -> str:
    """Return a span in its two largest units, e.g. '2 d 3 h' or '45 s'."""
    seconds = int(span.total_seconds())
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    used = [f"{number} {unit}" for unit, number in units if number]
    return " ".join(used[:2]) or "under 1 s"


def cut(shown: int, total: int, what: str) -> str:
    """Say what is not shown, e.g. '30 of 412 activities are shown'; '' when all are."""
    return f"{shown:,} of {total:,} {what} are shown" if shown < total else ""
