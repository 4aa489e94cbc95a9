"""``triage run``: one run of the graph, shown while it goes on, summed up at the end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.app import Exit
from triage.cli.common import load, print_json, session_of, with_json, with_settings
from triage.errors import TriageError, UsageError

if TYPE_CHECKING:
    from triage.config import Settings
    from triage.events import Event, RunEnded
    from triage.ports import Window
    from triage.session import Session


@click.command("run")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@with_settings
@click.option("--index", help="Elasticsearch index patterns, comma-separated.")
@click.option("--query", help="Only alerts that match: a query string, or query DSL as JSON.")
@click.option("--since", help="Start of the window: 2026-01-31, 2026-01-31T08:00Z or 24h (ago).")
@click.option("--until", help="End of the window, exclusive, in the same words.")
@click.option(
    "--publish/--no-publish", default=None, help="Write incidents to Elasticsearch; default: unless all is from files."
)
@click.option("--workers", type=int, help="Processes for normalising; 0 = one per core.")
@click.option("--progress/--no-progress", default=None, help="Show live progress; default: on a terminal.")
@click.option("--events", is_flag=True, help="Write each event of the run as a line of JSON to stderr.")
@with_json
def run_command(  # noqa: PLR0913 - one argument per option of the command line
    *,
    sources: tuple[str, ...],
    config: Path | None,
    state: Path | None,
    output: Path | None,
    index: str | None,
    query: str | None,
    since: str | None,
    until: str | None,
    publish: bool | None,
    workers: int | None,
    progress: bool | None,
    events: bool,
    as_json: bool,
) -> int:
    """Triage new alerts.

    A SOURCE is a file (NDJSON or a JSON array, .gz and .zst too), a glob, - for standard input, or the URL of an
    Elasticsearch. Without one, the configuration says. The same command after an interruption goes on where it stopped.
    """
    elastic = {"elasticsearch.index": index, "elasticsearch.query": query}
    pull = {"pull.since": since, "pull.until": until}
    written = {"elasticsearch.publish": publish, "elasticsearch.publish_files": publish}
    flags = {"state": state, "output": output, "workers": workers, **elastic, **pull, **written}
    settings = load(config, flags).settings
    return execute(settings, choose_sources(sources, settings), progress=progress, as_json=as_json, events=events)


def choose_sources(given: Sequence[str], settings: "Settings") -> tuple[str, ...]:
    """Return the sources of the command line, else the configured ones, else the configured Elasticsearch."""
    elastic = settings.elasticsearch
    sources = tuple(given) or settings.pull.sources
    for source in sources:
        if source.startswith(("http://", "https://")) and "@" in source.partition("://")[2].partition("/")[0]:
            raise UsageError("a source must not carry credentials; use the configuration and the environment")
    if not sources and not elastic.url and not elastic.cloud_id:
        raise UsageError("no source: name a file or an Elasticsearch URL, or set elasticsearch.url in triage.toml")
    return sources or ((elastic.url,) if elastic.url else ())


def window_of(settings: "Settings", now: datetime) -> "Window":
    """Return the window that the settings name, seen from ``now``; raises UsageError when it is empty."""
    from triage.config import parse_moment
    from triage.ports import Window

    window = Window(parse_moment(settings.pull.since, now), parse_moment(settings.pull.until, now))
    if window.since and window.until and window.since >= window.until:
        raise UsageError(f"the window is empty: it starts at {window.since} and ends at {window.until}")
    return window


def execute(
    settings: "Settings", sources: Sequence[str], *, progress: bool | None, as_json: bool, events: bool = False
) -> Exit:
    """Run the graph, show its events as they come and its result at the end."""
    with session_of(settings) as session:
        told = session.run(sources, window_of(settings, datetime.now(UTC)), settings.output)
        ended = _follow(told, progress, lines=events)
        if as_json:
            print_json(as_mapping(ended))
        else:
            _summarise(session, ended)
    return Exit.INCOMPLETE if ended.status == "incomplete" else Exit.DONE


def _follow(events: Iterable["Event"], progress: bool | None, *, lines: bool = False) -> "RunEnded":
    from triage.cli.progress import display
    from triage.events import RunEnded

    ended: RunEnded | None = None
    with display(progress, lines=lines) as show:
        for event in events:
            show(event)
            ended = event if isinstance(event, RunEnded) else ended
    if ended is None:
        raise TriageError("the run stopped without an end; the same command goes on where it stopped")
    return ended


def as_mapping(ended: "RunEnded") -> Mapping[str, object]:
    """Return the end of a run as JSON-able values."""
    return {
        "run_id": ended.run_id,
        "status": ended.status,
        "counts": ended.counts.model_dump(),
        "accounted": ended.counts.accounted,
        "incomplete": [problem.model_dump() for problem in ended.incompletenesses],
        "output": ended.output,
    }


def _summarise(session: "Session", ended: "RunEnded") -> None:
    from triage.cli.account import print_incomplete, print_sums
    from triage.cli.common import console, safe
    from triage.cli.queue import listed, print_queue

    screen = console()
    print_queue(screen, listed(session))  # also when this run found nothing new
    print_sums(screen, ended.counts)
    print_incomplete(screen, ended.incompletenesses)
    if ended.output:
        files = "report.html, report.md, incidents.json, ledger.csv.gz, summary.json"
        screen.print(safe(f"written to {ended.output}: {files}"))
