"""Whole screens as pictures, at the sizes people work at, with and without colour; the clock stands still."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from support.stored import store_segments
from triage.judgement.confidence import Block, Calibration
from triage.session import Session
from triage_tui.app import TriageApp

Open = Callable[..., TriageApp]
SIZES = [(80, 24), (120, 40), (200, 50)]
THEMES = ["dark", "light", "no-colour"]
SCREENS = {
    "queue": [],
    "incident": ["j", "o"],
    "entities": ["o", "3"],
    "alerts": ["o", "4"],
    "attack": ["o", "5"],
    "plan": ["o", "6"],
    "step": ["o", "6", "enter"],
    "notes": ["o", "7"],
    "similar": ["j", "o", "9"],
    "fields": ["f"],
    "values": ["f", "enter"],
    "seen": ["o", "3", "w"],
    "groups": ["t"],
    "samples": ["B"],
    "campaigns": ["6"],
    "help": ["question_mark"],
    "close": ["asterisk", "a", "e"],
    "log": ["at"],
}


@pytest.fixture(autouse=True)
def _calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the table of confidence still, which is made anew with every change of the ranking."""
    known = Calibration(blocks=(Block(low=0, high=100, attacks=60, incidents=100),))
    monkeypatch.setattr(Session, "calibration", lambda _: known)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(
    open_app: Open, snap_compare: Any, tmp_path: Path, screen: str, size: tuple[int, int], theme: str
) -> None:
    app = open_app(theme=theme)
    store_segments(tmp_path)

    async def walk(pilot: Pilot[None]) -> None:
        await pilot.pause()
        for key in SCREENS[screen]:
            await pilot.press(key)
            for worker in list(pilot.app.workers):
                await worker.wait()
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=walk)


def test_ascii_only(open_app: Open, snap_compare: Any) -> None:
    assert snap_compare(open_app(theme="no-colour", ascii_only=True), press=["j", "x"], terminal_size=(80, 24))
