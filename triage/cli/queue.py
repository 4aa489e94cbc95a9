"""``triage list`` and ``triage show``: the ranked queue, by a filter, and one incident of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from triage.desk.decisions import Status
    from triage.desk.takeaway import Item
    from triage.models import Incident
    from triage.session import Session

WIDE: Final = 130
"""Characters from which on there is room for times and ids."""
PAGE: Final = 240
"""A wider screen is a pipe, where each incident is one line."""
ASSETS: Final = {"host", "user", "mailbox", "device", "cloud", "model", "service"}
STYLES: Final = {"attack": "bold red", "suspicious": "yellow", "benign": "dim"}


@click.command("list", context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@with_settings
@click.option("--all", "everything", is_flag=True, help="Show closed ones and benign groups too.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Show what so many minutes are best for.")
@with_json
def list_command(
    words: tuple[str, ...],
    config: Path | None,
    state: Path | None,
    output: Path | None,
    everything: bool,
    minutes: float | None,
    as_json: bool,
) -> None:
    """Show the incidents of the last run, most urgent first: those that are open, or those that a filter fits.

    FILTER is made of terms such as host:dc01 tactic:lateral-movement urgency:>60 -is:closed is:new "free text"; 'or'
    and parentheses group them. What is closed, snoozed or benign is summed up in one line.
    """
    text = filter_text(words)
    with open_session(config, state, output) as session:
        view = listed(session, text, everything=everything)
    view = view if minutes is None else worthwhile(view, minutes)
    if as_json:
        from triage.desk.takeaway import record

        print_json([record(item) for item in view.shown])
    else:
        print_queue(console(), view)


def filter_text(words: Sequence[str]) -> str:
    """Return the filter of a command line. Raises UsageError for what looks like a mistyped option."""
    for word in words:
        if word.startswith("--"):
            raise UsageError(f"there is no option {word!r}")
    return " ".join(words)


class View(NamedTuple):
    """What a list shows, and what it does not."""

    shown: Sequence["Item"]
    hidden: Sequence["Item"]
    changes: Mapping[str, str]
    note: str = ""


def listed(session: "Session", text: str = "", *, everything: bool = False) -> View:
    """Return the incidents that a filter fits; without a filter those that are open. Raises FilterError."""
    from triage.desk.filters import DEFAULT_VIEW
    from triage.desk.takeaway import Item

    wanted = session.filter(text or ("" if everything else DEFAULT_VIEW))
    statuses, changes = session.statuses(), session.changes()
    incidents = session.confident(session.incidents())
    items = [Item(incident, statuses.get(incident.incident_id)) for incident in incidents]
    fits = [wanted.matches(*item, changes.get(item.incident.incident_id, "")) for item in items]
    shown = [item for item, fit in zip(items, fits, strict=True) if fit]
    return View(shown, [item for item, fit in zip(items, fits, strict=True) if not fit], changes)


def worthwhile(view: View, minutes: float) -> View:
    """Return what so many minutes are best spent on, in that order, and how that was estimated."""
    from triage.judgement.worth import ASSUMPTION, within

    items = {item.incident.incident_id: item for item in view.shown}
    chosen = within([item.incident for item in view.shown], minutes)
    shown = [items.pop(one.incident.incident_id) for one in chosen]
    spent = sum(one.minutes for one in chosen)
    note = f"about {spent:.0f} of {minutes:g} minutes; {ASSUMPTION}"
    return View(shown, [*view.hidden, *items.values()], view.changes, note)


@click.command("show")
@click.argument("incident")
@with_settings
@with_json
def show_command(incident: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """Show one incident. INCIDENT is its id, the beginning of it, or its rank."""
    from triage.cli.incident import print_incident

    with open_session(config, state, output) as session:
        (found,) = session.confident([find(session, incident)])
        status, confidence = session.statuses().get(found.incident_id), session.confidence(found)
    if as_json:
        from triage.desk.takeaway import Item, record

        print_json(record(Item(found, status)))
        return
    print_incident(console(), found, confidence)
    if status:
        print_status(console(), status)


def find(session: "Session", name: str) -> "Incident":
    """Return the incident with this rank (up to five digits), id or beginning of an id."""
    return find_all(session, [name])[0]


def find_all(session: "Session", names: Sequence[str]) -> list["Incident"]:
    """Return the incidents with these ranks, ids or beginnings of ids, each once. Raises UsageError."""
    ranks = {}
    if any(map(_is_rank, names)):
        ranks = {incident.rank: incident for incident in session.incidents()}
    found = [_ranked(ranks, int(name)) if _is_rank(name) else session.incident(name) for name in names]
    return list({incident.incident_id: incident for incident in found}.values())


def _is_rank(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 5


def _ranked(ranks: Mapping[int, "Incident"], rank: int) -> "Incident":
    if rank not in ranks:
        raise UsageError(f"no incident has rank {rank}; 'triage list --all' shows them all")
    return ranks[rank]


def print_queue(screen: "Console", view: View) -> None:
    """Print a table of incidents by rank and one line for what is left out."""
    if view.shown:
        screen.print(_table(view, screen.width))
    elif view.hidden:
        screen.print("no incident in this view")
    else:
        screen.print("no incident; 'triage ledger' tells why")
    benign = [item for item in view.hidden if item.incident.disposition == "benign"]
    if benign:
        alerts = sum(item.incident.alert_count for item in benign)
        screen.print(f"and {len(benign):,} benign groups with {alerts:,} alerts (--all shows them)")
    if others := len(view.hidden) - len(benign):
        screen.print(f"and {others:,} incidents that this view leaves out (--all shows them)")
    if view.note:
        screen.print(view.note)


def _table(view: View, width: int) -> "Table":
    """Lay the queue out for a width in characters; what is narrow leaves times and ids to ``triage show``."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("urgency", min_width=14, no_wrap=True)
    table.add_column("verdict", min_width=10, no_wrap=True)
    table.add_column("incident", overflow="fold")
    table.add_column("alerts", justify="right", no_wrap=True)
    for name in ("first", "last", "id") if width >= WIDE else ():
        table.add_column(name, no_wrap=True)
    for item in view.shown:
        incident = item.incident
        when = (f"{incident.first_seen:%m-%d %H:%M}", f"{incident.last_seen:%m-%d %H:%M}")
        tail = (*when, safe(incident.incident_id, 40, "dim")) if width >= WIDE else ()
        verdict = safe(incident.disposition, 20, STYLES[incident.disposition])
        title = _title(item, width)
        table.add_row(str(incident.rank), bar(incident.urgency), verdict, title, f"{incident.alert_count:,}", *tail)
    return table


