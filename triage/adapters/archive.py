"""What stored segments say: the alerts of an incident, of the night, or behind a question, with their facts."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

import orjson
import polars as pl

from triage.adapters.records import micros
from triage.adapters.segments import FolderWorkingSet
from triage.columns import FACTS
from triage.desk.pivots import EMPTY, OF_FACT, SLICE, Question, Slice
from triage.state import Frames

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]
LEDGER_KEY = "published/ledger"
TABLE = pl.Schema({"time": pl.Int64(), "index": pl.Categorical(), "id": pl.String(), "activity": pl.Categorical()})
_RUNS = "SELECT run_id FROM runs WHERE published IS NOT NULL AND alerts > 0 ORDER BY published"


class Archive:
    """Reads the segments of published runs. Methods raise StateError."""

    def __init__(self, reading: Opened, working_set: Callable[[str], FolderWorkingSet]) -> None:
        """``reading`` holds the connection while a block runs; ``working_set`` finds the segments of a run."""
        self._reading = reading
        self._working_set = working_set

    def incident(self, incident_id: str) -> Slice:
        """Return all alerts of an incident as it stands now."""
        activities = self._column("SELECT activity FROM placements WHERE incident_id = ?", incident_id)
        return self._united(pl.col("activity").is_in(activities), self._column(_RUNS))

    def table(self, incident_id: str) -> pl.DataFrame:
        """Return time, index, id, activity of all alerts of an incident, oldest first, in little memory."""
        activities = self._column("SELECT activity FROM placements WHERE incident_id = ?", incident_id)
        paths = [self._working_set(run).path(LEDGER_KEY) for run in self._column(_RUNS)]
        parts = [
            pl.scan_parquet(path, glob=False, low_memory=True)
            .filter(pl.col("activity").is_in(activities))
            .select("time", pl.col("index").cast(pl.Categorical), "id", pl.col("activity").cast(pl.Categorical))
            .collect()
            for path in paths
        ]
        filled = [part for part in parts if part.height]
        if len(filled) == 1:
            return filled[0]  # a ledger is in order
        # By time alone: a second key costs as much memory again, and each ledger is in order within one moment.
        united = pl.concat(filled) if filled else pl.DataFrame(schema=TABLE)
        return united.sort("time", nulls_last=True, maintain_order=True)

    def night(self) -> Slice:
        """Return all alerts of the last run that judged any."""
        return self._united(pl.lit(value=True), self._column(_RUNS)[-1:])

    def ask(self, question: Question) -> Slice:
        """Return the alerts of all runs that a question is about. KeyError for an unknown field."""
        bounds = [pl.lit(value=True)]
        bounds += [pl.col("time") >= micros(question.since)] if question.since else []
        bounds += [pl.col("time") < micros(question.until)] if question.until else []
        fitting = OF_FACT[question.field].list.contains(question.value)
        return self._united(pl.all_horizontal(bounds), self._column(_RUNS), fitting)

    def naming(self, values: Iterable[str]) -> Slice:
        """Return the alerts of all runs that name one of some entities, by value."""
        wanted = sorted(set(values))
        fitting = OF_FACT["entity"].list.eval(pl.element().is_in(wanted)).list.any()
        return self._united(pl.lit(value=True), self._column(_RUNS), fitting)

    def placed(self, activities: Iterable[str]) -> Mapping[str, str]:
        """Return where activities are: activity -> incident id."""
        wanted = orjson.dumps(sorted(set(activities))).decode()
        sql = "SELECT activity, incident_id FROM placements WHERE activity IN (SELECT value FROM json_each(?))"
        with self._reading() as db:
            return dict(db.execute(sql, (wanted,)).fetchall())

    def _column(self, sql: str, *values: object) -> list[str]:
        with self._reading() as db:
            return [row[0] for row in db.execute(sql, values)]

    def _united(self, wanted: pl.Expr, runs: Iterable[str], fitting: pl.Expr | None = None) -> Slice:
        """Return the alerts that are wanted and whose fact fits; facts are numbered through."""
        alerts, facts, offset = [EMPTY.alerts], [EMPTY.facts], 0
        for run in runs:
            part = self._part(self._working_set(run), wanted, fitting)
            moved = (pl.col("fact") + offset).cast(pl.UInt32)
            alerts.append(part.alerts.with_columns(moved))
            facts.append(part.facts.with_columns(moved))
            offset += int(part.facts["fact"].max() or 0) + 1  # type: ignore[arg-type]  # of an integer column
        return Slice(pl.concat(alerts).sort("time", "index", "id", nulls_last=True), pl.concat(facts))

    def _part(self, working: FolderWorkingSet, wanted: pl.Expr, fitting: pl.Expr | None) -> Slice:
        if not (working.has(Frames.ALERTS) and working.has(Frames.FACTS)):
            return EMPTY
        facts = working.get(Frames.FACTS).select(FACTS.names())
        facts = facts if fitting is None else facts.filter(fitting)
        found = pl.scan_parquet(working.path(Frames.ALERTS), glob=False).filter(wanted).select(SLICE.names())
        alerts = found.join(facts.lazy().select("fact"), on="fact", how="semi").collect()
        return Slice(alerts, facts.filter(pl.col("fact").is_in(alerts["fact"].unique().implode())))
