"""The most plausible harmless cause of a candidate, chosen by the shape of its evidence and argued both ways."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from triage.attack import kill_chain_order
from triage.casework.headline import Act
from triage.investigation import CandidateBrief, Observation
from triage.models import Evidence
from triage.wording import listed, number

_SPREAD = 3
"""Hosts from which the same rule looks like a roll-out."""
_STAGES = 3
"""Tactics that no single piece of daily work would show."""
_LONG = timedelta(days=1)
_MANY = 1000
"""Alerts from which a quiet rule looks badly tuned."""


class _Shape(NamedTuple):
    brief: CandidateBrief
    tactics: frozenset[str]
    hosts: int
    users: int
    known_scanner: bool
    familiar: bool

    @property
    def severity(self) -> float:
        return max((activity.severity or 0.0 for activity in self.brief.activities), default=0.0)

    @property
    def same_everywhere(self) -> bool:
        rules = {activity.rule for activity in self.brief.activities}
        return self.hosts >= _SPREAD and len(self.brief.activities) >= _SPREAD * len(rules)


class _Cause(NamedTuple):
    name: str
    fits: Callable[[_Shape], bool]
    argument: str


_SCANNING = frozenset({"reconnaissance", "discovery", "initial-access"})
_ADMINISTRATION = frozenset({"execution", "persistence", "privilege-escalation", "lateral-movement", "defense-evasion"})

_CAUSES = (
    _Cause(
        "an authorised scanner", lambda s: s.known_scanner, "the asset inventory lists a scanner among the entities"
    ),
    _Cause(
        "a roll-out of software or configuration",
        lambda s: s.same_everywhere,
        "the same rules fire on several hosts",
    ),
    _Cause(
        "an authorised penetration test",
        lambda s: len(s.tactics) >= _STAGES,
        "a test goes through the same stages in the same order",
    ),
    _Cause(
        "an authorised scan or a monitoring probe",
        lambda s: bool(s.tactics) and s.tactics <= _SCANNING,
        "everything seen is probing, nothing shows that it succeeded",
    ),
    _Cause(
        "a badly tuned rule",
        lambda s: s.familiar and s.severity < 50 and s.brief.alert_count >= _MANY,
        "many alerts of low severity from rules that fire on ordinary days too",
    ),
    _Cause(
        "automation, such as a backup or a scheduled job",
        lambda s: s.familiar or s.brief.last - s.brief.first >= _LONG,
        "it goes on steadily or was seen on days before",
    ),
    _Cause(
        "administration work",
        lambda s: bool(s.tactics & _ADMINISTRATION) or s.users > 0,
        "administrators do the same with the same tools",
    ),
    _Cause("unusual but legitimate use", lambda _: True, "a rare event is not by itself a hostile one"),
)


def harmless_reading(
    brief: CandidateBrief, told: Sequence[Act], evidence: Sequence[Evidence], observations: Sequence[Observation]
) -> str:
    """Return the cause that fits the shape best, with the evidence for and against it."""
    shape = _shape(brief, told, evidence, observations)
    cause = next(cause for cause in _CAUSES if cause.fits(shape))
    speaks_for = _cited(evidence, "benign")
    speaks_against = _cited(evidence, "attack")
    pro = f"For it: {cause.argument}{speaks_for}."
    con = f"Against it: {_objection(brief, told)}{speaks_against}."
    return f"Most plausible harmless cause: {cause.name}. {pro} {con}"


def _shape(
    brief: CandidateBrief, told: Sequence[Act], evidence: Sequence[Evidence], observations: Sequence[Observation]
) -> _Shape:
    named = {(ref.kind, ref.value) for activity in brief.activities for ref in activity.entities}
    roles = [
        str(asset.get("role", ""))
        for o in observations
        if o.result and isinstance(asset := o.result.get("asset"), dict)
    ]
    return _Shape(
        brief=brief,
        tactics=frozenset(act.behaviour.tactic for act in told if act.behaviour.tactic),
        hosts=sum(kind == "host" for kind, _ in named),
        users=sum(kind == "user" for kind, _ in named),
        known_scanner=any("scan" in role.casefold() for role in roles),
        familiar=any(fact.tool == "rule_prevalence" and fact.supports == "benign" for fact in evidence),
    )


def _objection(brief: CandidateBrief, told: Sequence[Act]) -> str:
    tactics = {act.behaviour.tactic for act in told if act.behaviour.tactic}
    if len(tactics) > 1:
        stages = f"{number(len(tactics), 'stage')} of an intrusion ({listed(kill_chain_order(tactics), 5)})"
        return f"one cause would have to explain {stages}"
    newest = max(activity.novelty for activity in brief.activities)
    if newest >= 0.5:
        return f"it is new here (novelty up to {newest:.2f} of 1)"
    detectors = {activity.detector for activity in brief.activities}
    if len(detectors) > 1:
        return f"{number(len(detectors), 'detector')} noticed it independently"
    return "nothing but the alert itself"


def _cited(evidence: Sequence[Evidence], supports: str) -> str:
    ids = [fact.evidence_id for fact in evidence if fact.supports == supports][:4]
    return "".join(f" [{evidence_id}]" for evidence_id in ids)
