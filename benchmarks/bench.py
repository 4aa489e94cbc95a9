"""``make bench``: what a run costs on the largest case, and how that compares with merely reading it.

Every figure comes from a fresh process, timed from its start to its end. The case is ``ait_fox`` (473,104 alerts),
built by the data sets' own builder where those lie beside this repository; else the demo week many times over.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests")]
sys.path[:0] = PATHS

from support.elastic_case import fill, hits  # noqa: E402 - the path has to be set first
from support.elastic_node import server  # noqa: E402

BUILDER = ROOT.parent / "shared" / "tools" / "build_cases.py"
CASE = "ait_fox"
COPIES = 100
TRIAGE = (sys.executable, "-m", "triage")
SAMPLE_SECONDS = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


class Measured(NamedTuple):
    """What a process and its children used."""

    seconds: float
    cpu: float
    private: int
    """Bytes: largest sum, over all its processes, of memory that is theirs alone."""
    output: str


# --- measuring ------------------------------------------------------------------------------------------------------


def measure(command: Sequence[str]) -> Measured:
    """Run a command to its end. Exits with its error output when it fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment(), start_new_session=True)
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = watch.end()
        out.seek(0)
        err.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {err.read()[-2000:]}")
        return Measured(seconds, usage.ru_utime + usage.ru_stime, peak, out.read())


def environment() -> Mapping[str, str]:
    """Return the environment without settings of the user's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    return kept | {"PYTHONPATH": os.pathsep.join(PATHS)}


class _Watch:
    """Samples the private memory of all processes of a session."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_private(pid) for pid in _members(self._session)))


def _members(session: int) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            yield int(entry.name)


def _private(pid: int) -> int:
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (resident - shared) * PAGE


