"""Ten thousand damaged documents through a whole run: no crash, every line accounted for, nothing dangerous written."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.mutate import mutated
from triage.adapters.database import SqliteState
from triage.config import Settings
from triage.events import RunEnded
from triage.fakes import HashEmbedder
from triage.models import DeadLetter
from triage.ports import Window
from triage.session import Session

COUNT = 10_000
ALWAYS = Window(None, None)
DANGEROUS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control characters but tab and newline, zero-width and direction marks, lone surrogates."""


class Hostile(NamedTuple):
    """The run over the damaged documents."""

    ended: RunEnded
    output: Path
    letters: Sequence[DeadLetter]

    def text(self, name: str) -> str:
        return (self.output / name).read_text("utf-8")

    def read(self, name: str) -> Any:
        return json.loads(self.text(name))

    @property
    def outcomes(self) -> Counter[str]:
        text = gzip.decompress((self.output / "ledger.csv.gz").read_bytes()).decode()
        return Counter(line.rsplit(",", 2)[1] for line in text.splitlines()[1:])


def run(output: Path, documents: Path, workers: int) -> Hostile:
    settings = Settings(output=output, workers=workers)
    with Session(settings, lambda context: replace(context, embedder=HashEmbedder())) as session:
        *_, ended = session.run([str(documents)], ALWAYS, output)
    assert isinstance(ended, RunEnded)
    with SqliteState(output / "state") as state:
        return Hostile(ended, output, state.dead_letters(ended.run_id))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "alerts.ndjson"
    path.write_bytes(b"\n".join(line or b"{}" for line in mutated(5, COUNT)) + b"\n")
    return path


@pytest.fixture(scope="module")
def hostile(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return run(tmp_path_factory.mktemp("out"), documents, workers=1)


def test_every_line_has_one_outcome(hostile: Hostile) -> None:
    counts = hostile.ended.counts
    assert counts.accounted
    assert counts.read == COUNT
    assert sum(hostile.outcomes.values()) == COUNT - counts.repeated
    assert hostile.outcomes["dead_letter"] == counts.dead_letter > 0
    assert counts.repeated > 0
    assert hostile.ended.status == "done"


def test_every_dead_letter_has_a_reason_and_a_clean_excerpt(hostile: Hostile) -> None:
    assert len(hostile.letters) == hostile.ended.counts.dead_letter
    for letter in hostile.letters:
        assert letter.reason
        assert letter.origin
        assert not DANGEROUS.search(letter.excerpt)


def test_outputs_are_valid_and_add_up(hostile: Hostile) -> None:
    incidents = hostile.read("incidents.json")
    assert [incident["rank"] for incident in incidents] == list(range(1, len(incidents) + 1))
    assert sum(incident["alert_count"] for incident in incidents) == COUNT - hostile.ended.counts.repeated - len(
        hostile.letters
    )
    assert hostile.read("summary.json")["counts"]["read"] == COUNT


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_nothing_dangerous_is_in_a_report(hostile: Hostile, name: str) -> None:
    assert not DANGEROUS.search(hostile.text(name))
    assert "<script>alert" not in hostile.text(name)


@pytest.mark.parametrize("name", ["incidents.json", "summary.json"])
def test_nothing_dangerous_is_in_a_value_but_for_ids(hostile: Hostile, name: str) -> None:
    found = [text for text in _texts(hostile.read(name)) if DANGEROUS.search(text)]
    assert found == []


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a JSON value but for the ids of alerts, which are kept exactly as they are."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from () if key == "alerts" else _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def test_a_second_run_judges_nothing_again(hostile: Hostile, documents: Path) -> None:
    before = {path.name: path.read_bytes() for path in hostile.output.glob("*.*")}
    again = run(hostile.output, documents, workers=1).ended.counts
    assert again.already_judged == COUNT - again.repeated
    assert {path.name: path.read_bytes() for path in hostile.output.glob("*.*")} == before
