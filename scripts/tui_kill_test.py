"""Kill the terminal UI at random moments of a scripted session and compare what it said with what is on disk.

    python scripts/tui_kill_test.py [--times 20] [--seed 1] [--folder DIR]

The real program runs on a pseudo-terminal of 80x24 over a made-up state. Closing, noting, acknowledging and undoing
are typed at random; at a random moment the program gets SIGKILL. Afterwards the log of decisions must begin with
exactly what the screen said was done, and hold nothing that no key asked for. Exits 1 when it does not.
"""

import argparse
import fcntl
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests")]
sys.path[:0] = PATHS

from support.desk import incident, opened  # noqa: E402 - the path has to be set first
from triage.adapters.database import SqliteState  # noqa: E402

INCIDENTS = 60
ACTS = {"ef": "closed", "a": "acknowledged", "s": "escalated", "nodd\r": "noted on", "z": "undo"}
"""Keys typed -> the word of the answer."""
KINDS = {"closed": "close", "acknowledged": "acknowledge", "escalated": "escalate", "noted on": "note", "undo": "undo"}
ANSWERS = {
    keys: re.compile(rb"undone: |nothing to undo" if word == "undo" else rb"(?<!undone: )" + word.encode() + rb" #\d+")
    for keys, word in ACTS.items()
}
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
SECONDS = 20.0
"""Longest wait for an answer."""


class Told(NamedTuple):
    """What a session typed and what the screen answered before it was killed."""

    typed: tuple[str, ...]
    answered: tuple[str, ...]
    """Kinds of what was said to be done; '' where there was nothing to undo."""


class Program:
    """The terminal UI on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self._keyboard, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        (folder / "xdg/soc-triage").mkdir(parents=True, exist_ok=True)
        (folder / "xdg/soc-triage/tui.json").write_text('{"tour_seen": true}', encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
        home = {"XDG_STATE_HOME": str(folder / "xdg"), "XDG_CONFIG_HOME": str(folder / "xdg"), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            (sys.executable, "-m", "triage", "tui", "--state", str(folder / "state")),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=kept | home | {"PYTHONPATH": os.pathsep.join(PATHS)},
            start_new_session=True,
        )
        os.close(terminal)

    def wait_for(self, wanted: "re.Pattern[bytes]", until: float) -> bytes:
        """Read until something is on the terminal and return it; b'' when it was not there in time."""
        seen = b""
        while (left := until - time.monotonic()) > 0:
            if select.select([self._keyboard], [], [], left)[0]:
                seen += self._read(seen)
                if found := wanted.search(ESCAPES.sub(b"", seen)):
                    return found[0]
        return b""

    def _read(self, seen: bytes) -> bytes:
        try:
            return os.read(self._keyboard, 1 << 16)
        except OSError:  # it has ended by itself
            sys.exit(ESCAPES.sub(b"", seen)[-4000:].decode("utf-8", "replace"))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keyboard, keys.encode())

    def kill(self) -> None:
        """Kill it without warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._keyboard)


def session(folder: Path, dice: random.Random) -> Told:
    """Type until a random moment, then kill; return what was typed and answered."""
    program = Program(folder)
    if not program.wait_for(re.compile(rb"number 1 on"), time.monotonic() + SECONDS):
        sys.exit("the queue was never shown")
    end = time.monotonic() + dice.uniform(0.05, 3.0)
    typed: list[str] = []
    answered: list[str] = []
    while time.monotonic() < end:
        # An answer may be drawn twice: after the same keys again, the old one could be taken for the new one.
        keys = dice.choice([keys for keys in ACTS if [keys] != typed[-1:]])
        typed.append(keys)
        program.type(keys)
        answer = program.wait_for(ANSWERS[keys], end)
        if not answer:
            break
        answered.append("" if answer.startswith(b"nothing") else KINDS[ACTS[keys]])
    program.kill()
    return Told(tuple(typed), tuple(answered))


def log(folder: Path) -> list[str]:
    """Return what is on disk, in order: kinds of decisions, and undo."""
    with SqliteState(folder / "state") as store:
        entries = store.audit_entries()
    return [one.action.removeprefix("decision.") for one in entries if one.action.startswith("decision.")]


def problem(told: Told, kinds: Sequence[str]) -> str:
    """Return what is wrong, '' when all is right: what was shown is there, and at most the last keys beyond it."""
    shown = [kind for kind in told.answered if kind]
    if list(kinds[: len(shown)]) != shown:
        return f"shown {shown}, on disk {list(kinds)}"
    asked = [KINDS[ACTS[keys]] for keys in told.typed[len(told.answered) :]]
    return "" if list(kinds[len(shown) :]) in ([], asked) else f"asked for {asked} at last, on disk {list(kinds)}"


def kill_test(folder: Path, times: int, seed: int) -> list[str]:
    """Do it all, tell of each kill, and return what went wrong."""
    dice = random.Random(seed)  # noqa: S311 - which moment is no secret
    wrong: list[str] = []
    for number in range(1, times + 1):
        place = folder / f"session-{number}"
        with opened(place, tuple(incident(rank) for rank in range(1, INCIDENTS + 1))):
            pass
        told = session(place, dice)
        kinds = log(place)
        found = problem(told, kinds)
        wrong += [f"kill {number}: {found}"] if found else []
        print(f"kill {number}: {len(told.answered)} answers shown, {len(kinds)} on disk{'  WRONG' if found else ''}")
    print(wrong or "no decision that was shown is missing, none appeared that was not made")
    return wrong


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the states; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tui-kill-") as scratch:
        if kill_test(options.folder or Path(scratch), options.times, options.seed):
            sys.exit(1)


if __name__ == "__main__":
    main()
