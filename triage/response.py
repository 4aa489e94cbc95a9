"""A four-phase response plan from what is affected and what was done to it. Proposals only: a person decides.

Phases after NIST SP 800-61: containment, investigation, eradication, recovery.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from triage.models import Disposition, Entity, EntityKind, EntityRef, Evidence, ResponseStep
from triage.playbook import is_indicator
from triage.wording import plain

_PER_PHASE = 5
"""Steps of a phase at most; a longer plan is not read."""
_TARGETS = 3
"""Entities of one kind that get a step of their own."""
CRITICAL = 75
"""Criticality (0-100) from which containment needs an administrator's word."""

Phase = Literal["containment", "investigation", "eradication", "recovery"]
Role = Literal["analyst", "lead", "admin"]


class _Measure(NamedTuple):
    phase: Phase
    action: str
    """With a placeholder for the target."""
    reason: str
    role: Role = "analyst"
    reversal: str = ""


_CONTAIN: dict[EntityKind, _Measure] = {
    EntityKind.HOST: _Measure(
        "containment",
        "Isolate host {} from the network",
        "it carries the activity",
        "lead",
        "Release {} from isolation",
    ),
    EntityKind.USER: _Measure(
        "containment",
        "End the sessions of {} and suspend the account",
        "it acts in the incident",
        "lead",
        "Re-enable {}",
    ),
    EntityKind.ADDRESS: _Measure(
        "containment", "Block {} at the perimeter", "public address of the incident", "lead", "Remove the block of {}"
    ),
    EntityKind.DOMAIN: _Measure(
        "containment", "Block {} in DNS and proxy", "contacted in the incident", "lead", "Remove the block of {}"
    ),
    EntityKind.URL: _Measure(
        "containment", "Block {} in the proxy", "visited in the incident", "lead", "Remove the block"
    ),
    EntityKind.HASH: _Measure(
        "containment",
        "Block execution of {} on all endpoints",
        "file of the incident",
        "lead",
        "Remove the block of {}",
    ),
    EntityKind.MAILBOX: _Measure(
        "containment",
        "Withdraw the messages of the incident from {} and end its sessions",
        "mailbox of the incident",
        "lead",
        "Restore the messages to {}",
    ),
    EntityKind.CLOUD: _Measure(
        "containment",
        "Revoke sessions and keys of {} and snapshot it",
        "cloud resource of the incident",
        "lead",
        "Issue new keys for {}",
    ),
    EntityKind.DEVICE: _Measure(
        "containment",
        "Agree with plant operations how to cut remote access to {} without stopping the process",
        "an OT device must not be isolated on its own",
        "admin",
        "Restore remote access to {}",
    ),
    EntityKind.MODEL: _Measure(
        "containment",
        "Suspend the tools and keys that {} may use",
        "AI model of the incident",
        "lead",
        "Give {} back its tools",
    ),
    EntityKind.SERVICE: _Measure(
        "containment", "Restrict access to service {}", "it is used in the incident", "lead", "Reopen {}"
    ),
}

_BY_TACTIC: dict[str, tuple[_Measure, ...]] = {
    "initial-access": (
        _Measure("investigation", "Find how access was gained, and whether others were reached the same way", "entry"),
        _Measure("eradication", "Close the entry: patch the exposed service or withdraw the message", "entry", "lead"),
    ),
    "execution": (
        _Measure("investigation", "Collect process tree, scripts and command lines from {}", "code ran"),
        _Measure("eradication", "Remove the programs and scripts that were run", "code ran", "lead"),
    ),
    "persistence": (
        _Measure("investigation", "List services, scheduled tasks, run keys and new accounts of {}", "persistence"),
        _Measure("eradication", "Remove the persistence and every account it created", "persistence", "lead"),
    ),
    "privilege-escalation": (
        _Measure("investigation", "Check what was done with the higher rights on {}", "privileges were raised"),
    ),
    "defense-evasion": (
        _Measure("investigation", "Verify that sensors and logs of {} are complete", "defences were evaded"),
    ),
    "credential-access": (
        _Measure("investigation", "Check logons with every credential that {} held or received", "credentials at risk"),
        _Measure("eradication", "Reset the credentials that were exposed", "credentials at risk", "lead"),
    ),
    "lateral-movement": (
        _Measure("investigation", "Examine every host that {} opened sessions to", "lateral movement"),
    ),
    "command-and-control": (
        _Measure("investigation", "Search all hosts for the same destinations", "command and control"),
    ),
    "exfiltration": (
        _Measure("investigation", "Establish which data left, how much and to where", "exfiltration"),
        _Measure("recovery", "Inform the owner of the data and the data protection officer", "exfiltration", "lead"),
    ),
    "impact": (
        _Measure("recovery", "Restore affected systems from backups made before the first alert", "impact", "lead"),
    ),
    "impair-process-control": (
        _Measure("recovery", "Compare set points and logic with the released version", "process control", "admin"),
    ),
}


