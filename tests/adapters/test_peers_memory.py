"""Peers come from the version of memory in force, and only from what was judged benign."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from support.activities import START, activity, frame
from support.incidents import incident
from support.states import Hand
from triage.adapters.database import SqliteState
from triage.cli import main
from triage.config import BaselineSettings
from triage.judgement.baseline import OBSERVED
from triage.models import RunCounts
from triage.ports import Publication, Window
from triage.record.ledger import LEDGER

HOSTS = tuple(f"host:h{number}" for number in range(5))
RULES = ("x", "y", "z")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteState]:
    with SqliteState(tmp_path / "state", Hand()) as opened:
        yield opened


def publish(state: SqliteState, outcome: str) -> None:
    """Publish a run in which five hosts show the same three kinds of alert on three days."""
    keys = [(rule, host, day) for rule in RULES for host in HOSTS for day in range(3)]
    rows = [
        (f"{outcome} {n}", f"s-{rule}", host, 20_000 + day, 1, 1, False) for n, (rule, host, day) in enumerate(keys)
    ]
    names = [row[0] for row in rows]
    run = state.open_run(f"run {outcome}", Hand().time, Window(None, None))
    found = incident("inc-1").model_copy(update={"disposition": "benign" if outcome == "benign" else "attack"})
    state.publish(
        Publication(
            run_id=run.run_id,
            complete=True,
            counts=RunCounts(),
            alerts=pl.DataFrame(schema=LEDGER),
            activities=frame(
                activity(key, rule, host, START) for key, (rule, host, _) in zip(names, keys, strict=True)
            ),
            placements=pl.DataFrame({"activity": names, "incident_id": "inc-1", "outcome": outcome}),
            sightings=pl.DataFrame(rows, schema=OBSERVED, orient="row"),
            incidents=(found,),
            dead_letters=(),
            watermarks={},
            summary={},
        )
    )


def test_peers_follow_the_version_in_force(state: SqliteState) -> None:
    publish(state, "benign")
    (group,) = state.memory.peers("", BaselineSettings())
    assert sorted(name for name, _ in group.members) == list(HOSTS)
    assert state.memory.peers("h3", BaselineSettings()) == [group]
    state.memory.rollback(0, "ann")
    assert not state.memory.peers("", BaselineSettings())


def test_what_was_judged_an_attack_makes_no_peers(state: SqliteState) -> None:
    publish(state, "incident")
    assert not state.memory.peers("", BaselineSettings())


def test_the_command_names_groups_with_their_likeness(
    state: SqliteState, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(state, "benign")
    place = ["--state", str(tmp_path / "state")]
    assert main(["baseline", "peers", "h1", *place]) == 0
    told = capsys.readouterr().out
    assert "5 behave like host:h0" in told
    assert "host:h4 (1.00)" in told
    assert main(["baseline", "peers", "nobody", *place, "--json"]) == 0
    assert capsys.readouterr().out.strip() == "[]"
