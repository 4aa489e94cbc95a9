"""A four-phase response plan from what is affected and what was done to it. Proposals only: a person decides.

``plan_response`` lists every step that makes sense; ``triage.casework.blast`` weighs them by who else they would hit
and keeps what a person will read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from triage.casework.countermeasures import BY_BEHAVIOUR
from triage.casework.measures import ALWAYS, BLOCK_SENDER, CONTAIN, FOR_MODELS, PHASES, REVIEW, Measure
from triage.casework.playbook import is_indicator
from triage.condense import stable_key
from triage.models import Disposition, Entity, EntityKind, EntityRef, Evidence, ResponseStep
from triage.wording import listed, plain

_TARGETS = 6
"""Entities of one kind that get a containment step of their own."""
_AT_ONCE = 2
"""Hosts that are isolated before anything else is done."""
_IF = "If the investigation confirms it: "
_NAMED = 3
"""Entities that a step about several names."""
CRITICAL = 75
"""Criticality (0-100) from which containment needs an administrator's word."""


class _Case(NamedTuple):
    """What a plan is made for."""

    entities: Sequence[Entity]
    evidence: Sequence[Evidence]
    main: Entity | None
    own: frozenset[str]
    """Domains of the organisation's own hosts."""


def plan_response(
    disposition: Disposition,
    entities: Sequence[Entity],
    tactics: Iterable[str],
    evidence: Sequence[Evidence],
    techniques: Iterable[str] = (),
) -> tuple[ResponseStep, ...]:
    """Return the steps in the order of the phases; each cites the evidence that names its target or its technique.

    Of several ``entities`` of a kind, those that come first are acted on first.
    """
    case = _Case(entities, evidence, _main(entities), own_domains(entities))
    if disposition == "benign":
        return (_step(REVIEW, case),)
    steps = [*_asked_for(case, [*sorted(techniques), *tactics]), *_containment(case)]
    plan = [step for phase in PHASES for step in steps if step.phase == phase]
    return tuple(plan if disposition == "attack" else map(_conditional, plan))


def _conditional(step: ResponseStep) -> ResponseStep:
    """A suspicion justifies looking, not acting."""
    if step.phase == "investigation" or step.action.startswith(_IF):
        return step
    action = f"{_IF}{step.action[:1].lower()}{step.action[1:]}"
    return step.model_copy(update={"action": action})


def _main(entities: Sequence[Entity]) -> Entity | None:
    """Return the entity that an owner can be asked about: a host before a user before an address; the first of them."""
    kinds = list(CONTAIN)
    owned = [entity for entity in entities if entity.kind in CONTAIN]
    return min(owned, key=lambda entity: kinds.index(entity.kind), default=None)


def own_domains(entities: Iterable[Entity]) -> frozenset[str]:
    """Return the domains that the incident's hosts are in: blocking one of those would cut off ourselves."""
    hosts = (entity.value.casefold().partition(".")[2] for entity in entities if entity.kind == EntityKind.HOST)
    return frozenset(domain for domain in hosts if "." in domain)


def is_own(name: str, own: frozenset[str]) -> bool:
    """Tell whether a host or domain lies in one of the domains."""
    name = name.casefold().rstrip(".")
    return any(name == domain or name.endswith(f".{domain}") for domain in own)


# --- containment ----------------------------------------------------------------------------------------------------


def _containment(case: _Case) -> Iterator[ResponseStep]:
    """Yield steps by turns, so that every kind has one before one kind has a second; the first two hosts go first.

    Blocking an indicator stops little while the second host that was taken is still connected. Further hosts may only
    have been scanned: they are cut off once that is known.
    """
    by_kind = {
        kind: [e for e in case.entities if e.kind == kind and _containable(e, case.own)][:_TARGETS] for kind in CONTAIN
    }
    first = by_kind[EntityKind.HOST][:_AT_ONCE]
    turns = [targets[place] for place in range(_TARGETS) for targets in by_kind.values() if place < len(targets)]
    for target in dict.fromkeys([*first, *turns]):
        step = _contain(target, case)
        yield _conditional(step) if target.kind == EntityKind.HOST and target not in first else step


def _containable(entity: Entity, own: frozenset[str]) -> bool:
    if entity.kind == EntityKind.ADDRESS:
        return is_indicator(EntityRef(entity.kind, "", entity.value))
    if entity.kind == EntityKind.DOMAIN:
        return not is_own(entity.value, own)
    return entity.kind != EntityKind.URL or not is_own(host_of(entity.value), own)


def _outside(entity: Entity, own: frozenset[str]) -> bool:
    """Tell whether it is a mailbox of somebody else's; nobody's is where our own domains are not known."""
    is_mailbox = entity.kind == EntityKind.MAILBOX
    return is_mailbox and bool(own) and not is_own(entity.value.rpartition("@")[2], own)


