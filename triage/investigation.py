"""What goes into an investigation and what comes out of it, and the two handles it works with.

An investigation is a pure function of its brief, the answers of its tools and its budget: no time of day and no
duration reaches the result.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from pydantic import AwareDatetime, Field, JsonValue

from triage.attack import TechniqueTable
from triage.config import InvestigateSettings
from triage.models import (
    AlertRef,
    Cause,
    Disposition,
    Entity,
    EntityRef,
    Evidence,
    Join,
    Model,
    Narrative,
    ResponseStep,
    UrgencyPart,
)
from triage.ports import Clock


class ActivityBrief(Model):
    """One activity of a candidate, as condense and baseline left it. Only key, rule, times and count are certain."""

    key: str
    signature: str
    detector: str
    rule: str
    message: str = ""
    principal: str = Field(default="", description="kind:value; '' where unknown")
    first: AwareDatetime
    last: AwareDatetime
    count: int = Field(ge=1, description="alerts")
    severity: float | None = Field(default=None, ge=0, le=100)
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    entities: tuple[EntityRef, ...] = Field(default=(), description="most frequent first, bounded")
    entity_total: int = Field(default=0, ge=0, description="true number of distinct entities")
    novelty: float = Field(default=0, ge=0, le=1)
    novelty_reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    sample_alerts: tuple[AlertRef, ...] = ()

    @property
    def weight(self) -> float:
        """How much this activity deserves a look, 0-100: novelty, together with severity where the vendor gives one."""
        return 100 * self.novelty if self.severity is None else (self.severity + 100 * self.novelty) / 2


class Judgement(Model):
    """The preliminary verdict of correlate."""

    disposition: Disposition
    verdict_reason: str
    score: float = Field(ge=0, le=1)
    planned: str = Field(default="", description="kind of the planned change that explains all of it; '' = none does")
    planned_in_part: str = Field(default="", description="kind of the planned change that explains a part of it")


class CandidateBrief(Model):
    """Activities that belong together, and what the code thinks of them so far: the input of an investigation."""

    candidate_id: str
    activities: tuple[ActivityBrief, ...] = Field(min_length=1)
    joins: tuple[Join, ...] = ()
    judgement: Judgement

    @property
    def first(self) -> datetime:
        """Time of the first alert."""
        return min(activity.first for activity in self.activities)

    @property
    def last(self) -> datetime:
        """Time of the last alert."""
        return max(activity.last for activity in self.activities)

    @property
    def alert_count(self) -> int:
        """Alerts of all activities."""
        return sum(activity.count for activity in self.activities)

    def ranked(self) -> tuple[ActivityBrief, ...]:
        """Return the activities, the most telling first; independent of their order in the brief."""
        return tuple(sorted(self.activities, key=lambda a: (-a.weight, a.first, a.key)))


class ToolCall(Model):
    """A question to one tool."""

    name: str
    args: dict[str, JsonValue]


class Observation(Model):
    """A tool call with its answer, or with the reason why there is none. Exactly one of the two is set."""

    call: ToolCall
    result: dict[str, JsonValue] | None = None
    error: str = ""


class Investigation(Model):
    """A candidate after investigation. Alert counts of entities count whole activities that name the entity."""

    candidate_id: str
    disposition: Disposition
    verdict_reason: str
    title: str
    summary: str = Field(description="each sentence cites evidence as [E1]")
    evidence: tuple[Evidence, ...]
    entities: tuple[Entity, ...]
    benign_reading: str
    missing_evidence: tuple[str, ...] = ()
    would_flip: tuple[str, ...] = ()
    cause: Cause | None = None
    response_plan: tuple[ResponseStep, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    budget_exhausted: bool = False
    narrative: Narrative | None = Field(default=None, description="what a language model added; null without one")
    raised: tuple[UrgencyPart, ...] = Field(default=(), description="urgency that its checked reasons add, bounded")


class Toolbox(Protocol):
    """The tools an investigation may use, behind their policy."""

    def call(self, call: ToolCall, earlier: Sequence[ToolCall]) -> Mapping[str, JsonValue]:
        """Answer a call, given the calls already made. Raises ToolError where policy or tool refuse."""
        ...


class Planner(Protocol):
    """Chooses the next tool calls. The playbook is one; a language model may be another."""

    def plan(self, brief: CandidateBrief, observations: Sequence[Observation]) -> Sequence[ToolCall]:
        """Return the calls of the next round, most useful first; empty ends the investigation."""
        ...


class Advice(NamedTuple):
    """All that a language model can add to an investigation: words beside it, and urgency on top."""

    narrative: Narrative
    raised: tuple[UrgencyPart, ...] = ()


class Advisor(Protocol):
    """A language model behind its checks."""

    def advise(
        self,
        brief: CandidateBrief,
        found: Investigation,
        observations: Sequence[Observation],
        look_up: Callable[[ToolCall], Observation],
        place: int = 0,
    ) -> Advice:
        """Comment on a finished investigation. Raises nothing for whatever the model does.

        ``look_up`` makes one more read-only call, under the policy and budget of the investigation. ``place`` of the
        candidate in the run, 0 = the most urgent, decides what it gets of a budget that all share: so that it does
        not depend on who is faster.
        """
        ...

    def charge(self, tokens: int) -> None:
        """Count tokens against the budget of the run that it used before it was interrupted."""
        ...


class Cutoff(NamedTuple):
    """What the budget kept an investigation from asking."""

    calls: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class InvestigationContext:
    """Handles of an investigation, given to the sub-graph as its runtime context."""

    toolbox: Toolbox
    clock: Clock
    techniques: TechniqueTable
    settings: InvestigateSettings = field(default_factory=InvestigateSettings)
    planner: Planner | None = None
    """None = the deterministic playbook."""
    advisor: Advisor | None = None
    """None = no language model."""
    place: int = 0
    """Of the candidate in its run, 0 = the most urgent."""
