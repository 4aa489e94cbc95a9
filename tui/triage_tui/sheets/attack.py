"""The incident on the ATT&CK matrix: tactics in kill-chain order, the techniques seen under each."""

from itertools import zip_longest

from rich.text import Text

from triage.attack import TechniqueTable
from triage.models import Incident
from triage_tui.look import Look, count
from triage_tui.sheets.base import Builder, ListSheet


def attack_sheet(incident: Incident, table: TechniqueTable, look: Look, width: int) -> ListSheet:
    """Return one group per tactic; techniques come with the alerts whose rules claim them."""
    page = Builder(width, look)
    page.heading("ATT&CK, in kill-chain order")
    page.plain(Text.assemble(look.strip(incident.tactics, look.styles.of(incident.disposition)), end=""))
    _matrix(page, incident, table)
    alerts = {
        name: sum(entry.alert_count for entry in incident.timeline if name in entry.techniques)
        for name in incident.techniques
    }
    placed: set[str] = set()
    for tactic in incident.tactics:
        page.heading(tactic.replace("-", " "))
        fitting = [name for name in incident.techniques if (found := table.find(name)) and tactic in found.tactics]
        for name in fitting:
            page.item(_technique(name, table, alerts[name], page), hang=14)
        placed.update(fitting)
        if not fitting:
            page.item(Text("  claimed by a rule without a technique", style=look.styles.muted, end=""))
    left = [name for name in incident.techniques if name not in placed]
    if left:
        page.heading("other techniques")
        for name in left:
            page.item(_technique(name, table, alerts[name], page), hang=14)
    return page.sheet()


CELL = 14
"""Cells of a matrix column, at least."""


def _matrix(page: Builder, incident: Incident, table: TechniqueTable) -> None:
    """Draw the tactics reached as columns with their techniques below, where there is room for it."""
    look, tactics = page.look, incident.tactics
    if len(tactics) < 2 or page.width // len(tactics) < CELL:
        return
    width = min(page.width // len(tactics), 30)
    columns = [
        [
            f"{name} {found.name}"
            for name in incident.techniques
            if (found := table.find(name)) and tactic in found.tactics
        ]
        for tactic in tactics
    ]
    page.plain(Text("", end=""))
    style = f"{look.styles.strong} {look.styles.of(incident.disposition)}"
    page.plain(_cells([tactic.replace("-", " ") for tactic in tactics], width, style, look))
    for row in zip_longest(*columns, fillvalue=""):
        page.plain(_cells(list(row), width, "", look))


def _cells(texts: list[str], width: int, style: str, look: Look) -> Text:
    return Text.assemble(*(Text.assemble(look.cell(text, width - 1, style), " ", end="") for text in texts), end="")


def _technique(name: str, table: TechniqueTable, alerts: int, page: Builder) -> Text:
    look = page.look
    found = table.find(name)
    words = found.name if found else "not in the table"
    return Text.assemble(
        "  ",
        look.cell(name, 11, look.styles.accent),
        " ",
        look.text(words, 100),
        (f"   {count(alerts)} alert{'s' * (alerts != 1)}" if alerts else "", look.styles.muted),
        end="",
    )
