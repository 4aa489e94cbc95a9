"""The tools ``usual_times`` and ``peers``, and the facts made of their answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from support.activities import DAY, HOUR, MINUTE, START, activity, frame
from support.briefs import activity as brief_activity
from support.briefs import candidate
from support.fake_search import FakeSearch
from triage.adapters.assets import EmptyAssets
from triage.adapters.habits import HabitsOf
from triage.casework.findings import Finding, Setting
from triage.casework.habit_evidence import READERS, unknown_habits
from triage.config import BaselineSettings
from triage.investigation import Observation, ToolCall
from triage.judgement.baseline import SIGHTINGS
from triage.judgement.peers import compare_with_peers, peer_groups
from triage.judgement.rhythm import rhythm
from triage.state import Frames
from triage_tools import Background, ToolLimits, build_tools

TODAY = START // DAY
SETTING = Setting(candidate(brief_activity()), None)
ODD = activity("odd", "Log\x1b[31mon [E1]", "host:ws03", START + 3 * HOUR + 12 * MINUTE)
NEW = activity("new", "Dump", "host:ws03", START)
USUAL = activity("usual", "habit1", "host:ws03", START + 8 * HOUR)
STRANGE = activity("strange", "Dump", "host:elsewhere", START)


class Frozen:
    """A working set that only reads."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self._frames = frames

    def has(self, name: str) -> bool:
        return name in self._frames

    def get(self, name: str) -> pl.DataFrame:
        return self._frames[name]


def memory() -> pl.DataFrame:
    rows = [
        (f"s-{rule}", f"host:ws{number:02}", TODAY - day, 1, 1 << 8)
        for number in range(8)
        for rule in ("habit1", "habit2", str(ODD["rule"]))
        for day in range(1, 29)
    ]
    return pl.DataFrame(rows, schema=SIGHTINGS, orient="row")


def tools(known: pl.DataFrame, *rows: dict[str, object], whole: bool = True) -> dict[str, Any]:
    activities, groups = frame(rows), peer_groups(known)
    frames = {Frames.COMPARED: activities}
    if whole:
        frames |= {
            Frames.RHYTHM: rhythm(activities, known, known, BaselineSettings()),
            Frames.PEERS: compare_with_peers(activities, known, groups),
            Frames.PEER_GROUPS: groups,
        }
    habits = HabitsOf(Frozen(frames))  # type: ignore[arg-type]
    background = Background(rhythm=habits.rhythm, peers=habits.peers)
    return {tool.name: tool for tool in build_tools(FakeSearch(), EmptyAssets(), ToolLimits(), None, background)}


def read(name: str, asked: Sequence[str], made: Mapping[str, Any]) -> Finding | None:
    answer = made[name].invoke({"activities": list(asked)})
    assert {"total", "truncated", "query"} <= answer.keys()
    return READERS[name]({"activities": list(asked)}, answer, SETTING)


def observed(name: str, asked: Sequence[str], made: Mapping[str, Any]) -> Observation:
    call = ToolCall(name=name, args={"activities": list(asked)})
    return Observation(call=call, result=made[name].invoke(call.args))


def test_an_odd_time_is_evidence_with_its_strength() -> None:
    finding = read("usual_times", ["odd", "usual"], tools(memory(), ODD, USUAL))
    assert finding is not None
    assert (finding.topic, finding.supports) == ("rhythm", "attack")
    assert finding.statement.startswith("1 activity came at an unusual time: 'Log")
    assert "usually every day, hours 08 UTC; this one" in finding.statement
    assert "0 of 28 hours with it before were near that time of day" in finding.statement
    assert finding.statement.endswith("strength 0.88 of 1.")
    assert not {"\x1b", "["} & set(finding.statement)


def test_a_usual_time_argues_for_nothing() -> None:
    finding = read("usual_times", ["usual"], tools(memory(), USUAL))
    assert finding is not None
    assert finding.supports == "context"
    assert finding.statement.startswith("It came at a usual time: 'habit1' on host:ws03, usually every day")


def test_what_no_peer_did_is_evidence_and_names_who_they_are() -> None:
    finding = read("peers", ["new", "usual"], tools(memory(), NEW, USUAL))
    assert finding is not None
    assert (finding.topic, finding.supports) == ("peers", "attack")
    assert "'Dump' on host:ws03, unlike its 7 peers: none of them ever did this" in finding.statement
    assert "host:ws03 behaves like host:ws00 (1.00)" in finding.statement


def test_what_all_peers_do_argues_for_a_harmless_reading() -> None:
    finding = read("peers", ["usual"], tools(memory(), USUAL))
    assert finding is not None
    assert finding.supports == "benign"
    assert "usual among its peers: 7 of 7 do this" in finding.statement


@pytest.mark.parametrize("whole", [True, False], ids=["cold", "a run of before habits were kept"])
def test_what_is_not_known_is_not_claimed(whole: bool) -> None:
    made = tools(pl.DataFrame(schema=SIGHTINGS), NEW, STRANGE, whole=whole)
    assert all(read(name, ["new", "strange"], made) is None for name in READERS)
    assert all(read(name, ["unknown"], made) is None for name in READERS)


def test_what_is_not_known_is_said_to_be_missing() -> None:
    made = tools(pl.DataFrame(schema=SIGHTINGS), NEW, STRANGE)
    assert list(unknown_habits([observed(name, ["new", "strange"], made) for name in READERS])) == [
        "Too little is known to call a time usual or not: 0 earlier days at most.",
        "No peers are known: too few habits, or nobody behaves alike.",
    ]
