"""``triage init`` writes a commented configuration; ``triage config`` shows what is in force and why."""

from pathlib import Path

import click

from triage.cli.common import console, load, print_json, safe, with_json, with_settings
from triage.errors import UsageError


@click.command("init")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), default=Path("triage.toml"), show_default=True)
@with_json
def init_command(file: Path, as_json: bool) -> None:
    """Write a commented triage.toml with every setting and its default; never overwrites one."""
    from triage.settings_io import template

    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError as exc:
        raise UsageError(f"{file} is there already and is left alone; choose another with --file") from exc
    if as_json:
        print_json({"file": str(file)})
    else:
        click.echo(f"{file} written: uncomment what you change, then run 'triage doctor'")


@click.command("config")
@with_settings
@with_json
def config_command(config: Path | None, state: Path | None, output: Path | None, as_json: bool) -> None:
    """Show the effective settings and where each comes from; secrets are masked."""
    from rich.table import Table

    from triage.settings_io import describe

    loaded = load(config, {"state": state, "output": output})
    rows = describe(loaded)
    if as_json:
        print_json({row.key: {"value": row.value, "origin": row.origin} for row in rows})
        return
    table = Table("setting", "value", "origin", box=None, pad_edge=False)
    for row in rows:
        style = "dim" if row.origin == "default" else "bold"
        table.add_row(*(safe(text, 300, style) for text in (row.key, row.value, row.origin)))
    console().print(table)
