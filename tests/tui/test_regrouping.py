"""Split, merge, move, exclude, constrain and what-if on a real night: first shown, then kept, then undone."""

import dataclasses
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from support.intrusions import RULES as PLAIN_RULES
from support.intrusions import attack
from support.pilot import HOSTILE, app_on, message, press, settled, text
from triage.config import Settings
from triage.fakes import HashEmbedder
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.pager import Pager
from triage_tui.screens.queue import QueueScreen
from triage_tui.screens.regrouping import OutlookPaper

RULES = (PLAIN_RULES[0], f"{PLAIN_RULES[1]} {HOSTILE}", *PLAIN_RULES[2:])


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two intrusions, hours and hosts apart: two incidents of four activities each."""
    folder = tmp_path_factory.mktemp("night")
    file = folder / "alerts.ndjson"
    file.write_bytes(
        b"\n".join([*attack("fs01", "mallory", 0, 0, RULES), *attack("db07", "trudy", 500, 10, RULES)]) + b"\n"
    )
    with Session(Settings(state=folder / "state", workers=1), adapt=light) as session:
        list(session.run([str(file)], Window(None, None), None))
    return folder / "state"


@pytest.fixture
def session(night: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(night, tmp_path / "state")
    with Session(Settings(state=tmp_path / "state", workers=1), adapt=light) as opened:
        yield opened


def sizes(folder: Path) -> list[int]:
    """Return the activities of each incident as another process reads them."""
    with Session(Settings(state=folder / "state")) as other:
        return sorted(one.activity_count for one in other.incidents())


async def open_timeline(pilot: Pilot[None]) -> None:
    await settled(pilot)
    await press(pilot, "o", "2")


async def test_merging_is_shown_first_and_kept_with_y(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "x", "x", "m")
        assert isinstance(app.screen, OutlookPaper)
        assert "become 1" in text(app)
        assert sizes(tmp_path) == [4, 4]
        await press(pilot, "Y")
        assert sizes(tmp_path) == [8]
        assert isinstance(app.screen, QueueScreen)
        assert len(app.desk.queue.rows) == 1
        assert "the queue shows it" in message(app)
        await press(pilot, "z")
        assert sizes(tmp_path) == [4, 4]
        assert len(app.desk.queue.rows) == 2


async def test_keys_work_while_a_regrouping_is_undone_and_a_second_undo_waits(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, gate = app_on(session, tmp_path), threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "a", "x", "x", "m", "Y")
        undo = app.desk.port.undo
        monkeypatch.setattr(app.desk.port, "undo", lambda: undo() if gate.wait(30) else None)
        await pilot.press("z", "z", "question_mark")
        assert isinstance(app.screen, Pager)
        assert sizes(tmp_path) == [8]
        gate.set()
        await settled(pilot)
        assert sizes(tmp_path) == [4, 4]
        assert [step.undone for step in session.log()] == [True, True]


async def test_what_is_not_kept_changes_nothing(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "x", "x", "m", "escape")
        assert sizes(tmp_path) == [4, 4]
        assert not session.log()


async def test_marked_activities_are_split_off_with_a_reason(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        screen = app.screen
        assert isinstance(screen, IncidentScreen)
        here = screen.incident_id
        await press(pilot, "x", "x", "m", "s")
        assert "splits into 2" in text(app)
        await press(pilot, "N", "=another case", "enter")
        assert sizes(tmp_path) == [2, 2, 4]
        assert session.log()[-1].decision.text == "another case"
        assert isinstance(app.screen, IncidentScreen)
        assert app.desk.queue.row(here) is not None
        assert not app.screen.marked


async def test_an_activity_moves_to_another_incident(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        await press(pilot, "m", "o", "=2", "enter", "Y")
        assert sizes(tmp_path) == [3, 5]


async def test_marked_activities_move_together_in_one_decision(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        await press(pilot, "x", "x", "x", "m", "o", "=2", "enter", "Y")
        assert sizes(tmp_path) == [1, 7]
        assert len(session.log()) == 1
        await press(pilot, "z")
        assert sizes(tmp_path) == [4, 4]


async def test_an_incident_is_merged_with_one_that_is_named(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        await press(pilot, "m", "g", "=77", "enter")
        assert "no incident '77'" in message(app)
        await press(pilot, "m", "g", "=2", "enter", "Y")
        assert sizes(tmp_path) == [8]
        assert isinstance(app.screen, IncidentScreen)


async def test_an_entity_of_every_activity_cannot_be_excluded(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o", "3", "m", "x", "enter")
        assert "nothing would stay" in message(app)
        assert not session.log()


async def test_an_entity_joins_nothing_once_that_is_kept(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        await press(pilot, "m", "c", "=user:nobody", "enter", "Y")
        assert session.log()[-1].decision.constraints[0].left == ("user:nobody",)
        await press(pilot, "m", "i", "=user:nobody", "enter", "Y")
        assert len(session.log()[-1].decision.constraints[0].scope) == 4
        await press(pilot, "z", "z")
        assert all(step.undone for step in session.log())


async def test_what_if_is_shown_and_cannot_be_kept(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_timeline(pilot)
        await press(pilot, "m", "w", "enter")
        assert isinstance(app.screen, OutlookPaper)
        assert "without activity" in text(app)
        await press(pilot, "Y")
        assert not session.log()


async def test_readonly_shows_what_would_come_of_it_and_keeps_nothing(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path, readonly=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "x", "x", "m")
        assert "become 1" in text(app)
        await press(pilot, "Y")
        assert sizes(tmp_path) == [4, 4]
        assert not session.log()
