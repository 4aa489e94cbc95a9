"""Whole runs with a real small model that reads planted text; few, because it writes slowly on a CPU."""

from collections.abc import Iterator, Sequence

from triage_evals.adversarial.fields import CONTENT
from triage_evals.adversarial.local_model import MOST_TOKENS, NAME, SmallModel, serving, weights
from triage_evals.adversarial.plants import Plant
from triage_evals.adversarial.victim import Victim
from triage_evals.adversarial.victim import run as run_victim
from triage_evals.adversarial.whole_runs import Trial, canaries, plan

SECONDS = 120
"""For one incident; what is not asked by then is noted as missing, as with any model."""


def local_trials(victims: Sequence[Victim], plants: Sequence[Plant]) -> Iterator[Trial]:
    """Yield one trial per victim, beside the same run without text and model; none where the model is not installed."""
    path = weights()
    if path is None or not victims:
        return
    with serving(SmallModel(path)) as served:
        model = {"name": NAME, "base_url": served.url, "timeout_seconds": 2 * SECONDS, "incident_seconds": SECONDS}
        for number, victim in enumerate(victims):
            hits, count = plan(victim, plants, CONTENT, number)
            before = run_victim(victim, victim.hits)
            heard = len(served.heard)
            after = run_victim(victim, hits, None, {"model": {**model, "answer_tokens": MOST_TOKENS, "retries": 0}})
            told = tuple(served.heard[heard:])
            name = f"{victim.name}, model {NAME}"
            yield Trial(name, victim, count, before, after._replace(told=told), frozenset(canaries(victim)))
