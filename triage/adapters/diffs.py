"""Two published runs of the state database, compared."""

from collections.abc import Mapping, Sequence

import polars as pl

from triage.adapters.archive import LEDGER_KEY
from triage.adapters.database import SqliteState
from triage.desk.changes import RunDiff, RunView, Since, diff
from triage.desk.decisions import Step
from triage.errors import UsageError
from triage.state import Frames

_PLACED = {"activity": pl.String, "incident_id": pl.String}
_ALL = 10**9


def compared(store: SqliteState, before: str | None = None, after: str | None = None) -> RunDiff:
    """Return what changed from one published run to a later one: the last two by default. Raises UsageError."""
    runs = list(store.revisions.nights())
    if len(runs) < 2:
        raise UsageError("there are no two published runs to compare yet")
    latest = after or runs[-1]
    _check(latest, runs)
    place = runs.index(latest)
    earliest = before or runs[max(0, place - 1)]
    _check(earliest, runs)
    if runs.index(earliest) >= place:
        raise UsageError(f"{earliest} was not published before {latest}")
    new, between = _view(store, latest), runs[runs.index(earliest) + 1 : place + 1]
    return diff(_view(store, earliest), new, Since(_alerts(store, between, new.placed), _regroupings(store)))


def _check(run_id: str, runs: Sequence[str]) -> None:
    if run_id not in runs:
        raise UsageError(f"no published run {run_id!r}; there are {runs[0]} to {runs[-1]}")


def _view(store: SqliteState, run_id: str) -> RunView:
    frames = store.working_set(run_id)
    placed = frames.get(Frames.PLACED) if frames.has(Frames.PLACED) else pl.DataFrame(schema=_PLACED)
    return RunView(run_id, store.incidents(run_id), placed, store.summary(run_id).get("basis", {}))


def _alerts(store: SqliteState, runs: Sequence[str], placed: pl.DataFrame) -> Mapping[str, int]:
    """Return how many alerts of these runs are in each incident; a revision judged none anew."""
    nights = store.revisions.nights()
    ledgers = [store.working_set(run).get(LEDGER_KEY).select("activity") for run in runs if nights[run] == run]
    if not ledgers:
        return {}
    counted = pl.concat(ledgers).join(placed, on="activity").group_by("incident_id").len()
    return dict(counted.iter_rows())


def _regroupings(store: SqliteState) -> Sequence[Step]:
    return [step for step in store.decisions.steps(_ALL) if step.decision.kind == "regroup"]
