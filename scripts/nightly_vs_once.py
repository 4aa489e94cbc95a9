"""Compares a case triaged at once with the same case triaged night by night on one state: what is shown of each.

An incident is known by the alerts it holds, not by its id: the table says for each incident shown at once which one
of the nightly queue holds most of its alerts, and how many of them, and lists what only the nights show. The two may
differ where judgement needs what had not happened yet: hindsight while memory is short, an activity that a later night
continues, a presence round the clock that is not yet long. A benign group of one may be an incident of the other.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in (".", "tools", "evals", "tui")]

from triage.adapters.database import SqliteState  # noqa: E402 - the path has to be set first
from triage.config import Settings  # noqa: E402
from triage.fakes import HashEmbedder, MemorySource  # noqa: E402
from triage.judgement.baseline import MICROS_PER_DAY  # noqa: E402
from triage.models import Incident  # noqa: E402
from triage.ports import Window  # noqa: E402
from triage.session import Session  # noqa: E402
from triage.state import Frames, RunContext  # noqa: E402

Hit = dict[str, Any]
Names = frozenset[tuple[str, str]]


class Shown(NamedTuple):
    """An incident as it stands at the end, with the index and id of its alerts."""

    incident: Incident
    alerts: Names


class Match(NamedTuple):
    """An incident of one queue, and the one of the other that holds most of its alerts."""

    one: Shown
    other: Shown | None
    common: int


def shown(state: Path, parts: Sequence[Sequence[Hit]]) -> list[Shown]:
    """Triage the parts one after the other on a state; return what its queue shows in the end, in order."""
    for hits in parts:
        _run(state, hits)
    with Session(Settings(state=state)) as session:
        found = [one for one in session.incidents() if one.disposition != "benign"]
        return [
            Shown(one, frozenset(session.alerts(one.incident_id).select("index", "id").iter_rows())) for one in found
        ]


def _run(state: Path, hits: Sequence[Hit]) -> None:
    source = MemorySource(hits)

    def adapt(context: RunContext) -> RunContext:
        return replace(context, sources=(source,), embedder=HashEmbedder())

    with Session(Settings(state=state, workers=1), adapt) as session:
        for _ in session.run(["memory"], Window(None, None), None):
            pass


def matched(ones: Sequence[Shown], others: Sequence[Shown]) -> list[Match]:
    """Find for each incident the other one that holds most of its alerts."""
    holder = {name: number for number, other in enumerate(others) for name in other.alerts}
    found = []
    for one in ones:
        counted = Counter(holder[name] for name in one.alerts if name in holder)
        best = counted.most_common(1)
        found.append(Match(one, others[best[0][0]], best[0][1]) if best else Match(one, None, 0))
    return found


def read(case: Path) -> list[Hit]:
    """Return the hits of a case."""
    with gzip.open(case / "alerts.ndjson.gz", "rb") as lines:
        return [json.loads(line) for line in lines]


def nights(hits: Sequence[Hit], state: Path) -> list[list[Hit]]:
    """Return the hits of each UTC day, by the times that a run on ``state`` read from them; the unread come last."""
    with SqliteState(state) as store:
        read = store.working_set(str(store.last_published())).get(Frames.ALERTS).select("index", "id", "time")
    day = {(index, name): time // MICROS_PER_DAY for index, name, time in read.iter_rows()}
    last = max(day.values(), default=0)
    days: dict[int, list[Hit]] = {}
    for hit in hits:
        days.setdefault(day.get((hit["_index"], hit["_id"]), last), []).append(hit)
    return [days[number] for number in sorted(days)]


def report(name: str, once: Sequence[Shown], nightly: Sequence[Shown]) -> None:
    """Print the table of one case."""
    print(f"\n{name}: {len(once)} shown at once, {len(nightly)} night by night")
    print(f"  {'once':>5} {'nights':>6} {'alerts':>7} {'in both':>7}  title")
    for one, other, common in matched(once, nightly):
        there = other.incident.rank if other else "-"
        print(f"  {one.incident.rank:>5} {there:>6} {len(one.alerts):>7} {common:>7}  {one.incident.title[:90]}")
    for late, early, _ in matched(nightly, once):
        if early is None:
            print(f"  {'-':>5} {late.incident.rank:>6} {len(late.alerts):>7} {0:>7}  {late.incident.title[:90]}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path, help="folders with alerts.ndjson.gz, in the form of hits")
    for case in parser.parse_args().cases:
        hits = read(case)
        with tempfile.TemporaryDirectory(prefix="nights-") as scratch:
            once = shown(Path(scratch) / "once", [hits])
            nightly = shown(Path(scratch) / "nights", nights(hits, Path(scratch) / "once"))
        report(case.name, once, nightly)


if __name__ == "__main__":
    main()
