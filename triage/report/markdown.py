"""The report as Markdown, for tickets: every text from outside is escaped so that it shows as it is."""

from collections import Counter
from collections.abc import Iterable, Iterator

from triage.casework.cause_wording import told
from triage.models import Evidence, Incident, TimelineEntry
from triage.report import content, narrative
from triage.report.content import Report
from triage.trust.untrusted import clean, defang
from triage.trust.untrusted import for_markdown as md
from triage.wording import number

_SUMMARY_CHARS = 6000


def render(report: Report) -> str:
    """Return the report, ending in a newline."""
    parts: list[Iterable[str]] = [_head(report), _queue(report)]
    parts += [_incident(incident) for incident in report.full]
    parts.append(_benign(report))
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"


def render_incident(incident: Incident) -> str:
    """Return one incident, ending in a newline."""
    return "\n".join(_incident(incident)).strip("\n") + "\n"


def _head(report: Report) -> Iterator[str]:
    yield "# Alert triage"
    yield ""
    yield f"{md(report.run_id)}, started {md(report.started)}; all times UTC."
    yield ""
    if report.problems:
        yield "> **THIS RUN IS INCOMPLETE: not every alert was read.**"
        yield from (f"> - {md(p.source)}: {md(p.reason)} {md(p.advice)}".rstrip() for p in report.problems)
        yield ""
    accounted = "Every document is accounted for." if report.counts.accounted else "**THE SUMS DO NOT ADD UP.**"
    yield f"{md(report.sums)}. {accounted}"
    yield ""
    if report.no_incident:
        yield f"**No incident.** {md(report.no_incident, 2000)}"
        yield ""


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"


def _cut(shown: int, total: int, what: str) -> Iterator[str]:
    """Say what is not shown, as a paragraph of its own."""
    yield ""
    if said := content.cut(shown, total, what):
        yield f"{said}."
        yield ""


def _queue(report: Report) -> Iterator[str]:
    if not report.queue:
        return
    yield "## Queue"
    yield ""
    yield from _table("#", "Urgency", "Verdict", "Incident", "First seen", "Alerts")
    for i in report.queue:
        cells = (
            i.rank,
            f"{i.urgency:.0f}",
            i.disposition,
            md(i.title),
            content.when(i.first_seen),
            f"{i.alert_count:,}",
        )
        yield f"| {' | '.join(map(str, cells))} |"
    yield from _cut(len(report.queue), report.queue_total, "incidents")
    yield from _cut(len(report.full), len(report.queue), "incidents in full")


def _incident(incident: Incident) -> Iterator[str]:
    span = content.duration(incident.last_seen - incident.first_seen)
    yield f"## {incident.rank}. {md(incident.title)}"
    yield ""
    yield f"**{incident.disposition}**, urgency **{incident.urgency:.0f}** of 100. {md(incident.verdict_reason)}"
    if incident.campaign_ids:
        yield f"\nPart of {', '.join(map(md, incident.campaign_ids))}, see `triage campaigns`."
    yield ""
    times = f"{content.when(incident.first_seen)} to {content.when(incident.last_seen)} ({span})"
    counted = f"{incident.alert_count:,} alerts in {incident.activity_count:,} activities"
    yield f"{md(incident.incident_id)}: {times}, {counted} of {md(', '.join(incident.detectors))}."
    yield ""
    yield from _story(incident)
    yield from _plan(incident)
    yield from _activities(incident)
    yield from _section("Evidence", map(_evidence, incident.evidence))
    parts = (f"{md(part.name)} {part.points:+.1f}: {md(part.why)}" for part in incident.urgency_parts)
    yield from _section("Why this urgency", parts)
    if incident.cause:
        yield from _section("What it most likely is", (md(line, 2000) for line in told(incident.cause)))
    yield from _section("The benign reading", [md(incident.benign_reading, 2000)])
    yield from _section("Would change the verdict", map(md, incident.would_flip))
    yield from _section("Evidence that is missing", map(md, incident.missing_evidence))
    yield from _joins(incident)
    yield from _narrative(incident)