def median(repeats: int, once: Callable[[], Measured]) -> Measured:
    """Repeat and return the one of median duration."""
    found = sorted((once() for _ in range(repeats)), key=lambda measured: measured.seconds)
    return found[len(found) // 2]


# --- the case -------------------------------------------------------------------------------------------------------


def case_file(folder: Path | None, scratch: Path) -> Path:
    """Return the alerts to measure with."""
    if folder:
        return folder / "alerts.ndjson.gz"
    if BUILDER.is_file():
        subprocess.run([sys.executable, BUILDER, "--only", CASE, "--out", scratch], check=True, capture_output=True)
        return scratch / CASE / "alerts.ndjson.gz"
    return _many_weeks(scratch)


def _many_weeks(scratch: Path) -> Path:
    from triage.generator import demo_case

    week = list(hits(demo_case(scratch / "week")))
    path = scratch / "weeks.ndjson"
    with path.open("w", encoding="utf-8") as lines:
        for copy in range(COPIES):
            lines.writelines(json.dumps(hit | {"_id": f"{hit['_id']}-{copy}"}) + "\n" for hit in week)
    return path


# --- what is measured -----------------------------------------------------------------------------------------------


def bare_read(url: str, index: str) -> Measured:
    """Read every document with the program's own client, slices and page size, and drop it."""
    return measure([sys.executable, str(Path(__file__)), "--only-read", url, index])


def only_read(url: str, index: str) -> None:
    """Be the process that ``bare_read`` measures."""
    from triage.adapters.elastic.client import connect
    from triage.adapters.elastic.source import ElasticSource
    from triage.config import ElasticSettings
    from triage.ports import Window

    settings = ElasticSettings(url=url, index=index)
    with connect(settings) as client:
        print(sum(page.count for page in ElasticSource(client, settings).pages(Window(None, None))))


class Runs:
    """Runs of ``triage run``, each on a state of its own unless it is to repeat one."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._number = 0

    def fresh(self, *words: str) -> Measured:
        """Run on an empty state."""
        self._number += 1
        return self.again(*words)

    def again(self, *words: str) -> Measured:
        """Run on the state of the last run."""
        return measure([*TRIAGE, "run", *words, "--output", str(self.output), "--json", "--no-progress"])

    @property
    def output(self) -> Path:
        """Folder of the last run."""
        return self._scratch / f"run-{self._number}"

    def stages(self) -> Mapping[str, float]:
        """Seconds per stage of the last run."""
        summary: dict[str, Any] = json.loads((self.output / "summary.json").read_text("utf-8"))
        return {name: float(seconds) for name, seconds in summary["seconds"].items()}


def bench(alerts: Path, url: str, scratch: Path, repeats: int) -> None:
    """Measure and print everything."""
    index = fill(url, hits(alerts))
    runs = Runs(scratch)
    empty = scratch / "empty.ndjson"
    empty.write_bytes(b"")
    _print_help(5)
    nothing = median(repeats, lambda: runs.fresh(str(empty)))
    # An empty run embeds nothing: one alert shows what the embedding model takes, however many alerts follow.
    single = scratch / "single.ndjson"
    with gzip.open(alerts, "rb") as lines:
        single.write_bytes(lines.readline())
    one = median(repeats, lambda: runs.fresh(str(single)))
    read = median(repeats, lambda: bare_read(url, index))
    documents = int(read.output)
    _row("documents", f"{documents:,}")
    _row("bare read from Elasticsearch", f"{read.seconds:.1f} s", f"{documents / read.seconds:,.0f}/s")
    whole = median(repeats, lambda: runs.fresh(url, "--index", index))
    _row("run, Elasticsearch to published incidents", f"{whole.seconds:.1f} s", f"CPU {whole.cpu:.1f} s")
    _row("  run / bare read", f"{whole.seconds / read.seconds:.2f}", "aim 2.0, at most 2.5")
    _row("  memory over an empty run", f"{(whole.private - nothing.private) / documents:,.0f} B/alert", "aim 1,000")
    _print_stages(runs.stages(), whole.seconds)
    again = runs.again(url, "--index", index)
    _row("the same run again, nothing new", f"{again.seconds:.1f} s", _judged(again))
    filed = median(repeats, lambda: runs.fresh(str(alerts)))
    _row("run from a file", f"{filed.seconds:.1f} s", f"CPU {filed.cpu:.1f} s")
    _row("  alerts per second", f"{documents / filed.seconds:,.0f}", "aim 60,000 on 2 cores")
    rate = documents / (filed.seconds - nothing.seconds)
    _row("  over an empty run", f"{rate:,.0f}", f"an empty run takes {nothing.seconds:.1f} s")
    _row("  memory over an empty run", f"{(filed.private - nothing.private) / documents:,.0f} B/alert", "aim 1,000")
    _row("  memory over a run of one alert", f"{(filed.private - one.private) / documents:,.0f} B/alert")
    _row("  a run of one alert", f"{one.seconds:.1f} s", f"{one.private / 1e6:,.0f} MB, most of it the embedding model")
    _print_stages(runs.stages(), filed.seconds)


def _print_help(repeats: int) -> None:
    seconds = [measure([*TRIAGE, "--help"]).seconds for _ in range(repeats)]
    _row("triage --help", f"{statistics.median(seconds):.2f} s", "aim 0.3")


def _print_stages(stages: Mapping[str, float], total: float) -> None:
    for name, seconds in stages.items():
        _row(f"    {name}", f"{seconds:.2f} s")
    _row("    start, investigate, publish, files", f"{total - sum(stages.values()):.2f} s")


def _judged(again: Measured) -> str:
    return f"{json.loads(again.output)['counts']['already_judged']:,} judged before"


def _row(name: str, value: str, note: str = "") -> None:
    print(f"{name:<44}{value:>16}  {note}", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Path, help="folder with alerts.ndjson.gz; default: the largest labelled case")
    parser.add_argument("--url", help="an Elasticsearch that may be written to; default: one of our own")
    parser.add_argument("--repeats", type=int, default=3, help="of each figure; the median is printed")
    parser.add_argument("--nightly", action="store_true", help="also what the 30th nightly run costs (minutes)")
    parser.add_argument("--tui", action="store_true", help="also how fast the terminal UI starts and answers")
    parser.add_argument("--only-read", nargs=2, metavar=("URL", "INDEX"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_read:
        only_read(*options.only_read)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as name, server(options.url) as url:
        bench(case_file(options.case, Path(name)), url, Path(name), options.repeats)
    for wanted, script in ((options.nightly, "nightly.py"), (options.tui, "tui.py")):
        if wanted:
            print(f"\n{measure([sys.executable, str(Path(__file__).with_name(script))]).output}", end="", flush=True)


if __name__ == "__main__":
    main()
