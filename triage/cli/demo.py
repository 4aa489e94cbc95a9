"""``triage demo``: a week of a fictional company, made on the spot and triaged."""

import sys
from pathlib import Path

import click

from triage.cli.common import load, with_json
from triage.cli.run import execute


@click.command("demo")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("demo"), show_default=True)
@click.option("--progress/--no-progress", default=None, help="Show live progress; default: on a terminal.")
@click.option("--ui/--no-ui", "ui", default=None, help="End in the terminal UI; default: on a terminal.")
@with_json
def demo_command(output: Path, progress: bool | None, ui: bool | None, as_json: bool) -> int:
    """Make about 3,000 alerts of seven kinds of detectors, triage them, print the queue and open it.

    The alerts, their inventory and calendar are in OUTPUT/case, to look at or to run again.
    """
    from triage.generator.demo import demo_case

    case = output / "case"
    alerts = demo_case(case)
    flags = {
        "output": output,
        "assets.file": case / "assets.csv",
        "calendar.file": case / "calendar.csv",
        "elasticsearch.url": "",
        "elasticsearch.cloud_id": "",
    }
    settings = load(None, flags | {"pull.since": "", "pull.until": ""}).settings
    code = execute(settings, [str(alerts)], progress=progress, as_json=as_json)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not as_json and (terminal if ui is None else ui):
        from triage.cli.tui import show

        show(settings)
        click.echo(f"to come back: triage tui --output {output}")
    return code
