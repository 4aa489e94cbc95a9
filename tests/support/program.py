"""The real program on a pseudo-terminal: keys in, bytes out."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from triage.cli import main; sys.exit(main())"
QUIET = 0.4
"""Seconds without output after which the program waits for the next key."""


def environment(folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return an environment in which nothing of this machine's user is read, and the tour was seen."""
    (folder / "xdg/soc-triage").mkdir(parents=True, exist_ok=True)
    (folder / "xdg/soc-triage/tui.json").write_text('{"tour_seen": true}', encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIAGE_", "NO_COLOR"))}
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui"))
    folders = {"XDG_STATE_HOME": str(folder / "xdg"), "XDG_CONFIG_HOME": str(folder / "xdg")}
    return kept | folders | {"PYTHONPATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor", **settings}


class Terminal:
    """What the program writes, and a way to press keys."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard = keyboard
        self.raw = b""

    def until(self, words: bytes) -> None:
        """Read until some words are there. Raises AssertionError when they never come."""
        while words not in self.raw:
            assert self._read(30), f"{words!r} was never written"

    def press(self, key: bytes) -> None:
        """Press a key and read until nothing comes any more."""
        os.write(self._keyboard, key)
        self._read(5)
        while self._read(QUIET):
            pass

    def _read(self, seconds: float) -> bool:
        if not select.select([self._keyboard], [], [], seconds)[0]:
            return False
        self.raw += os.read(self._keyboard, 1 << 16)
        return True


@contextmanager
def terminal(
    folder: Path, columns: int = 80, lines: int = 24, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Terminal]:
    """Run ``triage tui`` on the state in a folder, with settings as ``TRIAGE_*`` variables; it is killed at the end."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    command = (sys.executable, "-c", PROGRAM, "tui", "--state", str(folder / "state"))
    with subprocess.Popen(
        command, stdin=screen, stdout=screen, stderr=screen, env=environment(folder, settings), start_new_session=True
    ) as running:
        os.close(screen)
        try:
            yield Terminal(keyboard)
        finally:
            running.send_signal(signal.SIGKILL)
    os.close(keyboard)