_ALWAYS = (
    _Measure("investigation", "Ask the owner of {} whether this was planned", "rules out the harmless reading"),
    _Measure(
        "eradication", "Remove from {} what the investigation shows to be the attacker's", "nothing may stay", "lead"
    ),
    _Measure("recovery", "Return {} to service and watch it for the same rules", "proves the incident over", "lead"),
)


def plan_response(
    disposition: Disposition, entities: Sequence[Entity], tactics: Iterable[str], evidence: Sequence[Evidence]
) -> tuple[ResponseStep, ...]:
    """Return the steps in the order of the phases; each cites the evidence that names its target."""
    main = _main(entities)
    place = _name(main) if main else "the affected systems"
    if disposition == "benign":
        return (_review(place, main, evidence),)
    by_tactic = [measure for tactic in tactics for measure in _BY_TACTIC.get(tactic, ())]
    steps = [_step(measure, place, main, evidence) for measure in [*_ALWAYS, *by_tactic]]
    ordered = [*_containment(entities, evidence), *steps]
    phases = ("containment", "investigation", "eradication", "recovery")
    plan = [step for phase in phases for step in [s for s in ordered if s.phase == phase][:_PER_PHASE]]
    return tuple(plan if disposition == "attack" else map(_conditional, plan))


def _conditional(step: ResponseStep) -> ResponseStep:
    """A suspicion justifies looking, not acting."""
    if step.phase == "investigation":
        return step
    action = f"If the investigation confirms it: {step.action[:1].lower()}{step.action[1:]}"
    return step.model_copy(update={"action": action})


def _main(entities: Sequence[Entity]) -> Entity | None:
    """Return the entity that an owner can be asked about: a host before a user before an address, then by alerts."""
    kinds = list(_CONTAIN)
    owned = [entity for entity in entities if entity.kind in _CONTAIN]
    return min(owned, key=lambda entity: (kinds.index(entity.kind), -entity.alert_count, entity.value), default=None)


def _containment(entities: Sequence[Entity], evidence: Sequence[Evidence]) -> list[ResponseStep]:
    by_kind = [(measure, _targets(kind, entities)) for kind, measure in _CONTAIN.items()]
    return [
        _contain(measure, targets[place], evidence)
        for place in range(_TARGETS)
        for measure, targets in by_kind
        if place < len(targets)
    ]


def _targets(kind: EntityKind, entities: Sequence[Entity]) -> list[Entity]:
    return [entity for entity in entities if entity.kind == kind and _containable(entity)]


def _containable(entity: Entity) -> bool:
    return entity.kind != EntityKind.ADDRESS or is_indicator(EntityRef(entity.kind, "", entity.value))


def _contain(measure: _Measure, target: Entity, evidence: Sequence[Evidence]) -> ResponseStep:
    step = _step(measure, _name(target), target, evidence)
    if target.criticality < CRITICAL:
        return step
    reason = f"{step.reason}; criticality {target.criticality}, agree with its owner first"
    return step.model_copy(update={"role": "admin", "reason": reason})


def _review(place: str, main: Entity | None, evidence: Sequence[Evidence]) -> ResponseStep:
    measure = _Measure(
        "investigation", "Confirm the harmless reading for {} and, if it recurs, tune the rule", "judged benign"
    )
    return _step(measure, place, main, evidence)


def _step(measure: _Measure, place: str, target: Entity | None, evidence: Sequence[Evidence]) -> ResponseStep:
    return ResponseStep(
        phase=measure.phase,
        action=measure.action.format(place),
        target=f"{target.kind}:{_name(target)}" if target else "",
        reason=measure.reason,
        evidence=cited(target, evidence),
        reversal=measure.reversal.format(place),
        role=measure.role,
    )


def cited(target: Entity | None, evidence: Sequence[Evidence], limit: int = 3) -> tuple[str, ...]:
    """Return the ids of the first facts that name the target, or of the first fact of all."""
    if target is None:
        return tuple(fact.evidence_id for fact in evidence[:1])
    name = re.compile(rf"(?<!\w){re.escape(f'{target.kind}:{_name(target)}')}(?![\w-]|\.\w)")
    naming = [fact.evidence_id for fact in evidence if name.search(fact.statement)]
    return tuple(naming[:limit] or [fact.evidence_id for fact in evidence[:1]])


def _name(entity: Entity) -> str:
    return plain(entity.value)