def _narrative(incident: Incident) -> Iterator[str]:
    if incident.narrative is None:
        return
    yield from (f"### {narrative.TITLE}", "")
    for passage in narrative.passages(incident.narrative):
        yield f"{passage.heading}:"
        yield ""
        for line in passage.lines:
            said = md(line.text, 1000)
            yield f"- ~~{said}~~ (struck: {md(line.why)})" if line.struck else f"- {said}"
        yield ""


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from (f"### {title}", "", *lines, "")


def _story(incident: Incident) -> Iterator[str]:
    yield "### What happened"
    yield ""
    for paragraph in clean(incident.summary, _SUMMARY_CHARS, lines=True).splitlines():
        if paragraph.strip():
            yield md(paragraph, _SUMMARY_CHARS)
            yield ""
    shown = incident.entities[: content.ENTITIES]
    if shown:
        yield "Entities: " + ", ".join(md(f"{e.kind} {defang(e.value)} ({e.alert_count:,})") for e in shown) + "."
        yield from _cut(len(shown), len(incident.entities), "entities")


def _plan(incident: Incident) -> Iterator[str]:
    phases = content.plan_by_phase(incident)
    if phases:
        yield from ("### What to do", "", "Proposals; nothing has been done. Numbers as in 'triage respond'.", "")
    for phase, proposals in phases:
        yield from (f"#### {phase.capitalize()}", "", *map(_step, proposals), "")


def _step(proposal: content.Proposal) -> str:
    number, step, hits = proposal
    cited = f" [{', '.join(map(md, step.evidence))}]" if step.evidence else ""
    details = [
        f"{md(step.reason)}{cited}",
        f"hits: {md(hits)}" if hits else "",
        f"undo: {md(step.reversal)}" if step.reversal else "",
        f"needs: {step.role}",
    ]
    return f"{number}. **{md(step.action)}** — {'; '.join(detail for detail in details if detail)}"


def _activities(incident: Incident) -> Iterator[str]:
    shown = content.chosen_activities(incident)
    yield "### Timeline"
    yield ""
    tactics = " → ".join(md(tactic) for tactic in incident.tactics)
    yield f"Kill chain: {tactics or 'no tactic is known'}."
    yield ""
    yield from _table("First seen", "Lasted", "Alerts", "Severity", "What", "Where")
    yield from map(_activity, shown)
    yield from _cut(len(shown), incident.activity_count, "activities")


def _activity(entry: TimelineEntry) -> str:
    cells = (
        content.when(entry.first_seen),
        content.duration(entry.last_seen - entry.first_seen),
        f"{entry.alert_count:,}",
        f"{entry.severity:.0f}",
        md(f"{entry.rule} ({entry.detector})"),
        md(", ".join(entry.entities[:4])),
    )
    return f"| {' | '.join(cells)} |"


def _evidence(evidence: Evidence) -> str:
    ids = [md(f"{alert.index}/{alert.id}", 200) for alert in evidence.alerts[: content.IDS]]
    more = ["…"] if evidence.alert_count > len(ids) else []
    counted = f" {number(evidence.alert_count, 'alert')}: {', '.join([*ids, *more])}" if ids else ""
    return f"**{md(evidence.evidence_id)}** ({evidence.supports}) {md(evidence.statement, 1000)}{counted}"


def _joins(incident: Incident) -> Iterator[str]:
    shown = content.chosen_joins(incident)
    lines = Counter(f"{j.strength:.0%} {md(j.reason)}{' **(weakest link)**' if j.weakest else ''}" for j in shown)
    told = (f"{line} ({count} joins)" if count > 1 else line for line, count in lines.items())
    yield from _section("Why these alerts belong together", told)
    yield from _cut(len(shown), len(incident.joins), "joins")


def _benign(report: Report) -> Iterator[str]:
    if not report.benign:
        return
    yield "## Benign groups"
    yield ""
    yield f"{report.benign_total:,} groups, {report.benign_alerts:,} alerts. Each says by which rule it was judged."
    yield ""
    yield from _table("Group", "Alerts", "First seen", "Last seen", "Judged benign because")
    for i in report.benign:
        cells = (
            md(i.title),
            f"{i.alert_count:,}",
            content.when(i.first_seen),
            content.when(i.last_seen),
            md(i.verdict_reason),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _cut(len(report.benign), report.benign_total, "benign groups")
