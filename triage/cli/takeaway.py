"""``triage copy`` and ``triage export``: incidents for the clipboard, a ticket or another program."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.common import open_session, print_json, with_json, with_settings
from triage.errors import TriageError
from triage.trust.untrusted import for_terminal

if TYPE_CHECKING:
    from triage.desk.takeaway import Item
    from triage.session import Session

COPIES = ("ids", "iocs", "kql", "dsl", "esql", "markdown", "json")
FORMATS = ("jsonl", "csv", "markdown", "html", "stix")


@click.command("copy")
@click.argument("incident")
@click.option("--as", "form", type=click.Choice(COPIES), required=True, help="What to print.")
@click.option("--defang", is_flag=True, help="Print indicators so that nobody follows them by accident.")
@with_settings
@with_json
def copy_command(
    incident: str, form: str, defang: bool, config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> None:
    """Print one incident for the clipboard. INCIDENT is its id, the beginning of it, or its rank."""
    from triage.desk.takeaway import copy

    with open_session(config, state, output) as session:
        item = _item(session, incident)
        text = copy(item, form, defanged=defang, indices=session.indices())
    if not text:
        raise TriageError("the incident has no indicator that means something outside of this network")
    if as_json:
        print_json({"incident_id": item.incident.incident_id, "as": form, "text": text})
    else:
        click.echo(text)


def _item(session: "Session", name: str) -> "Item":
    from triage.cli.queue import find
    from triage.desk.takeaway import Item

    incident = find(session, name)
    return Item(incident, session.statuses().get(incident.incident_id))


@click.command("export", context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option("--all", "everything", is_flag=True, help="Write closed ones and benign groups too.")
@with_settings
@with_json
def export_command(
    words: tuple[str, ...], file: Path, form: str, *, everything: bool, as_json: bool, **where: Path | None
) -> None:
    """Write the open incidents, or those that a filter fits, into FILE; - is the standard output."""
    from triage.cli.queue import filter_text, listed
    from triage.desk.takeaway import EXPORTS

    with open_session(**where) as session:
        shown = listed(session, filter_text(words), everything=everything).shown
    content = EXPORTS[form](shown)
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    _write(file, content)
    if as_json:
        print_json({"file": str(file), "format": form, "incidents": len(shown)})
    else:
        click.echo(f"{len(shown):,} incidents written to {for_terminal(str(file))}")


def _write(file: Path, content: str) -> None:
    from triage.atomic import replacing

    with replacing(file, mode=0o600) as out:
        out.write(content.encode())
