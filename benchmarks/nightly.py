"""What the 30th nightly run costs per new alert, with 29 nights of history, against the first.

A generated company is triaged night by night on one state, in one process; a run on another state warms it up before.
With ``--runs-a-day 24`` the same for hourly runs, with ``--days`` for a shorter or longer time: what grows for longer
than the horizon and the memory of the baseline last, grows without bound.
The embedding model is left out (its texts are cached after the first night, which would flatter the thirtieth).
With ``--as-run`` nothing is left out: each night is a ``triage run`` of its own, from its start to its end.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in (".", "tools", "evals", "tui")]

from triage.config import Settings  # noqa: E402 - the path has to be set first
from triage.events import StageEnded  # noqa: E402
from triage.fakes import HashEmbedder, MemorySource  # noqa: E402
from triage.generator import ScenarioSpec, generate  # noqa: E402
from triage.ports import Window  # noqa: E402
from triage.session import Session  # noqa: E402
from triage.state import RunContext  # noqa: E402
from triage.trust.injection import recalled  # noqa: E402

NIGHTS = 30
AROUND = 3
"""Runs at the end whose median counts: one alone is mostly chance."""


class Night(NamedTuple):
    """One nightly run."""

    alerts: int
    cpu: float
    """Seconds of this process."""
    stages: Mapping[str, float]

    @property
    def each(self) -> float:
        """Milliseconds of CPU per new alert."""
        return 1000 * self.cpu / self.alerts


def nights(entities: int, noise: float, days: int = NIGHTS, a_day: int = 1) -> Iterator[list[dict[str, Any]]]:
    """Yield the alerts of each run on a company."""
    spec = ScenarioSpec(seed=3, days=days, entities=entities, noise=noise, attacks=("ransomware",))
    for _, alerts in groupby(generate(spec).alerts(), key=lambda one: (one.time.date(), one.time.hour * a_day // 24)):
        yield [{"_index": one.index_name, "_id": one.id, "_source": one.source} for one in alerts]


def triage(state: Path, hits: list[dict[str, Any]]) -> Night:
    """Run one night on a state and measure it."""
    recalled.cache_clear()  # a night is a process of its own, which remembers nothing
    source = MemorySource(hits)

    def adapt(context: RunContext) -> RunContext:
        return replace(context, sources=(source,), embedder=HashEmbedder())

    with Session(Settings(state=state, workers=1), adapt) as session:
        began = time.process_time()
        events = list(session.run(["memory"], Window(None, None), None))
        cpu = time.process_time() - began
    return Night(len(hits), cpu, {one.stage: one.seconds for one in events if isinstance(one, StageEnded)})


def as_run(folder: Path, hits: list[dict[str, Any]]) -> Night:
    """Run one night as a user does and measure the whole process, those that it starts included."""
    alerts = folder / "alerts.ndjson"
    alerts.write_text("".join(json.dumps(hit) + "\n" for hit in hits))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "triage", "run", str(alerts), "--output", str(folder / "out"), "--no-progress"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Night(len(hits), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=300)
    parser.add_argument("--noise", type=float, default=3.0)
    parser.add_argument("--days", type=int, default=NIGHTS)
    parser.add_argument("--runs-a-day", type=int, default=1, choices=(1, 2, 3, 4, 6, 8, 12, 24))
    parser.add_argument("--as-run", action="store_true", help="each night as a process of its own, with the model")
    chosen = parser.parse_args()
    made = list(nights(chosen.entities, chosen.noise, chosen.days, chosen.runs_a_day))
    with tempfile.TemporaryDirectory() as scratch:
        run, folders = (as_run if chosen.as_run else triage), (Path(scratch) / "warm", Path(scratch) / "state")
        for folder in folders:
            folder.mkdir()
        run(folders[0], made[0])
        ran = [run(folders[1], hits) for hits in made]
    first, last = (median(one.each for one in part) for part in (ran[: chosen.runs_a_day], ran[-AROUND:]))
    for number, one in enumerate(ran, start=1):
        told = json.dumps({name: round(seconds, 2) for name, seconds in one.stages.items()})
        print(f"run {number:3}: {one.alerts:6,} alerts, {one.cpu:6.2f} s, {one.each:.3f} ms each  {told}")
    print(f"last {AROUND} runs / first day, per new alert: {last / first:.2f} (at most 1.2 wanted)")


if __name__ == "__main__":
    main()
