"""``triage demo``: a week of a fictional company, made on the spot and triaged."""

from pathlib import Path

import click

from triage.cli.common import load, with_json
from triage.cli.run import execute


@click.command("demo")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("demo"), show_default=True)
@click.option("--progress/--no-progress", default=None, help="Show live progress; default: on a terminal.")
@with_json
def demo_command(output: Path, progress: bool | None, as_json: bool) -> int:
    """Make about 3,000 alerts of seven kinds of detectors, triage them, and print the queue.

    The alerts and their inventory are in OUTPUT/case, to look at or to run again.
    """
    from triage.generator.demo import demo_case

    case = output / "case"
    alerts = demo_case(case)
    flags = {
        "output": output,
        "assets.file": case / "assets.csv",
        "elasticsearch.url": "",
        "elasticsearch.cloud_id": "",
    }
    settings = load(None, flags | {"pull.since": "", "pull.until": ""}).settings
    return execute(settings, [str(alerts)], progress=progress, as_json=as_json)