def _title(item: "Item", width: int) -> "Text":
    """Return title, entities and what was decided, below each other where the line is short."""
    from rich.text import Text

    gap = "\n" if width <= PAGE else "  | "
    incident, decided = item.incident, standing(item.status)
    tail = (gap, safe(decided, 120, "italic")) if decided else ()
    return Text.assemble(safe(incident.title, 120, "bold"), gap, safe(about(incident), 90, "dim"), *tail)


def standing(status: "Status | None") -> str:
    """Return in a few words what was decided about an incident; '' when nothing was."""
    if status is None:
        return ""
    reason = status.reason.replace("_", " ")
    until = f" until {status.snoozed_until:%Y-%m-%d %H:%M} UTC" if status.snoozed_until else ""
    words = (
        f"{status.state}{f' as {reason}' if reason else ''}{until}" if status.state != "open" else "",
        f"was closed as {reason}, {status.grown:,} alerts more since" if status.grown else "",
        "escalated" if status.escalated else "",
        f"assigned to {status.assignee}" if status.assignee else "",
        "acknowledged" if status.acknowledged else "",
        f"{len(status.notes)} {'note' if len(status.notes) == 1 else 'notes'}" if status.notes else "",
    )
    return ", ".join(word for word in words if word)


def print_status(screen: "Console", status: "Status") -> None:
    """Print what was decided about an incident, below it."""
    from rich.text import Text

    screen.print()
    screen.print(Text("Decided", style="bold underline"))
    screen.print(safe(standing(status) or "open"))
    for note in status.notes:
        screen.print(safe(f"{note.at:%Y-%m-%d %H:%M} UTC {note.author}: {note.text}", 2000))


def bar(urgency: float, width: int = 10) -> "Text":
    """Return an urgency of 0-100 as a bar with its number."""
    from rich.text import Text

    style = "red" if urgency >= 70 else "yellow" if urgency >= 40 else "green"
    filled = round(urgency / 100 * width)
    return Text.assemble(f"{urgency:3.0f} ", ("█" * filled, style), ("░" * (width - filled), "dim"))


def about(incident: "Incident", shown: int = 2) -> str:
    """Return a few entities of an incident, assets and people first, and how many more there are."""
    told = sorted(incident.entities, key=lambda entity: entity.kind not in ASSETS)
    names = ", ".join(entity.value for entity in told[:shown])
    more = len(incident.entities) - shown
    return f"{names} +{more}" if more > 0 else names
