"""The whole graph over a small week: conserving, repeatable, resumable, and the same whatever the order."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from support.story import MONDAY, NIGHT, Hit, story, until
from triage import workers
from triage.adapters.database import SqliteState
from triage.cli import main
from triage.config import Settings
from triage.errors import SourceMissing, SourceUnavailable, TriageError
from triage.events import Event, Notice, RunEnded, StageStarted
from triage.fakes import FixedClock, HashEmbedder, MemorySource
from triage.graph import build_graph
from triage.models import Incompleteness
from triage.ports import RawPage, Window, WorkingSet
from triage.session import Session
from triage.state import RunContext

ALWAYS = Window(None, None)
RESULTS = ("incidents.json", "ledger.csv.gz")
Swap = Callable[[RunContext], RunContext]
Documents = Sequence[Hit | bytes]


class Outcome(NamedTuple):
    """What one run left behind."""

    ended: RunEnded
    events: list[Event]
    output: Path
    files: dict[str, bytes]

    @property
    def results(self) -> list[bytes]:
        return [self.files[name] for name in RESULTS]

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return list(json.loads(self.files["incidents.json"]))

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads(self.files["summary.json"]))

    @property
    def ledger(self) -> list[list[str]]:
        rows = gzip.decompress(self.files["ledger.csv.gz"]).decode().splitlines()
        return [row.split(",") for row in rows[1:]]


def adapted(source: MemorySource | None, swap: Swap = lambda context: context) -> Swap:
    """Return what gives a run fakes instead of the world."""

    def adapt(context: RunContext) -> RunContext:
        sources = context.sources if source is None else (source,)
        return swap(replace(context, sources=sources, embedder=HashEmbedder(), clock=FixedClock(NIGHT)))

    return adapt


def run(
    output: Path,
    documents: Documents | MemorySource,
    *,
    swap: Swap = lambda context: context,
    window: Window = ALWAYS,
    workers: int = 1,
) -> Outcome:
    source = documents if isinstance(documents, MemorySource) else MemorySource(documents)
    settings = Settings(output=output, workers=workers)
    with Session(settings, adapted(source, swap)) as session:
        events = list(session.run(["memory"], window, output))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    return Outcome(ended, events, output, {path.name: path.read_bytes() for path in sorted(output.glob("*.*"))})


def activities(outcome: Outcome) -> pl.DataFrame:
    with SqliteState(outcome.output / "state") as state:
        return state.activities(0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tmp_path_factory.mktemp("undisturbed"), story())


# --- the graph ------------------------------------------------------------------------------------------------------


def test_the_graph_is_the_one_of_the_architecture() -> None:
    edges = {(edge.source, edge.target) for edge in build_graph().compile().get_graph().edges}
    line = ["__start__", "pull", "normalise", "condense", "embed", "baseline", "correlate", "investigate", "rank"]
    expected = {*zip(line, [*line[1:], "publish"], strict=True), ("publish", "__end__"), ("correlate", "rank")}
    assert edges == expected


def test_stages_come_in_order_and_each_once(undisturbed: Outcome) -> None:
    stages = [event.stage for event in undisturbed.events if isinstance(event, StageStarted)]
    assert stages == ["pull", "normalise", "condense", "embed", "baseline", "correlate", "rank", "publish"]


# --- conservation ---------------------------------------------------------------------------------------------------


def test_every_alert_is_in_the_ledger_once_and_the_intrusion_comes_first(undisturbed: Outcome) -> None:
    assert sorted(row[0] for row in undisturbed.ledger) == sorted(hit["_id"] for hit in story())
    first = undisturbed.incidents[0]
    assert first["disposition"] == "attack"
    assert {row[0] for row in undisturbed.ledger if row[2] == first["incident_id"]} >= {f"a{step}" for step in range(5)}
    assert undisturbed.ended.counts.accounted
    assert undisturbed.ended.status == "done"


def test_duplicate_ids_are_counted_as_repeated_and_dead_letters_keep_their_reason(tmp_path: Path) -> None:
    found = run(tmp_path, [*story(), story()[0], b'{"broken"', b"[1, 2]"])
    assert found.ended.counts.read == 208
    assert (found.ended.counts.repeated, found.ended.counts.dead_letter) == (1, 2)
    assert Counter(row[1] for row in found.ledger)["dead_letter"] == 2
    with SqliteState(tmp_path / "state") as state:
        assert all(letter.reason for letter in state.dead_letters(found.ended.run_id))


def test_only_dead_letters(tmp_path: Path) -> None:
    found = run(tmp_path, [b"no json", b'{"a":'])
    assert found.incidents == []
    assert [row[1] for row in found.ledger] == ["dead_letter"] * 2
    assert "could be parsed" in found.summary["explain_zero"]


def test_nothing_at_all(tmp_path: Path) -> None:
    found = run(tmp_path, [])
    assert (found.incidents, found.ledger) == ([], [])
    assert "No document was read" in found.summary["explain_zero"]
    assert found.ended.status == "done"


def test_what_lies_outside_the_window_is_counted_and_not_judged(tmp_path: Path) -> None:
    window = Window(MONDAY + timedelta(days=1), MONDAY + timedelta(days=3))
    found = run(tmp_path, story(), window=window)
    assert found.ended.counts.outside == 125
    assert len(found.ledger) == 80
    assert found.ended.counts.accounted


# --- again, and incrementally ---------------------------------------------------------------------------------------


def test_a_second_run_finds_nothing_new_and_changes_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, story())
    before = first.files
    second = run(tmp_path, story())
    assert any(isinstance(event, Notice) and "nothing new" in event.text for event in second.events)
    assert second.ended.counts.already_judged == second.ended.counts.read == 205
    assert second.files == before


@pytest.mark.parametrize("moment", [MONDAY + timedelta(days=3), NIGHT], ids=["at midnight", "within the intrusion"])
def test_two_nights_make_the_activities_of_one_run_and_keep_incident_ids(
    tmp_path: Path, undisturbed: Outcome, moment: Any
) -> None:
    first = run(tmp_path, until(story(), moment))
    second = run(tmp_path, story())
    columns = ["activity", "signature", "principal", "first", "last", "count", "entities"]
    assert activities(second).select(columns).equals(activities(undisturbed).select(columns))
    assert second.ended.counts.already_judged == first.ended.counts.read
    assert len(first.ledger) + len(second.ledger) == 205
    shown = {one["incident_id"] for one in first.incidents if one["disposition"] != "benign"}
    assert shown <= {one["incident_id"] for one in second.incidents}
    assert second.incidents[0]["alert_count"] == undisturbed.incidents[0]["alert_count"]


# --- order, pages, workers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [1, 7, 1000])
def test_neither_order_nor_page_size_is_seen_in_the_results(
    tmp_path: Path, undisturbed: Outcome, page_size: int
) -> None:
    shuffled = story()
    random.Random(page_size).shuffle(shuffled)
    assert run(tmp_path, MemorySource(shuffled, page_size)).results == undisturbed.results


def test_the_number_of_workers_is_not_seen_in_the_results(
    tmp_path: Path, undisturbed: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WORTH_SECONDS", 0.0)
    assert run(tmp_path, MemorySource(story(), 50), workers=2).results == undisturbed.results


# --- interruption ---------------------------------------------------------------------------------------------------


class CountedSource(MemorySource):
    """Counts how often it is read."""

    reads = 0

    def pages(self, window: Window) -> Iterator[RawPage]:
        self.reads += 1
        yield from super().pages(window)


class BrokenOnce:
    """A working set whose disk is full at one moment of the first run."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.broken = False

    def __call__(self, context: RunContext) -> RunContext:
        return replace(context, work=_BrokenWork(self, context.work))


