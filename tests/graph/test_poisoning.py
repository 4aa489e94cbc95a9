"""Nobody teaches the memory that an intrusion is normal by showing it one often enough."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support.story import HOSTS, MONDAY, STEPS, Hit, hit
from triage.config import Settings
from triage.fakes import HashEmbedder, MemorySource
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext

NIGHTS = 30
Step = tuple[str, str, str, int]


def step_of(name: str, at: datetime, step: Step, host: str = "web01") -> Hit:
    rule, technique, tactic, severity = step
    return hit(name, at, rule, host, severity, technique, tactic)


def everyday(day: int) -> list[Hit]:
    began = MONDAY + timedelta(days=day)
    session = ("Session opened", "", "", 5)
    return [
        step_of(f"n{day}-{hour}-{host}", began + timedelta(hours=hour), session, host)
        for hour in (8, 11, 14, 17)
        for host in HOSTS
    ]


def intrusion(day: int, steps: Sequence[Step] = STEPS) -> list[Hit]:
    began = MONDAY + timedelta(days=day, hours=12)
    return [step_of(f"a{day}-{n}", began + timedelta(minutes=10 * n), step) for n, step in enumerate(steps)]


def chatter(day: int) -> list[Hit]:
    """Return harmless alerts around the intrusion, a few more every day."""
    began = MONDAY + timedelta(days=day, hours=12)
    kinds = [(f"Maintenance task {name}", "", "", 10) for name in "abcdefgh"[: 1 + day // 4]]
    return [
        step_of(f"c{day}-{n}", began + timedelta(minutes=5 * n), kind) for n, kind in enumerate(kinds * (1 + day // 3))
    ]


def after(state: Path, nights: Iterable[list[Hit]]) -> tuple[Incident, set[str]]:
    """Run night by night and return the first incident of the last run that holds one of its alerts, with its ids."""
    settings = Settings.model_validate({"state": state, "workers": 1, "correlate": {"horizon": "2d"}})
    last: set[str] = set()
    for night in nights:
        ordered: list[Hit] = sorted(night, key=lambda one: str(one["_source"]["@timestamp"]))
        source = MemorySource(ordered)

        def adapt(context: RunContext, source: MemorySource = source) -> RunContext:
            return dataclasses.replace(context, sources=(source,), embedder=HashEmbedder())

        with Session(settings, adapt) as session:
            list(session.run(["memory"], Window(None, None), None))
            last = {one["_id"] for one in night if str(one["_id"]).startswith("a")}
            found = session.incidents()
            holding = [(one, last & set(session.alerts(one.incident_id)["id"])) for one in found]
    return next((one, ids) for one, ids in holding if ids)


@pytest.mark.parametrize(
    ("whole", "camouflage"),
    [(True, False), (False, False), (False, True)],
    ids=["daily", "step by step", "step by step, ever more harmless alerts around"],
)
def test_what_was_repeated_for_thirty_days_still_shows(tmp_path: Path, whole: bool, camouflage: bool) -> None:
    nights = []
    for day in range(NIGHTS):
        steps = STEPS if whole or day == NIGHTS - 1 else STEPS[day % len(STEPS) :][:1]
        own = intrusion(day, steps) if day else []
        nights.append([*everyday(day), *own, *(chatter(day) if camouflage else [])])
    incident, ids = after(tmp_path, nights)
    assert incident.disposition == "attack", incident.verdict_reason
    assert incident.rank <= 3  # what comes before it is the same intrusion of the days before
    assert len(ids) == len(STEPS)


def nightly_job(day: int) -> list[Hit]:
    """Return a harmless job that its sensor rates high, at the same hour of every day."""
    began = MONDAY + timedelta(days=day, hours=2)
    return [step_of(f"j{day}", began, ("Scheduled task created", "T1053.005", "Persistence", 73), "db01")]


@pytest.mark.parametrize("lessons", [range(1, 7), range(7)], ids=["from the second day on", "from the first day on"])
def test_what_was_repeated_within_one_run_still_shows_on_its_last_day(tmp_path: Path, lessons: range) -> None:
    week = [one for day in range(7) for one in (*everyday(day), *nightly_job(day))]
    attack = [one for day in lessons for one in intrusion(day)]
    last = {f"a6-{n}" for n in range(len(STEPS))}
    settings = Settings.model_validate({"state": tmp_path, "workers": 1})
    hits: list[Hit] = sorted([*week, *attack], key=lambda one: str(one["_source"]["@timestamp"]))
    source = MemorySource(hits)

    def adapt(context: RunContext) -> RunContext:
        return dataclasses.replace(context, sources=(source,), embedder=HashEmbedder())

    with Session(settings, adapt) as session:
        list(session.run(["memory"], Window(None, None), None))
        shown = [one for one in session.incidents() if one.disposition != "benign"]
        ids = [set(session.alerts(one.incident_id)["id"]) for one in shown]
    assert any(last <= held for held in ids)
    assert not any(name.startswith(("j", "n")) for held in ids for name in held - {"j0"})
