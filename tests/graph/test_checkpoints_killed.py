"""A run killed in the middle goes on from its checkpoints, in SQLite and in a real Postgres."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.postgres_node import PostgresMissingError, running
from support.story import story
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.errors import StateError
from triage.events import RunEnded, StageStarted
from triage.fakes import HashEmbedder, MemorySource
from triage.ports import Window
from triage.session import Session, thread_of
from triage.state import RunContext

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ("incidents.json", "ledger.csv.gz")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """URL of a server of our own; skipped where none is installed."""
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    try:
        with running() as url:
            yield url
    except PostgresMissingError as error:
        pytest.skip(str(error))


class DeadlyDossier:
    """Kills its process at the second question, when one investigation may already be made."""

    asked = 0

    def __init__(self, dossier: Any) -> None:
        self._dossier = dossier

    def brief(self, candidate: str) -> Any:
        self.asked += 1
        if self.asked == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._dossier.brief(candidate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dossier, name)


def run(output: Path, checkpointer: str, *, deadly: bool = False) -> tuple[list[str], RunEnded]:
    """Run the story; return the stages that were begun and the end."""

    def adapt(context: RunContext) -> RunContext:
        changed: dict[str, Any] = {"dossier": DeadlyDossier(context.dossier)} if deadly else {}
        return replace(context, sources=(MemorySource(story()),), embedder=HashEmbedder(), **changed)

    with Session(Settings(output=output, workers=1, checkpointer=checkpointer), adapt) as session:
        *events, ended = session.run(["memory"], Window(None, None), output)
    assert isinstance(ended, RunEnded)
    return [event.stage for event in events if isinstance(event, StageStarted)], ended


def results(output: Path) -> list[bytes]:
    return [(output / name).read_bytes() for name in RESULTS]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_run_killed_between_two_checkpoints_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """The kill comes when all investigations are made and kept, but the step that they belong to is not."""
    checkpointer = "" if kind == "sqlite" else str(request.getfixturevalue("postgres"))
    stages, _ = run(tmp_path / "undisturbed", "")
    place = str(tmp_path / "killed")
    code = f"from graph.test_checkpoints_killed import run, Path; run(Path({place!r}), {checkpointer!r}, deadly=True)"
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests"))
    killed = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "incidents.json").exists()

    later, ended = run(tmp_path / "killed", checkpointer)
    assert ended.run_id == "run-000001"
    assert later == stages[stages.index("correlate") + 1 :]
    assert results(tmp_path / "killed") == results(tmp_path / "undisturbed")
    assert kind == "sqlite" or _rows(checkpointer, ended.run_id) == 0


def test_the_first_runs_of_two_states_that_share_a_server_are_two_runs(postgres: str, tmp_path: Path) -> None:
    threads = set()
    for name in ("a", "b"):
        _, ended = run(tmp_path / name, postgres)
        assert (ended.run_id, _rows(postgres, ended.run_id)) == ("run-000001", 0)
        with SqliteState(tmp_path / name / "state") as state:
            threads |= {thread_of(one.record) for one in state.runs()}
    assert len(threads) == 2
    assert results(tmp_path / "a") == results(tmp_path / "b")


def test_a_server_that_is_down_is_said_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    with pytest.raises(StateError, match="checkpointer") as caught:
        run(tmp_path, "postgresql://me:hush@127.0.0.1:1/nothing")
    assert "hush" not in str(caught.value)


def _rows(url: str, run_id: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM checkpoints WHERE thread_id LIKE %s", (f"{run_id}%",)
        ).fetchone()
    assert found is not None
    return int(found[0])