class _BrokenWork:
    def __init__(self, breaker: BrokenOnce, work: WorkingSet) -> None:
        self._breaker = breaker
        self._work = work

    def put(self, key: str, frame: pl.DataFrame) -> None:
        if key == self._breaker.key and not self._breaker.broken:
            self._breaker.broken = True
            raise TriageError("the disk is full")
        self._work.put(key, frame)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)


@pytest.mark.parametrize("key", ["facts", "sightings", "vectors", "compared", "ratings", "placed"])
def test_a_run_that_failed_at_any_stage_goes_on_and_gives_the_same(
    tmp_path: Path, undisturbed: Outcome, key: str
) -> None:
    source, breaker = CountedSource(story()), BrokenOnce(key)
    with pytest.raises(TriageError, match="disk is full"):
        run(tmp_path, source, swap=breaker)
    assert not (tmp_path / "incidents.json").exists()
    found = run(tmp_path, source, swap=breaker)
    assert found.results == undisturbed.results
    assert source.reads == 1
    assert found.ended.run_id == "run-000001"


class ForgetfulEmbedder(HashEmbedder):
    """Fails at its first call, with an error that nobody planned."""

    called = False

    def encode(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        if not self.called:
            self.called = True
            raise RuntimeError("out of memory")
        return super().encode(texts)


def test_an_unplanned_error_is_not_swallowed_and_the_run_goes_on(tmp_path: Path, undisturbed: Outcome) -> None:
    embedder = ForgetfulEmbedder()

    def swap(context: RunContext) -> RunContext:
        return replace(context, embedder=embedder)

    with pytest.raises(RuntimeError, match="out of memory"):
        run(tmp_path, story(), swap=swap)
    assert run(tmp_path, story(), swap=swap).results == undisturbed.results


class BrokenDossier:
    """Fails at the third question of the first run, when some investigations are already made."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, context: RunContext) -> RunContext:
        return replace(context, dossier=_BrokenDossier(self, context.dossier))


class _BrokenDossier:
    def __init__(self, breaker: BrokenDossier, dossier: Any) -> None:
        self._breaker = breaker
        self._dossier = dossier

    def brief(self, candidate: str) -> Any:
        self._breaker.asked += 1
        if self._breaker.asked == 1:
            raise TriageError("no answer")
        return self._dossier.brief(candidate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dossier, name)


def test_a_failing_investigation_fails_the_run_which_then_goes_on(tmp_path: Path, undisturbed: Outcome) -> None:
    breaker = BrokenDossier()
    with pytest.raises(TriageError, match="no answer"):
        run(tmp_path, story(), swap=breaker)
    assert run(tmp_path, story(), swap=breaker).results == undisturbed.results


def test_results_that_could_not_be_written_are_written_by_the_same_command(
    tmp_path: Path, undisturbed: Outcome
) -> None:
    obstacle = tmp_path / "incidents.json"
    obstacle.mkdir()
    with pytest.raises(TriageError, match="cannot write the results"):
        run(tmp_path, story())
    obstacle.rmdir()
    found = run(tmp_path, story())
    assert found.ended.run_id == "run-000001"
    assert found.results == undisturbed.results


# --- incompleteness -------------------------------------------------------------------------------------------------

LACK = Incompleteness(source="memory", reason="1 of 3 shards failed", advice="check the cluster")


def test_an_incomplete_source_is_said_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = MemorySource(story(), problems=[LACK])
    words = ["run", "memory", "--output", str(tmp_path), "--no-progress"]
    code = main(words, lambda settings: Session(settings, adapted(source)))
    assert code == 3
    assert "1 of 3 shards failed" in "".join(capsys.readouterr())
    summary = json.loads((tmp_path / "summary.json").read_bytes())
    assert summary["status"] == "incomplete"
    assert summary["incomplete"] == [LACK.model_dump()]
    for report in ("report.md", "report.html"):
        assert "1 of 3 shards failed" in (tmp_path / report).read_text("utf-8")


class DownSource(MemorySource):
    """Gives its first page, where it has one, and is gone."""

    def pages(self, window: Window) -> Iterator[RawPage]:
        yield from islice(super().pages(window), 1)
        raise SourceUnavailable("connection refused")


def test_a_source_that_goes_down_keeps_what_was_read_and_is_read_again_later(
    tmp_path: Path, undisturbed: Outcome
) -> None:
    first = run(tmp_path, DownSource(story(), 100))
    assert first.ended.status == "incomplete"
    assert first.ended.incompletenesses[0].reason == "connection refused"
    assert len(first.ledger) == 100
    with SqliteState(tmp_path / "state") as state:
        assert state.watermark("memory") is None
    second = run(tmp_path, story())
    assert second.ended.status == "done"
    assert second.ended.counts.already_judged == 100
    assert activities(second).select("activity", "count").equals(activities(undisturbed).select("activity", "count"))


def test_a_source_that_is_down_with_nothing_read_never_looks_like_peace(tmp_path: Path) -> None:
    found = run(tmp_path, DownSource([]))
    assert found.ended.status == "incomplete"
    assert "no incident does not mean no attack" in found.summary["explain_zero"]


def test_a_source_that_refuses_for_good_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Missing(MemorySource):
        def pages(self, window: Window) -> Iterator[RawPage]:
            del window
            raise SourceMissing("no such index [alerts]")

    words = ["run", "memory", "--output", str(tmp_path), "--no-progress"]
    assert main(words, lambda settings: Session(settings, adapted(Missing([])))) == 1
    assert "no such index [alerts]" in capsys.readouterr().err
    assert not (tmp_path / "incidents.json").exists()


def test_an_index_that_cannot_be_written_is_told_and_the_run_stands(tmp_path: Path, undisturbed: Outcome) -> None:
    def publisher(incidents: Sequence[Any], vectors: Mapping[str, Any], run: Any) -> int:
        assert incidents
        assert set(vectors) == {one.incident_id for one in incidents}
        raise SourceUnavailable(f"no route to the index for {run.run_id}")

    found = run(tmp_path, story(), swap=lambda context: replace(context, publisher=publisher))
    notices = [event.text for event in found.events if isinstance(event, Notice)]
    assert any("no route to the index" in text for text in notices)
    assert found.results == undisturbed.results
