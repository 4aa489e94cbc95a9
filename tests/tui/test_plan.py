"""Approving a step of a plan by keyboard: tried first, never done without the exact name of its target."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.desk import incident, opened
from support.pilot import HOSTILE, app_on, flowing, message, press, settled, text
from support.responding import ISOLATE, FileConnector
from support.stored import store_segments
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.desk.decisions import Decision
from triage.models import Entity, EntityKind, Incident
from triage.session import Session
from triage_tui.screens.draft import DraftPaper
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.step import StepPaper

ODD = ISOLATE.model_copy(
    update={
        "step_id": "isolate_host-2",
        "action": HOSTILE,
        "reason": HOSTILE,
        "blast_radius": HOSTILE,
        "role": "analyst",
    }
)
FIRST = ISOLATE.model_copy(update={"role": "analyst", "blast_radius": "12 people log on to dc01"})


def planned() -> Incident:
    dc01 = Entity(kind=EntityKind.HOST, value="dc01", alert_count=3)
    one = incident(1)
    return one.model_copy(update={"response_plan": (FIRST, ODD), "entities": (dc01, *one.entities)})


@pytest.fixture
def effects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileConnector:
    connector = FileConnector(tmp_path / "effects")
    monkeypatch.setattr("triage.adapters.connectors.build_connectors", lambda *_: [connector])
    return connector


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with opened(tmp_path, (planned(),)) as found:
        yield found


def states(folder: Path) -> list[str]:
    """Return the states of all requests as another process reads them."""
    with SqliteState(folder / "state") as store, Session(Settings(state=folder / "state")) as other:
        assert store.audit_broken_at() is None
        return [one.state for one in other.responses().requests()]


async def test_a_step_is_tried_proposed_and_approved_by_name(
    session: Session, effects: FileConnector, tmp_path: Path
) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o", "6")
        assert "[can be proposed]" in text(app)
        assert "12 people log on to dc01" in text(app)
        await press(pilot, "o")
        assert isinstance(app.screen, StepPaper)
        assert "write a line" in text(app)
        await press(pilot, "Y")
        assert "nothing waits" in message(app)
        await press(pilot, "p")
        assert states(tmp_path) == ["waiting"]
        await press(pilot, "Y", "enter")
        assert "not approved" in message(app)
        await press(pilot, "Y", "=dc02", "enter")
        assert not effects.arrived()
        assert states(tmp_path) == ["waiting"]
        await press(pilot, "Y", "=dc01", "enter")
        assert states(tmp_path) == ["done"]
        assert len(effects.arrived()) == 1
        await press(pilot, "escape")
        assert isinstance(app.screen, IncidentScreen)
        assert "[done]" in text(app)


async def test_a_request_is_rejected_with_a_reason(session: Session, effects: FileConnector, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o", "6", "j", "o", "p", "N", "=a test", "enter")
        assert states(tmp_path) == ["rejected"]
        assert session.responses().requests()[0].why == "a test"
        assert not effects.arrived()


async def test_readonly_proposes_and_approves_nothing(session: Session, effects: FileConnector, tmp_path: Path) -> None:
    app = app_on(session, tmp_path, readonly=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o", "6", "o", "p")
        assert "read-only" in message(app)
        await press(pilot, "Y", "N")
        assert not states(tmp_path)
        assert not effects.arrived()


async def test_without_a_connector_a_step_stays_text(session: Session, tmp_path: Path) -> None:
    app = app_on(session, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "o", "6", "o")
        assert "do it by hand" in text(app)
        await press(pilot, "p")
        assert "do it by hand" in message(app)
        assert not states(tmp_path)


async def test_an_exception_is_drafted_with_what_it_hides_and_written_by_a_key(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        store_segments(tmp_path)
        session.decide(Decision(kind="close", incident_ids=("inc-0005",), reason="false_positive"))
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "colon", "=incident inc-0005", "enter", "D")
            assert isinstance(app.screen, DraftPaper)
            assert "What it would have hidden: 3 alerts" in flowing(app)
            assert not files(tmp_path)
            await press(pilot, "w")
            assert "written, not applied" in message(app)
    assert [file.suffix for file in files(tmp_path)] == [".json", ".yml"]


async def test_no_exception_is_written_for_an_attack(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        store_segments(tmp_path)
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "o", "D", "w")
            assert "no draft to be written" in message(app)
    assert not files(tmp_path)


def files(folder: Path) -> list[Path]:
    return sorted((*folder.glob("*.yml"), *folder.glob("*.json")))


async def test_a_document_whose_raw_page_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        store_segments(tmp_path)  # alerts, and no raw pages beside them
        assert session.document("alerts-1", "1-0") is None
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "o", "8")
            assert isinstance(app.screen, IncidentScreen)
            assert "alerts-1" in text(app)
