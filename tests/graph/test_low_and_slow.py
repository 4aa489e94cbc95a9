"""What is unremarkable each hour but goes on for days comes to the top of a week, also where it was there before."""

import dataclasses
from pathlib import Path

from triage.config import Settings
from triage.fakes import HashEmbedder, MemorySource
from triage.generator import ScenarioSpec, generate
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext


def test_one_failed_logon_an_hour_over_many_accounts_is_among_the_first_three(tmp_path: Path) -> None:
    scenario = generate(ScenarioSpec(seed=70, days=5, attacks=("slow-spray",)))
    source = MemorySource(list(scenario.hits()))
    truth = {row.id for row in scenario.truth}

    def adapt(context: RunContext) -> RunContext:
        return dataclasses.replace(context, sources=(source,), embedder=HashEmbedder())

    with Session(Settings(state=tmp_path, workers=1), adapt) as session:
        list(session.run(["memory"], Window(None, None), None))
        first = [set(session.alerts(one.incident_id)["id"]) for one in session.incidents()[:3]]
    held = max(first, key=lambda ids: len(ids & truth))
    assert len(held & truth) >= 0.9 * len(truth)
    assert len(held & truth) >= 0.9 * len(held)
