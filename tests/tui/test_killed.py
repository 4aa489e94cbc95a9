"""The real program on a pseudo-terminal, killed without warning: what it said was decided is on disk."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from support.desk import incident, opened
from triage.config import Settings
from triage.session import Session

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from triage.cli import main; sys.exit(main())"
ENOUGH = tuple(incident(rank) for rank in range(1, 9))


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui"))
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": path,
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "xdg"),
        "TERM": "xterm-256color",
        "LINES": "24",
        "COLUMNS": "80",
    }


def told(raw: bytes) -> int:
    """Return how many decisions the terminal was told of."""
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", raw)
    return max((int(found) for found in re.findall(rb"closed #(\d)", text)), default=0)


@pytest.mark.parametrize("moment", [1, 2, 4])
def test_no_decision_that_was_shown_is_missing_after_a_kill(tmp_path: Path, moment: int) -> None:
    with opened(tmp_path, ENOUGH):
        pass
    (tmp_path / "xdg/soc-triage").mkdir(parents=True)
    (tmp_path / "xdg/soc-triage/tui.json").write_text('{"tour_seen": true}')
    keyboard, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-c", PROGRAM, "tui", "--state", str(tmp_path / "state")]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment(tmp_path), start_new_session=True
    ) as running:
        os.close(terminal)
        raw, sent = b"", 0
        while told(raw) < moment:
            raw += os.read(keyboard, 65536)
            if b"number 1 on" in raw and sent <= told(raw):
                os.write(keyboard, b"ef")
                sent += 1
        running.send_signal(signal.SIGKILL)
    os.close(keyboard)
    with Session(Settings(state=tmp_path / "state")) as session:
        closed = [name for name, status in session.statuses().items() if status.state == "closed"]
    assert closed[:moment] == [one.incident_id for one in ENOUGH[:moment]]
    assert len(closed) <= sent


def test_a_scripted_session_is_killed_at_random_moments(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/tui_kill_test.py"), "--times", "2", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
