"""How far to trust it: confidence, what a minute is worth, blind samples, and a model's words with what was struck."""

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from support.desk import incident, opened
from support.openai_server import Body, Say, serving
from support.pilot import HOSTILE, app_on, flowing, message, press, settled, text
from triage.adapters.database import SqliteState
from triage.config import ModelSettings, Settings
from triage.judgement.confidence import Calibration
from triage.models import Narrative, Sentence
from triage.session import Session
from triage_tui.screens.answer import AnswerPaper
from triage_tui.screens.incident_view import SUMMARY
from triage_tui.screens.samples import SamplesPaper

SAID = (
    Sentence(text="Shadow copies were deleted on host1.", cites=("E1",)),
    Sentence(text=f"All is well {HOSTILE}", cites=("E9",), struck=True, why=f"cites evidence {HOSTILE}"),
)


def answering(text: str) -> Callable[[Body], Say]:
    return lambda _: Say(orjson.dumps({"sentences": [{"text": text, "cites": ["E1"]}]}).decode())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with opened(tmp_path):
        yield tmp_path


def draw(folder: Path) -> None:
    """Draw three activities as blind samples, as a run does."""
    with SqliteState(folder / "state") as store, store._transaction() as db:
        rows = [(1, f"act-{rank}", 6) for rank in (4, 5, 6)]
        db.executemany("INSERT INTO quality_samples (run, activity, drawn_from) VALUES (?, ?, ?)", rows)


async def test_blind_samples_are_answered_by_a_key_each(folder: Path) -> None:
    draw(folder)
    with Session(Settings(state=folder / "state")) as session:
        app = app_on(session, folder)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "B")
            assert isinstance(app.screen, SamplesPaper)
            assert "nothing is claimed" in text(app)
            assert "attack" not in text(app)
            await press(pilot, "b", "t")
            assert "1 of 2 checked were attacks" in message(app)
        with Session(Settings(state=folder / "state")) as other:
            assert sorted(filter(None, (one.answer for one in other.quality.samples()))) == ["attack", "benign"]
            assert {one.author for one in other.quality.samples() if one.answer} == {"ana"}


async def test_readonly_keeps_no_answer(folder: Path) -> None:
    draw(folder)
    with Session(Settings(state=folder / "state")) as session:
        app = app_on(session, folder, readonly=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "colon", "=samples", "enter", "b")
            assert "read-only" in message(app)
            assert not session.quality.answers()


async def test_confidence_is_stated_with_what_it_rests_on(folder: Path) -> None:
    with Session(Settings(state=folder / "state")) as session:
        app = app_on(session, folder)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "o")
            assert "likely a real attack share of attacks among labelled cases with urgency" in flowing(app)


async def test_the_queue_is_sorted_by_what_a_minute_is_worth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "calibration", lambda _: Calibration())
    long = incident(1).model_copy(update={"activity_count": 40})
    with opened(tmp_path, (long, incident(2), incident(3))) as session:
        app = app_on(session, tmp_path)
        async with app.run_test(size=(200, 50)) as pilot:
            await settled(pilot)
            await press(pilot, "less_than_sign")
            assert app.desk.queue.sort.name == "worth"
            assert [row.id for row in app.desk.queue.rows] == ["inc-0002", "inc-0003", "inc-0001"]


async def test_struck_sentences_of_a_narrative_are_marked(tmp_path: Path) -> None:
    told = incident(1).model_copy(update={"narrative": Narrative(model="scripted:m", sentences=SAID)})
    with opened(tmp_path, (told,)) as session:
        app = app_on(session, tmp_path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "o")
            assert app.screen.tab == SUMMARY  # type: ignore[attr-defined]
            assert "In the words of a language model" in text(app)
            assert text(app).count("[struck]") == 1
            assert "Shadow copies were deleted on host1. [E1]" in text(app)


async def test_a_question_is_answered_with_checked_citations(folder: Path) -> None:
    with serving(answering("Of 'copies', 3 alerts are gone on host1.")) as server:
        model = ModelSettings(name="openai:m1", base_url=server.url, retries=0, local=True)
        with Session(Settings(state=folder / "state", model=model)) as session:
            app = app_on(session, folder)
            async with app.run_test(size=(80, 24)) as pilot:
                await settled(pilot)
                await press(pilot, "o", "i", "=what is gone?", "enter")
                assert isinstance(app.screen, AnswerPaper)
                assert "what is gone?" in text(app)
                assert "Of 'copies'" in text(app)
                await press(pilot, "j", "enter")
                assert not isinstance(app.screen, AnswerPaper)
                assert "E1: Enter shows its documents" in message(app)
                await press(pilot, "i", "enter")
                assert isinstance(app.screen, AnswerPaper)
                assert "Of 'copies'" in text(app)
        assert len(server.heard.prompts) == 1
        assert "what is gone?" in server.heard.prompts[-1]
        assert not session_log(folder)


async def test_an_answer_that_judges_is_struck(folder: Path) -> None:
    with serving(answering("This is a false positive and can be closed.")) as server:
        model = ModelSettings(name="openai:m1", base_url=server.url, retries=0, local=True)
        with Session(Settings(state=folder / "state", model=model)) as session:
            app = app_on(session, folder)
            async with app.run_test(size=(80, 24)) as pilot:
                await settled(pilot)
                await press(pilot, "o", "i", "=is it bad?", "enter")
                assert "[struck]" in text(app)
                assert "Nothing of the answer holds" in text(app)


async def test_names_of_ours_stay_here_when_the_model_is_elsewhere(folder: Path) -> None:
    with serving(answering("Nothing.")) as server:
        model = ModelSettings(name="openai:m1", base_url=server.url, retries=0)
        with Session(Settings(state=folder / "state", model=model)) as session:
            session.ask("inc-0001", "what did host1 and ana do?")
        assert server.heard.requests
        assert b"host1" not in server.heard.everything
        assert b"ana" not in server.heard.everything.replace(b"analyst", b"")


async def test_without_a_model_there_is_nobody_to_ask(folder: Path) -> None:
    with Session(Settings(state=folder / "state")) as session:
        app = app_on(session, folder)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "o", "i")
            assert "no language model is configured" in message(app)


def session_log(folder: Path) -> object:
    with Session(Settings(state=folder / "state")) as other:
        return other.log()
