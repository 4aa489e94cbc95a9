"""What a language model may cost: tokens per run and incident, and what it did cost. A budget stops it, never a run."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from triage.advisor.chat import Reply
from triage.config import ModelSettings
from triage.models import Incident, ModelUse
from triage.ports import Clock

SILENCES = 6
"""Questions without answer in a row after which a run asks no more: a server that is down costs minutes, not hours."""
_MILLION = 1_000_000


class RunBudget:
    """Tokens that all incidents of a run share, and its patience. Safe to be used from several threads."""

    def __init__(self, tokens: int) -> None:
        self._left = tokens
        self._silent = 0
        self._lock = Lock()

    @property
    def lost_patience(self) -> bool:
        """Tell whether the model was silent so often in a row that waiting for it is in vain."""
        return self._silent >= SILENCES

    def heard(self, *, answer: bool) -> None:
        """Record whether a question was answered."""
        with self._lock:
            self._silent = 0 if answer else self._silent + 1

    def reserve(self, tokens: int) -> bool:
        """Set tokens aside for a question; False where there are not so many left."""
        with self._lock:
            if tokens > self._left:
                return False
            self._left -= tokens
            return True

    def settle(self, reserved: int, used: int) -> None:
        """Give back what a question did not use; one that used more takes it from what is left."""
        with self._lock:
            self._left += reserved - used


class IncidentBudget:
    """What one incident may still use, and what it has used."""

    def __init__(self, settings: ModelSettings, run: RunBudget, clock: Clock, place: int = 0) -> None:
        """``place``: of the incident among those that share ``run``; the budget of the run is shared out by it."""
        self._settings = settings
        self._share = max(0, settings.run_tokens - place * settings.incident_tokens)
        self._run = run
        self._clock = clock
        self._until: datetime = clock.now() + timedelta(seconds=settings.incident_seconds)
        self._replies: list[Reply] = []
        self._failed = 0

    def why_not(self, tokens: int) -> str:
        """Reserve tokens for a question, or say which budget forbids it; '' = go on."""
        if self._run.lost_patience:
            return f"the model did not answer {SILENCES} times in a row"
        if self._clock.now() >= self._until:
            return f"the budget of {self._settings.incident_seconds:g} seconds for this incident is used up"
        if self._spent() + tokens > self._settings.incident_tokens:
            return f"the budget of {self._settings.incident_tokens:,} tokens for this incident is used up"
        if self._spent() + tokens > self._share or not self._run.reserve(tokens):
            return f"the budget of {self._settings.run_tokens:,} tokens for the run is used up"
        return ""

    def paid(self, reserved: int, reply: Reply) -> None:
        """Record what an answer cost."""
        self._replies.append(reply)
        self._run.heard(answer=True)
        self._run.settle(reserved, reply.input_tokens + reply.output_tokens)

    def lost(self, reserved: int, prompt_tokens: int) -> None:
        """Record a question without answer: its prompt was sent and counts."""
        self._failed += prompt_tokens
        self._run.heard(answer=False)
        self._run.settle(reserved, prompt_tokens)

    def use(self) -> ModelUse:
        """Return what was used so far."""
        costs = [_cost(reply, self._settings.prices) for reply in self._replies]
        return ModelUse(
            calls=len(self._replies),
            input_tokens=sum(reply.input_tokens for reply in self._replies) + self._failed,
            output_tokens=sum(reply.output_tokens for reply in self._replies),
            estimated=self._failed > 0 or any(reply.estimated for reply in self._replies),
            cost=_total(costs),
            seconds=round(sum(reply.seconds for reply in self._replies), 3),
        )

    def _spent(self) -> int:
        return self._failed + sum(reply.input_tokens + reply.output_tokens for reply in self._replies)


def _cost(reply: Reply, prices: Sequence[str]) -> float | None:
    table = dict(entry.split("=", 1) for entry in prices)
    if reply.model not in table:
        return None
    given, taken = map(float, table[reply.model].split("/"))
    return (reply.input_tokens * given + reply.output_tokens * taken) / _MILLION


def _total(costs: Iterable[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 6) if known else None


def use_of_run(incidents: Sequence[Incident]) -> Mapping[str, Any]:
    """Return the model's part of a run's summary: sums, and what each incident used."""
    told = {one.incident_id: one.narrative for one in incidents if one.narrative}
    uses = [narrative.use for narrative in told.values()]
    sums: dict[str, Any] = {"calls": sum(use.calls for use in uses), "tokens": sum(use.tokens for use in uses)}
    if not told:
        return sums
    return sums | {
        "name": next(iter(told.values())).model,
        "input_tokens": sum(use.input_tokens for use in uses),
        "output_tokens": sum(use.output_tokens for use in uses),
        "estimated": any(use.estimated for use in uses),
        "cost": _total(use.cost for use in uses),
        "seconds": round(sum(use.seconds for use in uses), 3),
        "sentences": sum(len(narrative.sentences) for narrative in told.values()),
        "struck": sum(narrative.struck for narrative in told.values()),
        "notes": sorted({note for narrative in told.values() for note in narrative.notes}),
        "incidents": {name: narrative.use.model_dump() for name, narrative in sorted(told.items())},
    }
