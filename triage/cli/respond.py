"""``triage respond``: the steps of a plan, and carrying out those that a person approves.

Nothing here has an effect but ``approve``, and that only with the exact name of the target.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings
from triage.trust.untrusted import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from triage.responding.models import Action, Preview, Request

FORMATS = ("markdown", "json", "csv")
_STYLES = {"waiting": "bold yellow", "approved": "bold yellow", "done": "green", "failed": "red", "unknown": "bold red"}
INCIDENT = "INCIDENT is an id, the beginning of one, or a rank; STEP a number of the plan, a step id, or 'status'."


@click.group("respond")
def respond_command() -> None:
    """Propose, look at, approve or reject the steps of a response plan. Every sub-command takes --json."""


@respond_command.command("plan", epilog=INCIDENT)
@click.argument("incident")
@click.option("--format", "form", type=click.Choice(FORMATS), default="markdown", show_default=True)
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead.")
@with_settings
@with_json
def plan_command(incident: str, form: str, file: Path | None, as_json: bool, **where: Path | None) -> None:
    """Print or write the numbered steps of an incident with what they rest on."""
    from triage.cli.queue import find
    from triage.responding.export import EXPORTS

    with open_session(**where) as session:
        text = EXPORTS["json" if as_json else form](find(session, incident))
    if file is None:
        click.echo(text, nl=False)
        return
    from triage.atomic import replacing

    with replacing(file, mode=0o600) as out:
        out.write(text.encode())
    click.echo(f"written to {for_terminal(str(file))}", err=as_json)


@respond_command.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only what still waits for something.")
@with_settings
@with_json
def list_command(only_open: bool, as_json: bool, **where: Path | None) -> None:
    """List all requests, oldest first."""
    with open_session(**where) as session:
        found = [one for one in session.responses().requests() if one.open or not only_open]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    screen = console()
    for one in found:
        screen.print(_line(one))
    if not found:
        screen.print("no request; 'triage respond propose INCIDENT STEP' makes one")


@respond_command.command("status")
@click.argument("request")
@with_settings
@with_json
def status_command(request: str, as_json: bool, **where: Path | None) -> None:
    """Show one request. REQUEST is its id or the beginning of it."""
    with open_session(**where) as session:
        found = session.responses().request(request)
    _show(found, as_json=as_json)


@respond_command.command("dry-run", epilog=INCIDENT)
@click.argument("incident")
@click.argument("step")
@click.option("--connector", default="", help="Which one, where several take the measure.")
@with_settings
@with_json
def dry_run_command(incident: str, step: str, connector: str, as_json: bool, **where: Path | None) -> None:
    """Say what a step would do; nothing is proposed, sent or written."""
    from triage.cli.queue import find

    with open_session(**where) as session:
        found = find(session, incident)
        action, preview = session.responses().dry_run(found.incident_id, step, connector)
    if as_json:
        print_json({"action": action.model_dump(mode="json"), "preview": preview.model_dump(mode="json")})
        return
    screen = console()
    for line in _told(action, preview):
        screen.print(line)


@respond_command.command("propose", epilog=INCIDENT)
@click.argument("incident")
@click.argument("step")
@click.option("--connector", default="", help="Which one, where several take the measure.")
@with_settings
@with_json
def propose_command(incident: str, step: str, connector: str, as_json: bool, **where: Path | None) -> None:
    """Ask for a step to be carried out; it waits for a person with the role."""
    from triage.cli.queue import find
    from triage.session import user

    with open_session(**where) as session:
        found = find(session, incident)
        request = session.responses().propose(found.incident_id, step, user(), connector)
    _show(request, as_json=as_json)


@respond_command.command("approve")
@click.argument("request")
@click.option("--confirm", required=True, metavar="EXACT-NAME", help="The exact name of the target.")
@with_settings
@with_json
def approve_command(request: str, confirm: str, as_json: bool, **where: Path | None) -> int:
    """Approve a request and carry it out; on one that was cut off, go on where it stopped."""
    from triage.session import user

    with open_session(**where) as session:
        found = session.responses().approve(request, confirm, user())
    _show(found, as_json=as_json)
    return int(found.state != "done")


@respond_command.command("reject")
@click.argument("request")
@click.option("--why", default="", help="Kept with the rejection.")
@with_settings
@with_json
def reject_command(request: str, why: str, as_json: bool, **where: Path | None) -> None:
    """Reject a request that waits."""
    from triage.session import user

    with open_session(**where) as session:
        found = session.responses().reject(request, user(), why)
    _show(found, as_json=as_json)


def _show(request: "Request", *, as_json: bool) -> None:
    if as_json:
        print_json(request.model_dump(mode="json"))
        return
    screen = console()
    history = [safe(line, 1000) for line in _history(request)]
    for line in (_line(request), *_told(request.action, request.preview), *history):
        screen.print(line)


def _line(request: "Request") -> "Text":
    from rich.text import Text

    state = "interrupted" if request.interrupted else request.state
    action = request.action
    what = safe(f"{action.measure} {action.target}  ({action.incident_id}, {action.connector})", 300)
    return Text.assemble(f"{request.request_id}  ", (f"{state:12}", _STYLES.get(request.state, "dim")), what)


def _told(action: "Action", preview: "Preview | None") -> "Sequence[Text]":
    lines = [f"  {action.action}", f"  why: {action.reason} {' '.join(f'[{one}]' for one in action.evidence)}"]
    lines += [f"  hits: {action.blast_radius}"] if action.blast_radius else []
    lines += [f"  undo: {action.reversal}"] if action.reversal else []
    lines += [f"  would: {one}" for one in preview.would] if preview else ["  there was no dry run yet"]
    lines += [f"  cannot be done: {preview.refused}"] if preview and preview.refused else []
    return [safe(line, 1000) for line in lines]


def _history(request: "Request") -> "Sequence[str]":
    lines = [f"  proposed by {request.author} {request.at:%Y-%m-%d %H:%M} UTC, needs: {request.action.role}"]
    if request.decided_at:
        word = "rejected" if request.state == "rejected" else "approved"
        why = f": {request.why}" if request.why else ""
        lines.append(f"  {word} by {request.decided_by} {request.decided_at:%Y-%m-%d %H:%M} UTC{why}")
    if request.outcome:
        lines.append(f"  {request.state}: {request.outcome.detail}")
    if request.open:
        go_on = "it was cut off; the same command goes on" if request.interrupted else "waits for"
        lines.append(f"  {go_on}: triage respond approve {request.request_id} --confirm {_quoted(request)}")
    return lines


def _quoted(request: "Request") -> str:
    import shlex

    return shlex.quote(request.action.target)
