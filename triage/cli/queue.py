"""``triage list`` and ``triage show``: the ranked queue and one incident of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from triage.models import Incident
    from triage.session import Session

STYLES = {"attack": "bold red", "suspicious": "yellow", "benign": "dim"}


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
        screen.print(_table(shown))
    else:
        screen.print("no incident; 'triage ledger' tells why")
    left_out = [incident for incident in incidents if incident.disposition == "benign"] if not everything else []
    if left_out:
        alerts = sum(incident.alert_count for incident in left_out)
        screen.print(f"and {len(left_out):,} benign groups with {alerts:,} alerts (--all shows them)")


def _table(incidents: Sequence["Incident"]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("#", "urgency", "verdict", "incident", "about", "alerts", "first", "last", "id"):
        table.add_column(name, justify="right" if name in {"#", "alerts"} else "left", no_wrap=name != "incident")
    for incident in incidents:
        style = STYLES[incident.disposition]
        table.add_row(
            str(incident.rank),
            bar(incident.urgency),
            safe(incident.disposition, 20, style),
            safe(incident.title, 120),
            safe(about(incident), 60),
            f"{incident.alert_count:,}",
            f"{incident.first_seen:%m-%d %H:%M}",
            f"{incident.last_seen:%m-%d %H:%M}",
            safe(incident.incident_id, 16, "dim"),
        )
    return table


def bar(urgency: float, width: int = 10) -> "Text":
    """Return an urgency of 0-100 as a bar with its number."""
    from rich.text import Text

    style = "red" if urgency >= 70 else "yellow" if urgency >= 40 else "green"
    filled = round(urgency / 100 * width)
    return Text.assemble(f"{urgency:3.0f} ", ("█" * filled, style), ("░" * (width - filled), "dim"))


def about(incident: "Incident", shown: int = 2) -> str:
    """Return the first entities of an incident and how many more there are."""
    names = ", ".join(entity.value for entity in incident.entities[:shown])
    more = len(incident.entities) - shown
    return f"{names} +{more}" if more > 0 else names
