"""Copying and exporting: what is taken away is made by ``triage.takeaway``; here it gets to clipboard and files."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from triage_tui.screens.dialogs import Option
from triage_tui.view_state import Row, number

FORMS = (
    Option("i", "id", "ids"),
    Option("c", "indicators", "iocs"),
    Option("d", "defanged", "iocs:defanged"),
    Option("k", "KQL", "kql"),
    Option("l", "query DSL", "dsl"),
    Option("e", "ES|QL", "esql"),
    Option("m", "Markdown", "markdown"),
    Option("j", "JSON", "json"),
)
"""The copy menu."""

SUFFIXES = {"jsonl": "jsonl", "csv": "csv", "markdown": "md", "stix": "stix.json"}


def copied(rows: Sequence[Row], form: str) -> str:
    """Return rows in a form of the copy menu."""
    from triage.takeaway import Item, copy

    name, _, defanged = form.partition(":")
    return "\n".join(copy(Item(row.incident, row.status), name, defanged=bool(defanged)) for row in rows)


def write_copy(text: str, folder: Path) -> Path:
    """Keep what was copied in a file, for terminals whose clipboard cannot be reached."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "copied.txt"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def export(rows: Sequence[Row], folder: Path, now: datetime) -> str:
    """Write rows in every format to a new folder and return what was done."""
    from triage.takeaway import EXPORTS, Item

    target = folder / f"export-{now:%Y%m%dT%H%M%SZ}"
    target.mkdir(parents=True, exist_ok=True)
    items = [Item(row.incident, row.status) for row in rows]
    for name, write in EXPORTS.items():
        (target / f"incidents.{SUFFIXES.get(name, name)}").write_text(write(items), encoding="utf-8")
    return f"{number(len(rows))} written to {target}"
