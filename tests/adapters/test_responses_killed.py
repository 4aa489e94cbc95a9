"""kill -9 anywhere in an approval or an execution: no approval lost or assumed, no effect doubled."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.responding import FileConnector, prepared, responses, work
from triage.adapters.database import SqliteState

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from support.responding import work
work(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], idempotent=sys.argv[4] == "yes")
"""
BEFORE_APPROVAL = ["after proposed", "before previewed", "after previewed", "before approved"]
AFTER_APPROVAL = ["after approved", "before started", "after started", "effect", "before done"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")


def killed(folder: Path, die: str, *, idempotent: bool = True) -> FileConnector:
    """Let a process work until it dies at the given moment; return what it talked to."""
    prepared(folder / "state")
    arrived = folder / "arrived"
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests"))
    command = [sys.executable, "-c", PROGRAM, str(folder / "state"), str(arrived), die, "yes" if idempotent else "no"]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    return FileConnector(arrived, idempotent=idempotent)


@pytest.mark.parametrize("die", BEFORE_APPROVAL)
def test_an_approval_that_was_not_recorded_is_not_assumed(tmp_path: Path, die: str) -> None:
    connector = killed(tmp_path, die)
    with SqliteState(tmp_path / "state") as state:
        after = responses(state, tmp_path / "state", connector)
        assert [one.state for one in after.requests()] == ["waiting"]
        request = after.propose("inc-1", "1", "ana")
        assert (request.state, connector.arrived()) == ("waiting", [])
        assert request.preview is not None
        assert len(after.requests()) == 1
        assert after.approve(request.request_id, "dc01", "lena").state == "done"
        assert connector.arrived() == [request.action.key]
        assert state.audit_broken_at() is None


@pytest.mark.parametrize("die", AFTER_APPROVAL)
def test_an_approval_that_was_recorded_is_carried_out_with_one_effect(tmp_path: Path, die: str) -> None:
    connector = killed(tmp_path, die)
    with SqliteState(tmp_path / "state") as state:
        after = responses(state, tmp_path / "state", connector)
        (request,) = after.requests()
        assert (request.state, request.decided_by) == ("approved", "lena")
        assert after.approve(request.request_id, "dc01", "lena").state == "done"
        assert set(connector.arrived()) == {request.action.key}
        acts = [event.act for event in state.responses.events()]
        assert acts == ["proposed", "previewed", "approved", "started", "done"]


def test_what_ended_is_not_run_again(tmp_path: Path) -> None:
    connector = killed(tmp_path, "after done")
    with SqliteState(tmp_path / "state") as state:
        (request,) = responses(state, tmp_path / "state", connector).requests()
        assert request.state == "done"
    assert len(connector.arrived()) == 1


@pytest.mark.parametrize(("die", "arrived"), [("after started", 0), ("effect", 1)])
def test_a_receiver_that_knows_no_repeats_is_never_sent_anything_twice(tmp_path: Path, die: str, arrived: int) -> None:
    connector = killed(tmp_path, die, idempotent=False)
    with SqliteState(tmp_path / "state") as state:
        after = responses(state, tmp_path / "state", connector)
        (request,) = after.requests()
        assert after.approve(request.request_id, "dc01", "lena").state == "unknown"
    assert len(connector.arrived()) == arrived


def test_lost_checkpoints_cost_nothing_but_time(tmp_path: Path) -> None:
    connector = killed(tmp_path, "effect")
    for file in (tmp_path / "state").glob("checkpoints.db*"):
        file.unlink()
    with SqliteState(tmp_path / "state") as state:
        after = responses(state, tmp_path / "state", connector)
        (request,) = after.requests()
        assert after.approve(request.request_id, "dc01", "lena").state == "done"
    assert set(connector.arrived()) == {request.action.key}


def test_work_is_what_the_dying_process_does(tmp_path: Path) -> None:
    prepared(tmp_path / "state")
    assert work(tmp_path / "state", tmp_path / "arrived", "") == "done"
