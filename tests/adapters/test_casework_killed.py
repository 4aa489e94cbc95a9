"""``kill -9`` in the middle of investigations and of an update of intelligence: nothing is lost, nothing is doubled."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from support.story import story
from triage.adapters.database import SqliteState
from triage.adapters.intelligence import desk as desks
from triage.adapters.intelligence.copy import IntelligenceCopy
from triage.adapters.segments import FolderWorkingSet
from triage.config import IntelligenceSettings, InvestigateSettings, Settings
from triage.fakes import HashEmbedder, MemorySource
from triage.investigation import InvestigationContext, ToolCall
from triage.models import AlertRef
from triage.ports import Window
from triage.session import Session
from triage.state import Dossier, RunContext

ROOT = Path(__file__).resolve().parents[2]
NEVER = 0


def in_a_process_that_is_killed(call: str) -> None:
    """Call a function of this module in a process of its own, which kills itself in the middle."""
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests"))
    code = f"from adapters.test_casework_killed import *; {call}"
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ended.returncode == -signal.SIGKILL


def die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


# --- intelligence -----------------------------------------------------------------------------------------------------


def update(folder: Path, listed: Path) -> None:
    """Bring the local copy of one list up to date."""
    with SqliteState(folder) as store:
        desks.IntelligenceDesk(IntelligenceSettings(files=(str(listed),)), store.intelligence).update(remote=True)


def dying_update(folder: Path, listed: Path, moment: str) -> None:
    """Update, and die at a moment of writing: of the segment, of the row that names it, of what is out of date."""
    owner, name = {
        "segment": (FolderWorkingSet, "put"),
        "row": (IntelligenceCopy, "_append"),
        "tidy": (IntelligenceCopy, "_tidy"),
    }[moment]
    setattr(owner, name, die)
    update(folder, listed)


def held(folder: Path) -> tuple[list[tuple[str, int]], list[str], int]:
    """Return versions in force with their numbers, the indicators, and how many segments lie on disk."""
    with SqliteState(folder) as store:
        current = store.intelligence.current()
        rows = store.intelligence.indicators([one.segment for one in current]).collect()
        return (
            [(one.source, one.version) for one in current],
            sorted(rows["value"].to_list()),
            len([path for path in (folder / "intelligence").rglob("*") if path.is_file()]),
        )


@pytest.mark.parametrize("moment", ["segment", "row", "tidy"])
def test_an_update_that_is_killed_is_made_once_when_it_is_repeated(moment: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    for place in ("undisturbed", "killed"):
        listed.write_text("old.evil.com\n")
        update(tmp_path / place, listed)
    listed.write_text("new.evil.com\nmore.evil.com\n")
    update(tmp_path / "undisturbed", listed)
    where = f"Path({str(tmp_path / 'killed')!r}), Path({str(listed)!r}), {moment!r}"
    in_a_process_that_is_killed(f"dying_update({where})")
    names = held(tmp_path / "killed")[1]
    assert names in (["old.evil.com"], ["more.evil.com", "new.evil.com"]), "all of one version or all of the other"
    update(tmp_path / "killed", listed)
    update(tmp_path / "killed", listed)
    assert held(tmp_path / "killed") == held(tmp_path / "undisturbed")


# --- investigations ---------------------------------------------------------------------------------------------------


class DeadlyToolbox:
    """Dies at a call of a number."""

    def __init__(self, inner: InvestigationContext, count: Callable[[], bool]) -> None:
        self._inner, self._count = inner, count

    def call(self, call: ToolCall, earlier: Sequence[ToolCall]) -> Mapping[str, JsonValue]:
        if self._count():
            die()
        return self._inner.toolbox.call(call, earlier)


class DeadlyDossier:
    """A dossier whose tools kill the program at their call of this number."""

    def __init__(self, inner: Dossier, deadly: int) -> None:
        self._inner, self._left = inner, deadly

    def brief(self, candidate: str) -> Any:
        return self._inner.brief(candidate)

    def context(self) -> InvestigationContext:
        context = self._inner.context()
        return replace(context, toolbox=DeadlyToolbox(context, self._count))

    def samples(self) -> Mapping[str, tuple[AlertRef, ...]]:
        return self._inner.samples()

    def _count(self) -> bool:
        self._left -= 1
        return self._left == 0


def run(output: Path, deadly: int) -> None:
    """Triage the story with tools that kill at a call."""

    def adapt(context: RunContext) -> RunContext:
        dossier = DeadlyDossier(context.dossier, deadly)
        return replace(context, sources=(MemorySource(story()),), embedder=HashEmbedder(), dossier=dossier)

    with Session(Settings(output=output, workers=1, investigate=InvestigateSettings(concurrency=1)), adapt) as session:
        list(session.run(["memory"], Window(None, None), output))


def kept(output: Path) -> tuple[Any, ...]:
    """Return everything a later night reads of what investigations came to."""
    with SqliteState(output / "state") as store:
        memory = store.campaigns
        return memory.traits(), memory.campaigns(), memory.meanings(HashEmbedder().model_id, 100), len(store.runs())


@pytest.mark.parametrize("deadly", [1, 9])
def test_a_kill_within_an_investigation_changes_nothing(deadly: int, tmp_path: Path) -> None:
    run(tmp_path / "undisturbed", NEVER)
    in_a_process_that_is_killed(f"run(Path({str(tmp_path / 'killed')!r}), {deadly})")
    assert not (tmp_path / "killed/incidents.json").exists()
    run(tmp_path / "killed", NEVER)
    for name in ("incidents.json", "ledger.csv.gz"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()
    assert kept(tmp_path / "killed") == kept(tmp_path / "undisturbed")
    assert kept(tmp_path / "killed")[2]
