"""How fast the terminal UI is on a large state: first paint, key to frame, memory, while a run publishes.

    python benchmarks/tui.py [--incidents 10000] [--alerts 1000000] [--folder DIR] [--writer run|publish|none]

The real program runs on a pseudo-terminal of 120x40. First paint is the time from starting the interpreter until the
first incident is on the terminal. Key to frame is the time from writing a key until the terminal has all that the
program writes in answer. Meanwhile another process writes to the state: ``run`` is what happens in practice, one
``triage run`` over new alerts after the other; ``publish`` is the worst that could be, all incidents published again
and again without a pause. Memory is the largest resident set. "computing" is the time the main thread had a processor
for: what it would take on a machine that does nothing else.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests")]
sys.path[:0] = PATHS

import polars as pl  # noqa: E402 - the path has to be set first

from support.desk import INDEX, START, incident  # noqa: E402
from triage import columns  # noqa: E402
from triage.adapters.database import SqliteState  # noqa: E402
from triage.judgement.baseline import OBSERVED  # noqa: E402
from triage.models import Entity, EntityKind, Incident, RunCounts  # noqa: E402
from triage.ports import Publication, Window  # noqa: E402
from triage.state import Frames  # noqa: E402

BURST = 0.4
"""Share of all alerts that one incident holds."""
NEW_ALERTS = 20_000
"""Alerts of one run that goes on meanwhile."""
QUIET = 0.02
"""Seconds without output after which a frame counts as whole; not part of what is told."""
GOALS = {"first paint s": 1.0, "key to frame p95 ms": 50.0, "memory MB": 300.0}


# --- the state ------------------------------------------------------------------------------------------------------


def night(count: int) -> tuple[Incident, ...]:
    """Return incidents with about as much in each as in a real one: a body of some 10 kB."""
    return tuple(_incident(rank, count) for rank in range(1, count + 1))


def _incident(rank: int, count: int) -> Incident:
    disposition = "attack" if rank <= count // 100 else "suspicious" if rank <= count // 5 else "benign"
    one = incident(rank, disposition, rule=f"Rule {rank % 70}")
    names = tuple(
        Entity(kind=EntityKind.PROCESS, value=f"process-{rank % 90}-{at}.exe", alert_count=1) for at in range(12)
    )
    entry = one.timeline[0]
    later = tuple(
        entry.model_copy(
            update={"rule": f"Rule {(rank + at) % 70}", "first_seen": entry.first_seen + timedelta(seconds=at)}
        )
        for at in range(12)
    )
    told = one.evidence[0]
    evidence = tuple(
        told.model_copy(update={"evidence_id": f"E{at}", "statement": f"statement {at} of {rank} " * 8})
        for at in range(12)
    )
    urgency = max(95 - 90 * rank / count, 1.0)
    changed = {"urgency": urgency, "entities": (*one.entities, *names), "timeline": later, "evidence": evidence}
    return one.model_copy(update=changed)


def publish(folder: Path, incidents: Sequence[Incident], alerts: int, name: str) -> None:
    """Publish incidents with their alerts, facts and activities as a run does."""
    frame = _alerts(incidents, alerts)
    facts = _facts(incidents)
    with SqliteState(folder / "state") as store:
        run = store.open_run(name, START, Window(None, None))
        working = store.working_set(run.run_id)
        working.put(Frames.ALERTS, frame.select(*columns.ALERTS.names(), "activity"))
        working.put(Frames.FACTS, facts)
        summary = {
            "run_id": run.run_id,
            "started": START.isoformat(),
            "counts": {"read": alerts, "incident": alerts, "activities": len(incidents)},
            "incidents": {"shown": len(incidents), "benign_groups": 0},
            "incomplete": [],
        }
        store.publish(
            Publication(
                run_id=run.run_id,
                complete=True,
                counts=RunCounts(read=alerts, incident=alerts),
                alerts=frame.select("index", "id", "time", "activity", "outcome", "incident_id"),
                activities=_activities(incidents),
                placements=frame.select("activity", "incident_id", "outcome").unique(maintain_order=True),
                sightings=pl.DataFrame(schema=OBSERVED),
                incidents=tuple(incidents),
                dead_letters=(),
                watermarks={},
                summary=summary,
            )
        )


def _alerts(incidents: Sequence[Incident], alerts: int) -> pl.DataFrame:
    """Return the first incident's burst and an equal share for all others."""
    burst = int(alerts * BURST)
    of = pl.select(pl.int_range(alerts, eager=False).alias("n")).with_columns(
        pl.when(pl.col("n") < burst).then(0).otherwise(pl.col("n") % len(incidents)).alias("at")
    )
    keys = pl.DataFrame(
        {
            "at": range(len(incidents)),
            "activity": [f"act-{one.rank}" for one in incidents],
            "incident_id": [one.incident_id for one in incidents],
        }
    )
    begin = int(START.timestamp() * 1e6)
    return of.join(keys, on="at", how="left").select(
        (pl.lit(begin) + pl.col("n") * 40_000).alias("time"),
        pl.lit("event").alias("time_source"),
        pl.lit(INDEX).alias("index"),
        pl.format("{}-0", pl.col("n")).alias("id"),
        pl.col("at").cast(pl.UInt32).alias("fact"),
        pl.lit(0, dtype=pl.UInt32).alias("part"),
        pl.col("n").cast(pl.UInt32).alias("line"),
        "activity",
        pl.lit("incident").alias("outcome"),
        "incident_id",
    )


