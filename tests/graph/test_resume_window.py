"""A window in words: the same command later is the same command, and goes on with the window it began with."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.story import MONDAY, story
from triage.adapters.database import SqliteState
from triage.cli import main
from triage.cli.run import window_of
from triage.config import PullSettings, Settings
from triage.events import Notice, RunEnded
from triage.fakes import FixedClock, HashEmbedder, MemorySource
from triage.ports import RawPage, Window
from triage.session import Session, fingerprint
from triage.state import RunContext

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


def prints(now: datetime, **pull: str) -> str:
    settings = Settings(pull=PullSettings(**pull))
    return fingerprint(["memory"], window_of(settings, now), settings)


@pytest.mark.parametrize("pull", [{"since": "24h"}, {"since": "7d", "until": "1h"}, {"since": "2026-03-01"}, {}])
def test_the_same_words_are_the_same_command_a_minute_later(pull: dict[str, str]) -> None:
    assert prints(NOON, **pull) == prints(NOON + timedelta(minutes=1), **pull)


def test_other_words_and_other_windows_are_another_command() -> None:
    found = {prints(NOON, since=text) for text in ("24h", "25h", "2026-03-07", "")}
    found |= {prints(NOON, until="24h"), fingerprint(["memory"], Window(NOON, None), Settings())}
    assert len(found) == 6


class FailsOnce(MemorySource):
    """Is interrupted the first time it is read to its end."""

    interrupted = False

    def pages(self, window: Window) -> Iterator[RawPage]:
        yield from super().pages(window)
        if not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt


def test_a_relative_window_is_resumed_with_the_bounds_it_began_with(tmp_path: Path) -> None:
    source = FailsOnce(story())

    def adapt(context: RunContext) -> RunContext:
        return replace(context, sources=(source,), embedder=HashEmbedder(), clock=FixedClock(NOON))

    settings = Settings(output=tmp_path, workers=1, pull=PullSettings(since="6d"))
    with Session(settings, adapt) as session, pytest.raises(KeyboardInterrupt):
        list(session.run(["memory"], window_of(settings, NOON), tmp_path))
    with Session(settings, adapt) as session:
        *events, ended = session.run(["memory"], window_of(settings, NOON + timedelta(hours=10)), tmp_path)
    assert isinstance(ended, RunEnded)
    assert ended.run_id == "run-000001"
    assert any(isinstance(event, Notice) and "going on with run-000001" in event.text for event in events)
    with SqliteState(tmp_path / "state") as state:
        [run] = state.runs()
    assert run.record.since == NOON - timedelta(days=6)
    day = sum(hit["_source"]["@timestamp"] < run.record.since.isoformat() for hit in story())
    assert ended.counts.outside == day > 0


def test_the_marks_of_a_run_are_at_its_latest_alert_and_not_in_the_future(tmp_path: Path) -> None:
    future = {"_index": "i", "_id": "f", "_source": {**story()[0]["_source"], "@timestamp": "9998-01-01T00:00:00Z"}}

    def adapt(context: RunContext) -> RunContext:
        return replace(context, sources=(MemorySource([*story(), future]),), embedder=HashEmbedder())

    settings = Settings(output=tmp_path, workers=1)
    with Session(settings, adapt) as session:
        list(session.run(["memory"], Window(None, None), tmp_path))
    latest = datetime.fromisoformat(story()[-1]["_source"]["@timestamp"])
    with SqliteState(tmp_path / "state") as state:
        assert state.watermark("memory") == latest
        assert state.watermark("memory arrivals") == state.runs()[0].record.started
    assert latest > MONDAY


def test_a_broken_line_in_a_rotated_file_of_the_same_name_is_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "alerts.ndjson"
    words = ["run", str(file), "--output", str(tmp_path / "out"), "--no-progress"]
    counts = []
    for line in ("{broken yesterday\n", "{broken yesterday\n", "{broken today\n"):
        file.write_text(line)
        assert main(words, lambda settings: Session(settings, lambda c: replace(c, embedder=HashEmbedder()))) == 0
        with SqliteState(tmp_path / "out" / "state") as state:
            counts.append(sum(run.counts.dead_letter for run in state.runs() if run.published))
            names = [letter.alert_id for run in state.runs() for letter in state.dead_letters(run.record.run_id)]
    assert counts == [1, 1, 2]
    assert all(name.startswith(f"{file}:1#") for name in names)
