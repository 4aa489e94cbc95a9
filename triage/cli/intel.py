"""``triage intel``: the local copy of threat intelligence. Nothing that is asked leaves this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.app import Exit
from triage.cli.common import console, open_session, print_json, safe, with_json, with_settings

if TYPE_CHECKING:
    from triage.adapters.intelligence.copy import Version
    from triage.adapters.intelligence.desk import Refreshed


@click.group("intel")
def intel_command() -> None:
    """Keep, show and ask the local copy of threat intelligence; every command of it takes --json."""


@intel_command.command("update")
@with_settings
@with_json
def update_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> int:
    """Read all sources of the settings, remote ones too, and link campaigns anew."""
    with open_session(config, state, output) as session:
        done = session.update_intelligence()
    if as_json:
        print_json([_refreshed(one) for one in done])
    for one in () if as_json else done:
        console().print(safe(_told(one), 600))
    if not done and not as_json:
        console().print("no source is configured; set intelligence.files, taxii, misp_feeds or index")
    return Exit.INCOMPLETE if any(one.problem for one in done) else Exit.DONE


@intel_command.command("list")
@with_settings
@with_json
def list_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """List the sources of the local copy."""
    with open_session(config, state, output) as session:
        known = session.intelligence_sources()
    if as_json:
        print_json([one.model_dump(mode="json", exclude={"contents": {"profiles"}}) for one in known])
        return
    for one in known:
        console().print(safe(_line(one), 600))
    if not known:
        console().print("no intelligence yet; 'triage intel update' reads the sources of the settings")


@intel_command.command("show")
@click.argument("source")
@with_settings
@with_json
def show_command(source: str, config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> int:
    """Show one source: what it holds, what was left out and why, actors it describes."""
    with open_session(config, state, output) as session:
        found = next((one for one in session.intelligence_sources() if one.source == source), None)
    if found is None:
        raise click.UsageError(f"no source {source!r}; 'triage intel list' shows them")
    if as_json:
        print_json(found.model_dump(mode="json"))
        return Exit.DONE
    screen = console()
    screen.print(safe(_line(found), 600))
    for reason, number in found.contents.left_out.items():
        screen.print(safe(f"  left out {number:>9,}: {reason}", 300))
    for profile in found.contents.profiles:
        screen.print(safe(f"  {profile.kind} {profile.name}: {len(profile.techniques)} techniques", 300))
    return Exit.DONE


@intel_command.command("match")
@click.argument("values", nargs=-1, required=True)
@with_settings
@with_json
def match_command(
    values: tuple[str, ...], config: Path | None, state: Path | None, output: Path | None, as_json: bool
) -> int:
    """Tell what the local copy says about values, defanged or not. Ends with 1 when it knows none of them."""
    with open_session(config, state, output) as session:
        found = session.match_intelligence(values)
    if as_json:
        print_json(found)
    for row in () if as_json else found:
        threats = f"; sign of {', '.join(row['threats'])}" if row["threats"] else ""
        until = f"; until {row['until']}" if row["until"] else ""
        told = f"{row['entity']} matches {row['indicator']}: source {row['source']}, confidence {row['confidence']}"
        console().print(safe(f"{told}{until}{threats}", 800))
    if not found and not as_json:
        console().print("not known to be bad by any source of the local copy")
    return Exit.DONE if found else Exit.FAILED


def _refreshed(one: "Refreshed") -> dict[str, Any]:
    held = one.version.contents.indicators if one.version else 0
    return {"source": one.source, "indicators": held, "changed": one.changed, "problem": one.problem}


def _told(one: "Refreshed") -> str:
    if one.problem:
        return f"{one.source}: {one.problem}" + ("; the earlier copy stays" if one.version else "")
    held = one.version.contents.indicators if one.version else 0
    left = sum(one.version.contents.left_out.values()) if one.version else 0
    state = "read" if one.changed else "unchanged"
    return f"{one.source}: {state}, {held:,} indicators, {left:,} left out"


def _line(one: "Version") -> str:
    actors = len(one.contents.profiles)
    return (
        f"{one.source}  {one.origin}, version {one.version} of {one.at:%Y-%m-%d %H:%M}: "
        f"{one.contents.indicators:,} indicators, {actors} actors, {sum(one.contents.left_out.values()):,} left out"
    )
