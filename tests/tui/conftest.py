"""What all tests of the terminal UI share: an app on a real state in a temporary folder, its clock standing still."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.desk import NOW, STANDARD, opened
from triage.models import Incident
from triage_tui.app import TriageApp
from triage_tui.memory import Memory

Open = Callable[..., TriageApp]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Open]:
    """Make an app on a state with the given incidents, the tour seen unless told otherwise."""
    with ExitStack() as stack:

        def make(incidents: tuple[Incident, ...] = STANDARD, *, tour: bool = False, **values: Any) -> TriageApp:
            session = stack.enter_context(opened(tmp_path, incidents))
            memory = Memory(tmp_path / "memory")
            if not tour:
                memory.remember_tour()
            given: dict[str, Any] = {"now": lambda: NOW, "memory": memory, "folder": tmp_path, "poll": 0} | values
            return TriageApp(session, "ana", **given)

        yield make