def host_of(url: str) -> str:
    """Return the host of a URL, '' where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # an attacker's URL need not be one
        return ""


def _contain(target: Entity, case: _Case) -> ResponseStep:
    step = _made(BLOCK_SENDER if _outside(target, case.own) else CONTAIN[target.kind], [target], case)
    if target.criticality < CRITICAL:
        return step
    reason = f"{step.reason}; criticality {target.criticality}, agree with its owner first"
    return step.model_copy(update={"role": "admin", "reason": reason})


# --- what was done --------------------------------------------------------------------------------------------------


def _asked_for(case: _Case, behaviours: Sequence[str]) -> Iterator[ResponseStep]:
    """Yield the owner's question, then what the techniques, AI models and tactics ask for, one step per measure."""
    models = FOR_MODELS if any(entity.kind == EntityKind.MODEL for entity in case.entities) else ()
    wanted = [(ALWAYS[0], "")]
    wanted += [(measure, name) for name in behaviours if _is_technique(name) for measure in _measures(name)]
    wanted += [(measure, "") for measure in models]
    wanted += [(measure, "") for name in behaviours if not _is_technique(name) for measure in _measures(name)]
    first: dict[str, tuple[Measure, str]] = {}
    for measure, technique in [*wanted, *((measure, "") for measure in ALWAYS[1:])]:
        first.setdefault(measure.name, (measure, technique))
    yield from (_step(measure, case, technique) for measure, technique in first.values() if _fits(measure, case))


def _is_technique(name: str) -> bool:
    return name[:1] in {"T", "A"} and any(character.isdigit() for character in name)


def _measures(behaviour: str) -> tuple[Measure, ...]:
    """Return the measures of a tactic or technique; a sub-technique without its own takes its parent's."""
    return BY_BEHAVIOUR.get(behaviour) or BY_BEHAVIOUR.get(behaviour.partition(".")[0], ())


def _fits(measure: Measure, case: _Case) -> bool:
    """Tell whether there is something to do it to; what asks for one entity falls back on the main one."""
    return not measure.several or bool(_targets(measure, case))


def _step(measure: Measure, case: _Case, technique: str = "") -> ResponseStep:
    targets = _targets(measure, case, technique)
    return _made(measure, targets if measure.several else targets[:1], case, technique)


def _targets(measure: Measure, case: _Case, technique: str = "") -> list[Entity]:
    """Return what a measure is about: the entities of the first kind that is there, else the main entity.

    Those come first that a fact names together with the ``technique``: that is where it was used.
    """
    used = [fact for fact in case.evidence if technique and re.search(rf"\b{technique}\b", fact.statement)]
    for kind in measure.about:
        named = [e for e in case.entities if e.kind == kind and _containable(e, case.own) and not _outside(e, case.own)]
        if named:
            return sorted(named, key=lambda entity: (not naming(entity, used), entity != case.main))
    return [] if measure.several or case.main is None else [case.main]


def _made(measure: Measure, targets: Sequence[Entity], case: _Case, technique: str = "") -> ResponseStep:
    place = listed([_name(target) for target in targets], _NAMED) or "the affected systems"
    target = targets[0] if targets else None
    name = f"{target.kind}:{_name(target)}" if target else ""
    return ResponseStep(
        phase=measure.phase,
        action=measure.action.format(place),
        target=name,
        reason=f"{technique}: {measure.reason}" if technique else measure.reason,
        evidence=_cited(targets, technique, case.evidence),
        reversal=measure.reversal.format(place),
        role=measure.role,
        step_id=f"{measure.name}-{stable_key(measure.name, name)[:6]}",
        measure=measure.name,
    )


def _cited(targets: Sequence[Entity], technique: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the facts that name the technique, those that name the target as well before the others."""
    target = targets[0] if targets else None
    named = naming(target, evidence) if target else []
    told = [fact.evidence_id for fact in evidence if technique and re.search(rf"\b{technique}\b", fact.statement)]
    return tuple(sorted(told, key=lambda one: one not in named)[:3]) or cited(target, evidence)


def cited(target: Entity | None, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the ids of the first facts that name the target, or of the first fact of all."""
    found = naming(target, evidence) if target else []
    return tuple(found[:3] or [fact.evidence_id for fact in evidence[:1]])


def naming(entity: Entity, evidence: Sequence[Evidence]) -> list[str]:
    """Return the ids of the facts that name the entity."""
    name = f"{entity.kind}:{_name(entity)}"
    holding = [fact for fact in evidence if name in fact.statement]  # most do not, and a pattern is slow to compile
    whole = rf"(?<!\w){re.escape(name)}(?![\w-]|\.\w)"
    return [fact.evidence_id for fact in holding if re.search(whole, fact.statement)]


def _name(entity: Entity) -> str:
    return plain(entity.value)
