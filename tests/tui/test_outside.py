"""Editor and pager of the analyst's own, also where they crash or cannot be started."""

import re
import stat
from pathlib import Path

import pytest

from triage_tui.outside import edited, page


def program(folder: Path, script: str) -> str:
    path = folder / "a program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"'{path}'"


def test_what_is_written_comes_back_without_its_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", program(tmp_path, 'printf "seen it\\n# gone\\n" > "$1"'))
    assert edited("\n# Note on #1\n") == "seen it"


def test_a_crashed_editor_keeps_no_note_and_loses_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", program(tmp_path, 'printf "half a" > "$1"; exit 3'))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(OSError, match="ended with 3") as raised:
        edited("")
    kept = Path(re.split(" is in ", str(raised.value))[1])
    assert kept.read_text() == "half a"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()


@pytest.mark.parametrize("command", ["vi 'unclosed", "/nowhere/at/all"])
def test_what_cannot_be_started_says_so(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setenv("PAGER", command)
    with pytest.raises(OSError):  # noqa: PT011 - what it says is the operating system's
        edited("")
    with pytest.raises(OSError):  # noqa: PT011
        page("")


def test_no_escape_reaches_the_pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", program(tmp_path, f'cat "$1" > "{tmp_path}/shown"'))
    page("a\x1b]52;c;x\x07b")
    assert not {"\x1b", "\x07"} & set((tmp_path / "shown").read_text())
