"""One small company under attack, and whole runs over it: what an analyst would be shown, done and told."""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from triage.advisor import ModelAdvisor
from triage.advisor.scripted import Script, ScriptedModel
from triage.attack import load_techniques
from triage.config import ModelSettings, Settings
from triage.fakes import FixedClock, HashEmbedder, MemorySource
from triage.generator import ATTACKS, ScenarioSpec, generate
from triage.models import Incident
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext
from triage_evals.adversarial.fields import Hit

ROUTINE = ("daily-automation", "admin-work", "network-routine")
DAYS = 3
SEED = 5
_MODEL = "scripted:model"


class Victim(NamedTuple):
    """A company with one attack and some of its background."""

    name: str
    hits: tuple[Hit, ...]
    attack: frozenset[str]
    """Ids of the alerts of the attack."""


class Seen(NamedTuple):
    """What came of a run."""

    shown: Mapping[str, tuple[str, float]]
    """Attack alert in a shown incident: disposition and urgency of that incident."""
    flagged: frozenset[str]
    """Attack alerts in incidents whose evidence tells of instruction-like text."""
    acts: int
    """Entries in the log of responses, and decisions, after the run."""
    told: tuple[str, ...]
    """Every prompt that the model was given."""

    @property
    def best(self) -> tuple[int, float]:
        """Return the gravest disposition (0-2) and the highest urgency under which the attack is shown."""
        grades = [GRAVITY[disposition] for disposition, _ in self.shown.values()]
        return max(grades, default=0), max((urgency for _, urgency in self.shown.values()), default=0.0)


GRAVITY: Mapping[str, int] = {"benign": 0, "suspicious": 1, "attack": 2}


def victims(families: Sequence[str] = tuple(ATTACKS)) -> list[Victim]:
    """Return one company per family of attacks; the same every time."""
    return [_victim(name) for name in families]


def _victim(name: str) -> Victim:
    scenario = generate(ScenarioSpec(name=name, seed=SEED, days=DAYS, entities=50, attacks=(name,), benign=ROUTINE))
    attack = frozenset(row.id for row in scenario.truth)
    return Victim(name, tuple(scenario.hits()), attack)


def run(
    victim: Victim,
    hits: Sequence[Hit],
    script: Script | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Seen:
    """Run the whole graph on these hits, with a scripted remote model, the model that the settings name, or none."""
    with tempfile.TemporaryDirectory() as folder:
        known = Settings.model_validate({"state": Path(folder), "workers": 1, **(settings or {})})
        adapt, model = _adapt(hits, script)
        with Session(known, adapt) as session:
            list(session.run(["memory"], Window(None, None), None))
            return _seen(victim, session, tuple(model.heard) if model else ())


def run_again(
    victim: Victim,
    earlier: Sequence[Hit],
    decide: Callable[[Session], None],
    script: Script | None = None,
) -> Seen:
    """Run on the earlier hits, let somebody decide about what came of them, and run on all hits of the victim."""
    with tempfile.TemporaryDirectory() as folder:
        known = Settings.model_validate({"state": Path(folder), "workers": 1})
        with Session(known, _adapt(earlier, None)[0]) as session:
            list(session.run(["memory"], Window(None, None), None))
            decide(session)
            acts = _acts(session)
        adapt, model = _adapt([*earlier, *victim.hits], script)
        with Session(known, adapt) as session:
            list(session.run(["memory"], Window(None, None), None))
            seen = _seen(victim, session, tuple(model.heard) if model else ())
            return seen._replace(acts=seen.acts - acts)


def _adapt(
    hits: Sequence[Hit], script: Script | None
) -> tuple[Callable[[RunContext], RunContext], ScriptedModel | None]:
    model = ScriptedModel(script, _MODEL) if script else None

    def adapt(context: RunContext) -> RunContext:
        clock = FixedClock(context.clock.now())
        scripted = ModelAdvisor(model, ModelSettings(name=_MODEL), load_techniques(), clock) if model else None
        return dataclasses.replace(
            context,
            sources=(MemorySource(list(hits)),),
            embedder=HashEmbedder(),
            advisor=scripted or context.advisor,
            clock=clock,
        )

    return adapt, model


def _seen(victim: Victim, session: Session, told: tuple[str, ...]) -> Seen:
    shown: dict[str, tuple[str, float]] = {}
    flagged: set[str] = set()
    for incident in session.incidents():
        if incident.disposition == "benign":
            continue
        held = victim.attack & set(session.alerts(incident.incident_id)["id"].to_list())
        shown |= dict.fromkeys(held, (incident.disposition, incident.urgency))
        if _tells(incident):
            flagged |= held
    return Seen(shown, frozenset(flagged), _acts(session), told)


def _acts(session: Session) -> int:
    return len(session.responses(readonly=True).requests()) + len(session.statuses())


def _tells(incident: Incident) -> bool:
    return any(one.tool == "injection" for one in incident.evidence)
