"""Evidence to judgement: disposition, title, summary, harmless reading, gaps and what would change the verdict.

The disposition starts from what correlate concluded and may only rise, by one of the named rules below. Nothing here
lowers or hides: a harmless explanation is argued, never acted on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from triage.attack import TechniqueTable, kill_chain_order
from triage.casework import kql
from triage.casework.cause import named_cause
from triage.casework.evidence import Finding, findings, known_since, numbered, rule_ids
from triage.casework.habit_evidence import unknown_habits
from triage.casework.harmless import harmless_reading
from triage.casework.headline import Act, acts, main_acts, story, title
from triage.casework.playbook import FOCUS, main_entities
from triage.casework.response import CRITICAL, plan_response
from triage.investigation import ActivityBrief, CandidateBrief, Cutoff, Investigation, Observation
from triage.models import Disposition, Entity, EntityKind, Evidence
from triage.wording import listed, number, plain, quoted, when

ENTITIES_KEPT = 100
"""Entities of an incident that are listed; the scope statement tells the true extent."""
_CHAIN = 3
"""Tactics from which a candidate on a critical asset is an attack."""
_NEW_SEVERITY = 50
"""Severity (0-100) that such an activity has at least, where its vendor rates it: mild novelty is everywhere."""
_NEW = 0.8
"""Novelty (0-1) from which an activity on a critical asset is at least suspicious."""
_HIDDEN = frozenset({"lineage", "logon"})


class Verdict(NamedTuple):
    """A disposition and the rule that decided it."""

    disposition: Disposition
    reason: str


def assess(
    brief: CandidateBrief,
    observations: Sequence[Observation],
    techniques: TechniqueTable,
    evidence_alerts: int,
    cutoff: Cutoff | None = None,
) -> Investigation:
    """Judge a candidate by its brief and what the tools answered. Pure; at least the brief itself is evidence."""
    focus = brief.ranked()[:FOCUS]
    told = acts(focus, techniques)
    leading = [act.activity for act in main_acts(told)]
    found = findings(brief, observations, techniques, leading)
    evidence = numbered(found, evidence_alerts)
    entities = gather_entities(brief, criticalities(observations))
    tactics = all_tactics(brief, techniques)
    verdict = decide(brief, entities, tactics)
    return Investigation(
        candidate_id=brief.candidate_id,
        disposition=verdict.disposition,
        verdict_reason=verdict.reason,
        title=title(told, focus),
        summary=summarise(found, evidence, story(told, rule_ids(brief, leading))),
        evidence=evidence,
        entities=entities,
        benign_reading=harmless_reading(brief, told, evidence, observations),
        missing_evidence=tuple(_missing(brief, observations, cutoff)),
        would_flip=_would_flip(brief, verdict.disposition, focus),
        cause=named_cause(brief, verdict.disposition, evidence, observations),
        response_plan=plan_response(
            verdict.disposition,
            _telling_first(entities, focus),
            tactics or _supposed_tactics(told),
            evidence,
            {technique for activity in brief.activities for technique in activity.techniques},
        ),
        tool_calls=tuple(observation.call for observation in observations),
        budget_exhausted=cutoff is not None,
    )


def decide(brief: CandidateBrief, entities: Sequence[Entity], tactics: Sequence[str]) -> Verdict:
    """Keep the judgement of correlate, or raise it by a named rule."""
    before = brief.judgement
    critical = next((entity for entity in entities if entity.criticality >= CRITICAL), None)
    if critical is None or before.planned:
        return Verdict(before.disposition, before.verdict_reason)
    asset = f"{critical.kind}:{plain(critical.value)} has criticality {critical.criticality} of 100"
    was = f"(was {before.disposition}: {before.verdict_reason})"
    if before.disposition == "suspicious" and len(tactics) >= _CHAIN:
        stages = f"the activities span {len(tactics)} tactics ({listed(tactics, 5)})"
        return Verdict("attack", f"critical-asset-chain: {asset} and {stages} {was}")
    rated = [a for a in brief.activities if a.severity is None or a.severity >= _NEW_SEVERITY]
    newest = max(rated, key=lambda activity: (activity.novelty, activity.key), default=None)
    if before.disposition == "benign" and newest and newest.novelty >= _NEW:
        new = f"rule {quoted(newest.rule)} has novelty {newest.novelty:.2f} of 1"
        return Verdict("suspicious", f"critical-asset-novel: {asset} and {new} {was}")
    return Verdict(before.disposition, before.verdict_reason)


def gather_entities(brief: CandidateBrief, criticality: dict[tuple[str, str], int]) -> tuple[Entity, ...]:
    """Return the entities, those that carry most alerts first; process instances and logon ids are no names."""
    counts: dict[tuple[str, str], int] = {}
    roles: dict[tuple[str, str], set[str]] = {}
    for activity in brief.activities:
        refs = {(ref.kind, ref.value) for ref in activity.entities} | _principal(activity)
        for key in refs:
            counts[key] = counts.get(key, 0) + activity.count
        for ref in activity.entities:
            roles.setdefault((ref.kind, ref.value), set()).add(ref.role)
    shown = sorted((key for key in counts if _is_name(key)), key=lambda key: (-counts[key], key))
    return tuple(
        Entity(
            kind=EntityKind(kind),
            value=value,
            roles=tuple(sorted(roles.get((kind, value), set()) - {""})),
            alert_count=counts[kind, value],
            criticality=criticality.get((kind, value), 0),
        )
        for kind, value in shown[:ENTITIES_KEPT]
    )


def _telling_first(entities: Sequence[Entity], focus: Sequence[ActivityBrief]) -> list[Entity]:
    """Return the entities, those first that carry most of the weight: a loud but mild one is not where to begin."""
    order = {(ref.kind, ref.value): place for place, ref in enumerate(main_entities(focus))}
    return sorted(entities, key=lambda entity: order.get((str(entity.kind), entity.value), len(order)))


def criticalities(observations: Sequence[Observation]) -> dict[tuple[str, str], int]:
    """Return the criticality of every entity that the asset inventory answered for."""
    found = {}
    for observation in observations:
        asset = observation.result.get("asset") if observation.result else None
        if isinstance(asset, dict) and isinstance(level := asset.get("criticality"), int):
            found[str(observation.call.args["kind"]), str(observation.call.args["value"])] = level
    return found


def all_tactics(brief: CandidateBrief, techniques: TechniqueTable) -> tuple[str, ...]:
    """Return the tactics of the candidate in kill-chain order.

    Where a detector names only techniques, each stands for the earliest tactic it serves, so that one technique of
    many uses does not look like an intrusion of many stages.
    """
    named = {tactic for activity in brief.activities for tactic in activity.tactics}
    for activity in brief.activities:
        if not activity.tactics:
            named.update(tactic for one in activity.techniques for tactic in techniques.tactics([one])[:1])
    return kill_chain_order(named)


def summarise(found: Sequence[Finding], evidence: Sequence[Evidence], told: str) -> str:
    """Return the story as ``told`` and two to four statements of the evidence, each with its citation.

    They are what is known to be bad, text that tries to direct the reader, the extent, why that is unusual here, and
    what the asset is worth.
    """
    places: dict[str, list[int]] = {}
    for place, finding in enumerate(found):
        places.setdefault(finding.topic, []).append(place)
    compared = [place for topic in ("prevalence", "sightings", "history") for place in places.get(topic, [])]
    unusual = sorted(compared, key=lambda place: found[place].supports != "attack")[:1]
    bad = [place for place in places.get("intelligence", []) if found[place].supports == "attack"]
    picked = [*bad, *places.get("planted", []), *places["scope"], *unusual, *places.get("asset", [])[:1]]
    said = [f"{found[place].statement.rstrip('.')} [{evidence[place].evidence_id}]." for place in picked]
    return " ".join([told, *said] if told else said)


def _principal(activity: ActivityBrief) -> set[tuple[str, str]]:
    kind, _, value = activity.principal.partition(":")
    return {(kind, value)} if value else set()


def _is_name(key: tuple[str, str]) -> bool:
    return key[0] not in _HIDDEN and key[0] in set(EntityKind)


def _supposed_tactics(told: Sequence[Act]) -> tuple[str, ...]:
    return kill_chain_order(act.behaviour.tactic for act in told if act.behaviour.tactic)


def _missing(brief: CandidateBrief, observations: Sequence[Observation], cutoff: Cutoff | None) -> list[str]:
    kinds = {ref.kind for activity in brief.activities for ref in activity.entities}
    kinds |= {kind for activity in brief.activities for kind, _ in _principal(activity)}
    gaps = [text for wanted, text in _GAPS if not kinds & wanted]
    if all(activity.severity is None for activity in brief.activities):
        gaps.append("No detector gave a severity.")
    if not any(activity.techniques or activity.tactics for activity in brief.activities):
        gaps.append("No detector named an ATT&CK technique or tactic.")
    since = known_since(observations)
    if since is not None and since >= brief.first:
        gaps.append(
            f"No alert about these entities is known from before {when(since)}: there is nothing to compare with."
        )
    gaps += unknown_habits(observations)
    gaps += [f"{o.call.name} gave no answer: {plain(o.error, 200)}." for o in observations if o.error]
    if cutoff:
        gaps.append(f"{number(cutoff.calls, 'planned look-up')} could not be made: {cutoff.reason}.")
    return gaps


_GAPS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"process", "hash", "file", "lineage"}), "No process telemetry: which program did this is not known."),
    (frozenset({"user", "mailbox", "logon"}), "No alert names a user: on whose behalf this happened is not known."),
    (
        frozenset({"address", "domain", "url"}),
        "No alert names an address: where this came from or went to is not known.",
    ),
    (
        frozenset({"host", "device", "cloud", "service"}),
        "No alert names a host or resource: where this happened is not known.",
    ),
)


def _would_flip(brief: CandidateBrief, disposition: Disposition, focus: Sequence[ActivityBrief]) -> tuple[str, ...]:
    main = main_entities(focus)[:1]
    name = f"{main[0].kind}:{plain(main[0].value)}" if main else "the entities involved"
    about = kql.entity(main[0].kind, main[0].value) if main else kql.rule(focus[0].rule)
    query = kql.every(about, kql.within(brief.first, kql.just_after(brief.last)))
    elsewhere = kql.every(kql.rule(focus[0].rule), kql.within(None, brief.first))
    if brief.judgement.planned:
        return (
            f"To what it was without the plan: its owner does not confirm it, or not for {name}. KQL: {query}",
            f"To what it was without the plan: anything about {name} beyond its time or kind. KQL: {query}",
        )
    if disposition == "benign":
        return (
            f"To suspicious or attack: alerts of any other rule about {name} at the same time. KQL: {query}",
            f"To suspicious or attack: no earlier alert of rule {quoted(focus[0].rule)} anywhere. KQL: {elsewhere}",
        )
    return (
        f"To benign: a change, scan or test, confirmed by its owner, that explains all of {name}. KQL: {query}",
        f"To benign: rule {quoted(focus[0].rule)} fires just as much on other, undisputed days. KQL: {elsewhere}",
    )
