"""What analysts carry away: one incident for the clipboard, or many as a file another program reads.

What is written here is read by terminals, spreadsheets and ticket systems, so every text is made harmless for its
reader: control characters become marks, Markdown shows as typed, and no spreadsheet cell starts a formula.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from triage.desk import queries, stix
from triage.desk.decisions import Status
from triage.desk.indicators import indicators
from triage.models import Incident
from triage.report.content import report
from triage.report.markdown import render_incident
from triage.trust.untrusted import clean, for_markdown


class Item(NamedTuple):
    """An incident with what was decided about it."""

    incident: Incident
    status: Status | None


COPIES = ("ids", "iocs", "kql", "dsl", "esql", "markdown", "json")
"""Forms of one incident."""
_CELL = 32_000
"""Characters; a spreadsheet takes no more in one cell."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read full-width signs, too


def copy(item: Item, form: str, *, defanged: bool = False, indices: Sequence[str] = ("*",)) -> str:
    """Return one incident in one of COPIES, ending without a newline. KeyError for another form.

    ``indices``: what ES|QL is to search. ``defanged`` concerns indicators and JSON is never changed by it.
    """
    incident = item.incident
    forms: Mapping[str, Callable[[], str]] = {
        "ids": lambda: incident.incident_id,
        "iocs": lambda: "\n".join(found.shown(defanged=defanged) for found in indicators([incident])),
        "kql": lambda: queries.as_kql(incident),
        "dsl": lambda: queries.as_dsl(incident),
        "esql": lambda: queries.as_esql(incident, indices),
        "markdown": lambda: render_incident(incident).rstrip("\n"),
        "json": lambda: json.dumps(record(item), indent=2),
    }
    return forms[form]()


def record(item: Item) -> dict[str, Any]:
    """Return an incident as JSON values, its status beside it under ``status``."""
    status = item.status or Status(incident_id=item.incident.incident_id)
    return item.incident.model_dump(mode="json") | {"status": status.model_dump(mode="json", exclude={"incident_id"})}


def as_jsonl(items: Iterable[Item]) -> str:
    """Return one JSON object per line, in ASCII."""
    return "".join(json.dumps(record(item)) + "\n" for item in items)


def as_csv(items: Iterable[Item]) -> str:
    """Return a table with a header, as RFC 4180 says; no cell starts a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    writer.writerows([cell(of(item)) for of in COLUMNS.values()] for item in items)
    return out.getvalue()


def as_markdown(items: Sequence[Item]) -> str:
    """Return a table of all, then each in full."""
    head = ("rank", "urgency", "disposition", "state", "reason", "assignee", "title", "alerts", "first_seen")
    lines = ["# Incidents", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for item in items:
        cells = (for_markdown(_text(COLUMNS[name](item)), 200) for name in head)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join((*lines, "", *(render_incident(item.incident) for item in items)))


def as_html(items: Sequence[Item]) -> str:
    """Return one self-contained page without any script."""
    from triage.report import html  # the template engine is wanted for this alone

    taken = [item.incident for item in items]
    benign = sum(one.alert_count for one in taken if one.disposition == "benign")
    total = sum(one.alert_count for one in taken)
    counts = {"read": total, "incident": total - benign, "benign": benign}
    return html.render(report(taken, {"run_id": "export", "counts": counts}))


def as_stix(items: Iterable[Item]) -> str:
    """Return a STIX 2.1 bundle."""
    return json.dumps(stix.bundle(items), indent=2) + "\n"


EXPORTS: Mapping[str, Callable[[Sequence[Item]], str]] = {
    "jsonl": as_jsonl,
    "csv": as_csv,
    "markdown": as_markdown,
    "html": as_html,
    "stix": as_stix,
}
"""Format -> what writes it."""


def _status(of: Callable[[Status], object]) -> Callable[[Item], object]:
    return lambda item: of(item.status or Status(incident_id=item.incident.incident_id))


def _notes(status: Status) -> str:
    return " / ".join(f"{note.author}: {note.text}" for note in status.notes)


COLUMNS: Mapping[str, Callable[[Item], object]] = {
    "incident_id": lambda item: item.incident.incident_id,
    "rank": lambda item: item.incident.rank,
    "urgency": lambda item: round(item.incident.urgency, 1),
    "disposition": lambda item: item.incident.disposition,
    "state": _status(lambda status: status.state),
    "reason": _status(lambda status: status.reason),
    "assignee": _status(lambda status: status.assignee),
    "acknowledged": _status(lambda status: status.acknowledged),
    "escalated": _status(lambda status: status.escalated),
    "title": lambda item: item.incident.title,
    "first_seen": lambda item: item.incident.first_seen,
    "last_seen": lambda item: item.incident.last_seen,
    "alerts": lambda item: item.incident.alert_count,
    "activities": lambda item: item.incident.activity_count,
    "entities": lambda item: "; ".join(f"{entity.kind}:{entity.value}" for entity in item.incident.entities),
    "techniques": lambda item: "; ".join(item.incident.techniques),
    "tactics": lambda item: "; ".join(item.incident.tactics),
    "detectors": lambda item: "; ".join(item.incident.detectors),
    "verdict_reason": lambda item: item.incident.verdict_reason,
    "notes": _status(_notes),
}
"""Column of a table -> its value."""


def _text(value: object) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)


def cell(value: object) -> str:
    """Return a cell's text; what a spreadsheet would calculate gets an apostrophe in front (OWASP, CSV injection)."""
    if isinstance(value, int | float):
        return str(value)
    text = clean(_text(value), _CELL)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