def _facts(incidents: Sequence[Incident]) -> pl.DataFrame:
    rows = [
        {
            "fact": at,
            "detector": "wazuh",
            "family": "wazuh",
            "rule": one.timeline[0].rule,
            "rule_id": "",
            "message": one.title,
            "severity": 73.0,
            "techniques": ["T1490"],
            "tactics": ["impact"],
            "principal": f"host:host{one.rank}",
            "entities": [{"kind": entity.kind.value, "role": "", "value": entity.value} for entity in one.entities],
            "flags": [],
        }
        for at, one in enumerate(incidents)
    ]
    return pl.DataFrame(rows, schema=columns.FACTS)


def _activities(incidents: Sequence[Incident]) -> pl.DataFrame:
    begin = int(START.timestamp() * 1e6)
    rows = [
        {
            "activity": f"act-{one.rank}",
            "signature": f"sig-{one.rank % 70}",
            "detector": "wazuh",
            "rule": one.timeline[0].rule,
            "message": one.title,
            "principal": f"host:host{one.rank}",
            "first": begin,
            "last": begin + 1,
            "count": one.alert_count,
            "variety": 1,
            "severity": 73.0,
            "techniques": ["T1490"],
            "tactics": ["impact"],
            "entities": [],
            "entity_total": 0,
            "flags": [],
        }
        for one in incidents
    ]
    return pl.DataFrame(rows, schema=columns.ACTIVITIES)


def write_on(folder: Path, count: int) -> None:
    """Publish a run after the other until killed; each has all incidents and few alerts."""
    incidents = night(count)
    for number in range(10_000):
        publish(folder, incidents, len(incidents), f"later-{os.getpid()}-{number}")


# --- the program ----------------------------------------------------------------------------------------------------


