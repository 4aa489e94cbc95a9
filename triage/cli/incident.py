"""One incident on a terminal: what an analyst asks, in the order they ask it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from triage.casework.cause_wording import told
from triage.cli.common import safe
from triage.cli.queue import STYLES, bar
from triage.models import Incident, TimelineEntry
from triage.report.narrative import TITLE, passages

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from triage.judgement.confidence import Confidence


JOINS_SHOWN: Final = 10


def print_incident(screen: "Console", incident: Incident, confidence: "Confidence | None" = None) -> None:
    """Print an incident in full, with what is known of its being a real attack."""
    _head(screen, incident)
    if confidence:
        screen.print(f"chances {said_confidence(confidence)}")
    _section(screen, "Urgency", [_urgency(incident)])
    _section(screen, "What happened", [safe(incident.summary, 4000), *_evidence(incident)])
    _section(screen, "Why these belong together", _joins(incident))
    _section(screen, _timeline_title(incident), [_timeline(incident.timeline)] if incident.timeline else [])
    _section(screen, "What it most likely is", _bullets(told(incident.cause)) if incident.cause else [])
    _section(screen, "The harmless reading", [safe(incident.benign_reading, 2000)] if incident.benign_reading else [])
    _section(screen, "Missing evidence", _bullets(incident.missing_evidence))
    _section(screen, "What would change the verdict", _bullets(incident.would_flip))
    _section(screen, "Response plan (proposals; nothing is done by itself)", _plan(incident))
    _section(screen, TITLE, _narrative(incident))


def _head(screen: "Console", incident: Incident) -> None:
    from rich.text import Text

    verdict = safe(incident.disposition, 20, STYLES[incident.disposition])
    title = Text.assemble(f"#{incident.rank} ", safe(incident.title, 300, "bold"))
    screen.print(title)
    screen.print(Text.assemble(bar(incident.urgency, 20), "  ", verdict, "  ", safe(incident.verdict_reason)))
    span = f"{incident.first_seen:%Y-%m-%d %H:%M:%S} to {incident.last_seen:%Y-%m-%d %H:%M:%S} UTC"
    screen.print(f"{incident.alert_count:,} alerts in {incident.activity_count:,} activities, {span}")
    about = ", ".join(f"{entity.kind}:{entity.value} ({entity.alert_count:,})" for entity in incident.entities[:12])
    more = f" and {len(incident.entities) - 12} more" if len(incident.entities) > 12 else ""
    screen.print(Text.assemble("about   ", safe(about + more, 1500)))
    attack = ", ".join((*incident.tactics, *incident.techniques)) or "nothing mapped"
    screen.print(Text.assemble("ATT&CK  ", safe(attack, 600)))
    detectors = ", ".join(incident.detectors)
    screen.print(Text.assemble("seen by ", safe(detectors, 300), "   id ", safe(incident.incident_id, 80)))


def said_confidence(confidence: "Confidence") -> str:
    """Return how likely an incident is a real attack, in words."""
    if confidence.probability is None:
        return confidence.basis
    return f"{confidence.probability:.0%} that this is a real attack ({confidence.basis})"


def _section(screen: "Console", title: str, lines: Iterable["RenderableType"]) -> None:
    from rich.text import Text

    lines = list(lines)
    if lines:
        screen.print()
        screen.print(Text(title, style="bold underline"))
        for line in lines:
            screen.print(line)


def _bullets(texts: Sequence[str]) -> list["RenderableType"]:
    from rich.text import Text

    return [Text.assemble("- ", safe(text, 600)) for text in texts]


def _urgency(incident: Incident) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for part in incident.urgency_parts:
        table.add_row(f"{part.points:+7.1f}", safe(part.name, 60), safe(part.why, 300, "dim"))
    table.add_row(f"{incident.urgency:7.1f}", "urgency, of 100", "")
    return table


def _evidence(incident: Incident) -> list["RenderableType"]:
    from rich.text import Text

    styles = {"attack": "red", "benign": "green"}
    lines: list[RenderableType] = []
    for item in incident.evidence:
        mark = safe(f"[{item.evidence_id}] ", 20, styles.get(item.supports, ""))
        count = f"{item.alert_count:,} alerts" + (", sample kept" if item.truncated else "")
        lines.append(Text.assemble(mark, safe(item.statement, 600), safe(f"  ({item.tool}; {count})", 100, "dim")))
    return lines


def _joins(incident: Incident) -> list["RenderableType"]:
    from rich.text import Text

    rules = {entry.activity: entry.rule for entry in incident.timeline}
    lines: list[RenderableType] = []
    ranked = sorted(incident.joins, key=lambda join: (not join.weakest, -join.strength, join.left, join.right))
    for join in ranked[:JOINS_SHOWN]:
        mark = Text("  <- weakest link", style="bold yellow") if join.weakest else Text("")
        names = safe(f"{_name(join.left, rules)} + {_name(join.right, rules)}: ", 250)
        lines.append(Text.assemble(f"{join.strength:.2f}  ", names, safe(join.reason), mark))
    if len(ranked) > JOINS_SHOWN:
        lines.append(Text(f"and {len(ranked) - JOINS_SHOWN:,} more (--json has them all)", style="dim"))
    return lines


def _name(activity: str, rules: dict[str, str]) -> str:
    return rules.get(activity, activity)


def _timeline_title(incident: Incident) -> str:
    shown = len(incident.timeline)
    return "Timeline" if shown >= incident.activity_count else f"Timeline ({shown} of {incident.activity_count:,})"


def _timeline(entries: Sequence[TimelineEntry]) -> "Table":
    from rich.table import Table

    table = Table("first (UTC)", "last", "alerts", "severity", "detector", "rule", "entities", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(
            f"{entry.first_seen:%m-%d %H:%M:%S}",
            f"{entry.last_seen:%m-%d %H:%M:%S}",
            f"{entry.alert_count:,}",
            f"{entry.severity:.0f}",
            safe(entry.detector, 30),
            safe(entry.rule, 100),
            safe(", ".join(entry.entities[:4]), 120),
        )
    return table


def _narrative(incident: Incident) -> list["RenderableType"]:
    from rich.text import Text

    lines: list[RenderableType] = []
    for passage in passages(incident.narrative) if incident.narrative else ():
        lines.append(Text(f"{passage.heading}:", style="italic"))
        for line in passage.lines:
            said = safe(line.text, 800, "strike dim" if line.struck else "")
            why = safe(f"  (struck: {line.why})", 300, "yellow") if line.struck else Text("")
            lines.append(Text.assemble("- ", said, why))
    return lines


def _plan(incident: Incident) -> list["RenderableType"]:
    from rich.text import Text

    lines: list[RenderableType] = []
    for number, step in enumerate(incident.response_plan, start=1):
        cited = "".join(f" [{name}]" for name in step.evidence)
        lines.append(Text.assemble(f"{number}. ", safe(f"{step.phase}: ", 40, "bold"), safe(step.action, 300)))
        detail = f"   {step.target}  {step.reason}{cited}  needs: {step.role}"
        lines.append(safe(detail + (f"  undo: {step.reversal}" if step.reversal else ""), 600, "dim"))
        if step.blast_radius and step.phase != "investigation":
            lines.append(safe(f"   hits: {step.blast_radius}", 400, "dim"))
    return lines
