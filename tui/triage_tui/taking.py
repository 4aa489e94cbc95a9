"""Copying and exporting: ``triage.desk.takeaway`` makes what is taken away; here it gets to clipboard and files."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from triage_tui.screens.dialogs import Option
from triage_tui.view_state import number

if TYPE_CHECKING:
    from triage.desk.takeaway import Item

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


def copied(items: "Sequence[Item]", form: str) -> str:
    """Return incidents in a form of the copy menu."""
    from triage.desk.takeaway import copy

    name, _, defanged = form.partition(":")
    return "\n".join(copy(item, name, defanged=bool(defanged)) for item in items)


def write_copy(text: str, folder: Path) -> Path:
    """Keep what was copied in a file, for terminals whose clipboard cannot be reached."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "copied.txt"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def export(items: "Sequence[Item]", folder: Path, now: datetime) -> str:
    """Write incidents in every format to a new folder and return what was done."""
    from triage.desk.takeaway import EXPORTS

    target = folder / f"export-{now:%Y%m%dT%H%M%SZ}"
    target.mkdir(parents=True, exist_ok=True)
    for name, write in EXPORTS.items():
        (target / f"incidents.{SUFFIXES.get(name, name)}").write_text(write(items), encoding="utf-8")
    return f"{number(len(items))} written to {target}"