class Terminal:
    """The program on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self._keyboard, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
        environment = kept | {
            "PYTHONPATH": os.pathsep.join(PATHS),
            "XDG_STATE_HOME": str(folder / "xdg"),
            "XDG_CONFIG_HOME": str(folder / "xdg"),
            "TERM": "xterm-256color",
        }
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            (sys.executable, "-m", "triage", "tui", "--state", str(folder / "state")),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment,
            start_new_session=True,
        )
        os.close(terminal)
        self.text = b""

    def read(self, seconds: float) -> float | None:
        """Read what comes within some seconds; return when, or None when nothing did."""
        if not select.select([self._keyboard], [], [], seconds)[0]:
            return None
        try:
            self.text = (self.text + os.read(self._keyboard, 1 << 16))[-1_000_000:]
        except OSError:  # the program has ended
            sys.exit(self.text[-4000:].decode("utf-8", "replace"))
        return time.perf_counter()

    def settle(self, quiet: float = 0.3) -> None:
        """Read until nothing comes any more."""
        while self.read(quiet) is not None:
            pass

    def until(self, words: bytes) -> float:
        """Read until some words are there and return when."""
        while (at := self.read(30)) is not None:
            if words in self.text:
                return at
        sys.exit(f"{words!r} was never shown; the terminal has {self.text[-2000:]!r}")

    def press(self, key: str) -> float:
        """Press a key and return the seconds until all of the answer was there."""
        self.settle(QUIET)
        began = last = time.perf_counter()
        os.write(self._keyboard, key.encode())
        wait = 5.0
        while (at := self.read(wait)) is not None:
            last, wait = at, QUIET
        return last - began

    def computing(self) -> float:
        """Return the seconds its main thread was on a processor so far (schedstat of proc(5))."""
        nanoseconds = Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()[0]
        return int(nanoseconds) / 1e9

    def memory(self) -> int:
        """Return the largest resident set so far, in bytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def end(self) -> None:
        """Kill the program."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._keyboard)


def new_alerts(path: Path, number: int) -> None:
    """Write NEW_ALERTS alerts that no run has judged yet, of hosts and rules as the state has them."""
    begin = START + timedelta(days=number + 1)
    with path.open("wb") as file:
        for at in range(NEW_ALERTS):
            source = {
                "@timestamp": (begin + timedelta(seconds=at)).isoformat(),
                "event": {"kind": "alert", "module": "endpoint", "severity": 47},
                "rule": {"name": f"Rule {at % 70}"},
                "host": {"name": f"host{at % 500}"},
                "message": f"Rule {at % 70} fired",
            }
            file.write(json.dumps({"_index": INDEX, "_id": f"{number}-{at}", "_source": source}).encode() + b"\n")


def run_on(folder: Path) -> None:
    """Run ``triage run`` over new alerts again and again until killed."""
    for number in range(10_000):
        path = folder / f"new-{number}.ndjson"
        new_alerts(path, number)
        command = (sys.executable, "-m", "triage", "run", str(path), "--state", str(folder / "state"), "--no-progress")
        subprocess.run(
            command, env=os.environ | {"PYTHONPATH": os.pathsep.join(PATHS)}, check=True, capture_output=True
        )


class Walk(NamedTuple):
    """Keys whose answer is timed."""

    name: str
    before: str
    keys: Sequence[str]


WALKS = (
    Walk("queue: down", "", ["j"] * 60),
    Walk("queue: page down", "", ["\x04"] * 40),
    Walk("queue: select", "g", ["x"] * 30),
    Walk("filter typing", "\x1b/", [*"host:host12 urgency:>1 ", *"rule:rule ", *'"number 99"']),
    Walk("filter, free words", "\x1b/", [*"statement of a kind", *["\x7f"] * 10]),
    Walk("alerts table: down", "\x1bgo4", ["j"] * 60),
    Walk("alerts table: page down", "", ["\x04"] * 60),
)


@contextmanager
def writer(folder: Path, count: int, how: str) -> Iterator[None]:
    """Let another process write meanwhile."""
    if how == "none":
        yield
        return
    command = (sys.executable, __file__, "--folder", str(folder), "--incidents", str(count), "--write-on", how)
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


class Took(NamedTuple):
    """Seconds until an answer was there, and those of them the program computed."""

    seconds: float
    computing: float


def first_paint(folder: Path) -> Took:
    """Return what it takes from the start of the interpreter to the first incident on the terminal."""
    terminal = Terminal(folder)
    took = Took(terminal.until(b"Incident number 1 ") - terminal.began, terminal.computing())
    terminal.end()
    return took


def timed(terminal: Terminal, key: str) -> Took:
    """Press a key and return what it took."""
    before = terminal.computing()
    return Took(terminal.press(key), terminal.computing() - before)


def walk(folder: Path) -> tuple[list[Took], int]:
    """Walk about, print a line per walk, and return what each key took, and the memory."""
    terminal = Terminal(folder)
    terminal.until(b"Incident number 1 ")
    everything: list[Took] = []
    for one in WALKS:
        for key in one.before:
            terminal.press(key)
            terminal.settle()
        took = [timed(terminal, key) for key in one.keys]
        everything += took
        print(f"{one.name:<26} {told(took)}")
    memory = terminal.memory()
    terminal.end()
    return everything, memory


def told(took: Sequence[Took]) -> str:
    """Return medians and 95th percentiles in words."""
    seconds, computing = ([value * 1e3 for value in values] for values in zip(*took, strict=True))
    middle = f"median {statistics.median(seconds):6.1f} ms ({statistics.median(computing):5.1f} computing)"
    return f"{middle}   p95 {p95(seconds):6.1f} ms ({p95(computing):5.1f} computing)"


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile (nearest rank) of sorted or unsorted values."""
    return sorted(seconds)[max(int(len(seconds) * 0.95 + 0.999) - 1, 0)]


def measure(folder: Path, count: int, how: str) -> int:
    """Measure, print, and return 1 when a goal is missed."""
    paints = [first_paint(folder) for _ in range(5)]
    with writer(folder, count, how):
        took, memory = walk(folder)
    print(f"{'first paint':<26} {told(paints)}\n{'all keys':<26} {told(took)}")
    found = {
        "first paint s": statistics.median(one.seconds for one in paints),
        "key to frame p95 ms": p95([one.seconds for one in took]) * 1e3,
        "memory MB": memory / 1e6,
    }
    for name, value in found.items():
        print(f"{name:<26} {value:8.2f}   goal {GOALS[name]:.0f}   {'met' if value <= GOALS[name] else 'MISSED'}")
    return int(any(value > GOALS[name] for name, value in found.items()))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="for the state, kept and used again; default: a temporary one")
    parser.add_argument("--writer", choices=("run", "publish", "none"), default="run", help="who writes meanwhile")
    parser.add_argument("--write-on", choices=("run", "publish"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_on:
        run_on(options.folder) if options.write_on == "run" else write_on(options.folder, options.incidents)
        return
    with tempfile.TemporaryDirectory(prefix="tui-bench-") as scratch:
        folder = options.folder or Path(scratch)
        if not (folder / "state").exists():
            publish(folder, night(options.incidents), options.alerts, "first")
        (folder / "xdg/soc-triage").mkdir(parents=True, exist_ok=True)
        (folder / "xdg/soc-triage/tui.json").write_text('{"tour_seen": true}', encoding="utf-8")
        work = Path(scratch) / "measured"
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("measured"))
        sys.exit(measure(work, options.incidents, options.writer))


if __name__ == "__main__":
    main()
