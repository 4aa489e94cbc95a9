"""The steps of a plan as a table for a ticket, a spreadsheet or another program, each with what it rests on."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from triage.desk.takeaway import cell
from triage.models import Incident, ResponseStep
from triage.trust.untrusted import for_markdown as md

COLUMNS = (
    "number",
    "step_id",
    "phase",
    "action",
    "target",
    "reason",
    "evidence",
    "blast_radius",
    "reversal",
    "role",
    "measure",
)


def records(incident: Incident) -> list[dict[str, Any]]:
    """Return the steps as JSON values, numbered from 1, each with the facts that it cites."""
    facts = {fact.evidence_id: fact for fact in incident.evidence}
    return [
        {"number": number, **step.model_dump(mode="json")}
        | {"cited": [facts[name].model_dump(mode="json") for name in step.evidence if name in facts]}
        for number, step in enumerate(incident.response_plan, start=1)
    ]


def as_json(incident: Incident) -> str:
    """Return the plan as one JSON document, in ASCII."""
    head = {"incident_id": incident.incident_id, "title": incident.title, "disposition": incident.disposition}
    return json.dumps({**head, "steps": records(incident)}, indent=2) + "\n"


def as_csv(incident: Incident) -> str:
    """Return a table with a header, as RFC 4180 says; no cell starts a formula. Citations are spelt out."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*COLUMNS, "cited"))
    for row in records(incident):
        cited = " / ".join(f"[{fact['evidence_id']}] {fact['statement']}" for fact in row["cited"])
        flat = row | {"evidence": " ".join(row["evidence"])}
        writer.writerow([*(cell(flat[name]) for name in COLUMNS), cell(cited)])
    return out.getvalue()


def as_markdown(incident: Incident) -> str:
    """Return the plan for a ticket: a box to tick per step, the cited facts below."""
    return "\n".join(_markdown(incident)) + "\n"


def _markdown(incident: Incident) -> Iterator[str]:
    yield f"# Response plan: {md(incident.title)}"
    yield ""
    yield f"{md(incident.incident_id)}, {incident.disposition}. Proposals; nothing has been done."
    phase = ""
    for number, step in enumerate(incident.response_plan, start=1):
        if step.phase != phase:
            phase = step.phase
            yield from ("", f"## {phase.capitalize()}", "")
        yield from _step(number, step)
    used = {name for step in incident.response_plan for name in step.evidence}
    facts = [fact for fact in incident.evidence if fact.evidence_id in used]
    if facts:
        yield from ("", "## Evidence", "")
    for fact in facts:
        yield f"- **{md(fact.evidence_id)}** {md(fact.statement, 1000)}"


def _step(number: int, step: ResponseStep) -> Iterator[str]:
    cited = "".join(f" \\[{md(name)}\\]" for name in step.evidence)
    yield f"- [ ] {number}. **{md(step.action)}** ({step.role}): {md(step.reason)}{cited}"
    if step.blast_radius:
        yield f"  - hits: {md(step.blast_radius)}"
    if step.reversal:
        yield f"  - undo: {md(step.reversal)}"


EXPORTS: Mapping[str, Callable[[Incident], str]] = {"markdown": as_markdown, "json": as_json, "csv": as_csv}
"""Format -> what writes it."""
