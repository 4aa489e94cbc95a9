"""Editor and pager of the analyst's own, also where they crash or cannot be started."""

import re
import stat
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from support.pilot import message, press, settled
from triage_tui.app import TriageApp
from triage_tui.outside import edited, page

Open = Callable[..., TriageApp]


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


def kept(sentence: str) -> str:
    return Path(re.split(" is in ", sentence)[1]).read_text()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that can be left to another program, which the one of a test cannot."""
    monkeypatch.setattr(TriageApp, "suspend", lambda _: nullcontext())


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    ("script", "said", "left"),
    [
        ('printf "half a" > "$1"; exit 3', "editor ended with 3, no note kept", "half a"),
        ("kill -9 $$", "editor ended with -9, no note kept", "# Note on"),
    ],
)
async def test_n_keeps_no_note_of_an_editor_that_crashed(
    open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str, left: str
) -> None:
    monkeypatch.setenv("VISUAL", program(tmp_path, script))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "N")
        assert message(app).startswith(said)
        assert not app.desk.port.log()
        assert left in kept(message(app))


@pytest.mark.usefixtures("away")
async def test_n_keeps_the_note_of_an_editor_that_ended_well(
    open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", program(tmp_path, 'printf "seen it" > "$1"'))
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "N")
        assert [step.decision.text for step in app.desk.port.log()] == ["seen it"]


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("key", ["N", "E"])
@pytest.mark.parametrize("command", ["vi 'unclosed", "/nowhere/at/all"])
async def test_a_key_for_what_cannot_be_started_says_so(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, key: str, command: str
) -> None:
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setenv("PAGER", command)
    app = open_app()
    async with app.run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        await press(pilot, key)
        assert "cannot be started here" in message(app)
        assert not app.desk.port.log()
