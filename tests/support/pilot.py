"""Driving the terminal UI in tests: keys, what the screen says, and that nothing on it acts on a terminal."""

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from support.desk import NOW
from triage.session import Session
from triage_tui.app import TriageApp
from triage_tui.memory import Memory
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Rows

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HOSTILE = "\x1b]0;owned\x07\x1b[31mred \u202egnp.exe [bold]not markup[/]"


def app_on(session: Session, folder: Path, me: str = "ana", **values: Any) -> TriageApp:
    """Return the app on a session, the tour seen, its clock standing still, never polling."""
    memory = Memory(folder / "memory")
    memory.remember_tour()
    given: dict[str, Any] = {"now": lambda: NOW, "memory": memory, "folder": folder, "poll": 0} | values
    return TriageApp(session, me, **given)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, one after the other, each until all work it began is done; ``=word`` types a word."""
    for key in keys:
        await pilot.press(*(list(key[1:]) if key.startswith("=") else [key]))
        await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing goes on in the background, and check what is on the screen."""
    await pilot.pause()
    for worker in list(pilot.app.workers):
        await worker.wait()
    await pilot.pause()
    check_screen(pilot.app)


def message(app: TriageApp) -> str:
    """Return the message line."""
    return app.screen.query_one("#message", TextLine).told.plain.strip()


def text(app: TriageApp) -> str:
    """Return all lines of the list, those out of view too."""
    sheet = app.screen.query_one("#rows", Rows).sheet
    return "\n".join(sheet.line(y).text.plain for y in range(len(sheet)))


def flowing(app: TriageApp) -> str:
    """Return all lines of the list as one, so that a sentence is found wherever it was broken."""
    return " ".join(text(app).split())


def harmless(words: str) -> bool:
    """Tell whether nothing in a text acts on a terminal or turns its direction."""
    return all(character >= " " and not "\x7f" <= character <= "\x9f" and character not in BIDI for character in words)


def check_screen(app: Any) -> None:
    """Raise AssertionError where a line of the screen is too wide or holds what acts on a terminal."""
    width, _ = app.size
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        assert harmless(strip.text), (y, strip.text)
        assert strip.cell_length == width, (y, strip.text)
