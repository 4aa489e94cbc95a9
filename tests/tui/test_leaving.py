"""Leaving while a run goes on: asked first by every way out, and no process stays behind."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from triage_tui.app import TriageApp
from triage_tui.screens.dialogs import Pick
from triage_tui.screens.queue import QueueScreen
from triage_tui.widgets.line import TextLine

Open = Callable[..., TriageApp]
SIZE = (80, 24)
GOING = """
import json, os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
if "deaf" in sys.argv:
    signal.signal(signal.SIGINT, lambda *_: (folder / "asked").touch())
(folder / "pid").write_text(str(os.getpid()))
print(json.dumps({"event": "Progress", "stage": "pull", "done": 1, "total": 5}), file=sys.stderr, flush=True)
try:
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    (folder / "clean").touch()
    print(json.dumps({"event": "Notice", "text": "stopped"}), file=sys.stderr, flush=True)
    sys.exit(130)
"""
WAYS = {
    "q": ("q",),
    ":q": ("colon", "q", "enter"),
    ":quit": ("colon", *"quit", "enter"),
    "ctrl+q": ("ctrl+q",),
    "palette": ("ctrl+p", *"Quit", "enter"),
}


def gone(folder: Path) -> bool:
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.01)


def asked(app: TriageApp) -> bool:
    return isinstance(app.screen, Pick) and "A run goes on" in str(app.screen.query_one(Static).render())


async def begin(app: TriageApp, pilot: Pilot[None], folder: Path, *words: str) -> None:
    await pilot.pause()
    app.start_run(" ".join([f"'{folder}'", *words]))
    await until(pilot, lambda: "pull" in app.queue_screen().query_one("#run", TextLine).told.plain)


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_out_asks_while_a_run_goes_on(open_app: Open, tmp_path: Path, way: str) -> None:
    app = open_app(run_command=(sys.executable, "-c", GOING))
    async with app.run_test(size=SIZE) as pilot:
        await begin(app, pilot, tmp_path)
        await pilot.press(*WAYS[way])
        await until(pilot, lambda: asked(app))
        assert not gone(tmp_path)
        await pilot.press("s")
        await until(pilot, lambda: not app.is_running)
    assert (tmp_path / "clean").exists()
    assert gone(tmp_path)


async def test_whoever_stays_keeps_the_run(open_app: Open, tmp_path: Path) -> None:
    app = open_app(run_command=(sys.executable, "-c", GOING))
    async with app.run_test(size=SIZE) as pilot:
        await begin(app, pilot, tmp_path)
        await pilot.press("q")
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))
        assert not gone(tmp_path)
        app.cancel_run()
        await until(pilot, lambda: gone(tmp_path))
        assert app.is_running


async def test_leaving_again_ends_a_run_that_does_not_stop(open_app: Open, tmp_path: Path) -> None:
    app = open_app(run_command=(sys.executable, "-c", GOING))
    async with app.run_test(size=SIZE) as pilot:
        await begin(app, pilot, tmp_path, "deaf")
        await pilot.press("q", "s")
        await until(pilot, (tmp_path / "asked").exists)
        assert app.is_running
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert gone(tmp_path)


async def test_without_a_run_nothing_is_asked(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_a_run_that_cannot_be_started_says_so(open_app: Open) -> None:
    app = open_app(run_command=("/nowhere/at/all",))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.start_run("")
        await until(pilot, lambda: "cannot be started" in app.screen.query_one("#message", TextLine).told.plain)
        assert not app.queue_screen().query_one("#run", TextLine).display
