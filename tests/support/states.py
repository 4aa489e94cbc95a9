"""A state with published incidents, for tests of what comes after a run."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from triage.adapters.database import SqliteState
from triage.columns import ACTIVITIES
from triage.judgement import baseline
from triage.models import Incident, RunCounts
from triage.ports import Publication, Window
from triage.record.ledger import LEDGER

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def forward(self, span: timedelta) -> None:
        self.time += span


def publish(state: SqliteState, incidents: Iterable[Incident]) -> str:
    """Publish a run that found these incidents; return its id."""
    run = state.open_run(f"run {len(state.runs())}", NOW, Window(None, None))
    placements = pl.DataFrame(schema={"activity": pl.String, "incident_id": pl.String, "outcome": pl.String})
    state.publish(
        Publication(
            run_id=run.run_id,
            complete=True,
            counts=RunCounts(),
            alerts=pl.DataFrame(schema=LEDGER),
            activities=pl.DataFrame(schema=ACTIVITIES),
            placements=placements,
            sightings=pl.DataFrame(schema=baseline.OBSERVED),
            incidents=tuple(incidents),
            dead_letters=(),
            watermarks={},
            summary={},
        )
    )
    state.finish_run(run.run_id, "done")
    return run.run_id
