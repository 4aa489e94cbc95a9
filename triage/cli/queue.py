"""``triage list`` and ``triage show``: the ranked queue and one incident of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from triage.models import Incident
    from triage.session import Session

WIDE: Final = 130
"""Characters from which on there is room for times and ids."""
PAGE: Final = 240
"""A wider screen is a pipe, where each incident is one line."""
ASSETS: Final = {"host", "user", "mailbox", "device", "cloud", "model", "service"}
STYLES: Final = {"attack": "bold red", "suspicious": "yellow", "benign": "dim"}


@click.command("list")
@with_settings
@click.option("--all", "everything", is_flag=True, help="Show benign groups one by one.")
@with_json
def list_command(config: Path | None, state: Path | None, output: Path | None, everything: bool, as_json: bool) -> None:
    """Show the incidents of the last run, most urgent first; benign groups are summed up in one line."""
    with open_session(config, state, output) as session:
        incidents = session.incidents()
    if as_json:
        shown = [incident for incident in incidents if everything or incident.disposition != "benign"]
        print_json([incident.model_dump(mode="json") for incident in shown])
    else:
        print_queue(console(), incidents, everything=everything)


@click.command("show")
@click.argument("incident")
@with_settings
@with_json
def show_command(incident: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """Show one incident. INCIDENT is its id, the beginning of it, or its rank."""
    from triage.cli.incident import print_incident

    with open_session(config, state, output) as session:
        found = find(session, incident)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_incident(console(), found)


def find(session: "Session", name: str) -> "Incident":
    """Return the incident with this rank (up to five digits), id or beginning of an id."""
    if name.isascii() and name.isdigit() and len(name) <= 5:
        ranked = [incident for incident in session.incidents() if incident.rank == int(name)]
        if not ranked:
            raise UsageError(f"no incident has rank {name}; 'triage list --all' shows them all")
        return ranked[0]
    return session.incident(name)


def print_queue(screen: "Console", incidents: Sequence["Incident"], *, everything: bool) -> None:
    """Print a table of incidents by rank and one line for the benign groups that are left out."""
    shown = [incident for incident in incidents if everything or incident.disposition != "benign"]
    if shown:
        screen.print(_table(shown, screen.width))
    else:
        screen.print("no incident; 'triage ledger' tells why")
    left_out = [incident for incident in incidents if incident.disposition == "benign"] if not everything else []
    if left_out:
        alerts = sum(incident.alert_count for incident in left_out)
        screen.print(f"and {len(left_out):,} benign groups with {alerts:,} alerts (--all shows them)")


def _table(incidents: Sequence["Incident"], width: int) -> "Table":
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
    for incident in incidents:
        when = (f"{incident.first_seen:%m-%d %H:%M}", f"{incident.last_seen:%m-%d %H:%M}")
        tail = (*when, safe(incident.incident_id, 40, "dim")) if width >= WIDE else ()
        verdict = safe(incident.disposition, 20, STYLES[incident.disposition])
        title = _title(incident, width)
        table.add_row(str(incident.rank), bar(incident.urgency), verdict, title, f"{incident.alert_count:,}", *tail)
    return table


def _title(incident: "Incident", width: int) -> "Text":
    """Return title and entities, below each other where the line is short."""
    from rich.text import Text

    gap = "\n" if width <= PAGE else "  | "
    return Text.assemble(safe(incident.title, 120, "bold"), gap, safe(about(incident), 90, "dim"))


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
