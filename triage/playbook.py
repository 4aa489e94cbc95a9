"""The deterministic planner: which tool calls an investigation makes next.

It opens with what every analyst looks up: the asset, how common the rules are, since when the entities are known and
what else happened around them. A second round follows only indicators that were also seen elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from triage.investigation import ActivityBrief, CandidateBrief, Observation, ToolCall
from triage.models import EntityRef

FOCUS = 50
"""Activities that are looked at one by one; the most telling ones of a larger candidate."""
ACTORS = frozenset({"host", "user", "address", "device", "mailbox", "cloud", "service", "model"})
"""Kinds that have a life of their own, and so a history and an owner."""
INDICATORS = frozenset({"address", "hash", "domain", "url"})
"""Kinds that lead from one victim to the next."""
_MARGIN = timedelta(hours=1)


class Playbook(NamedTuple):
    """Planner without a model. The counts bound the calls of the opening round."""

    lookback: timedelta = timedelta(days=14)
    """How far before the candidate rules and entities are compared."""
    assets: int = 4
    actors: int = 2
    rules: int = 3
    indicators: int = 2

    def plan(self, brief: CandidateBrief, observations: Sequence[Observation]) -> tuple[ToolCall, ...]:
        """Return the opening calls, then once the calls that the first answers raise."""
        return self._follow_up(brief, observations) if observations else self._opening(brief)

    def _opening(self, brief: CandidateBrief) -> tuple[ToolCall, ...]:
        benign = brief.judgement.disposition == "benign"
        focus = brief.ranked()[:FOCUS]
        named = main_entities(focus)
        actors = named[: 1 if benign else self.actors]
        calls = [_on_entity("asset_lookup", actor) for actor in named[: 1 if benign else self.assets]]
        calls += [_on_entity("first_last_seen", actor) for actor in actors]
        calls += [self._prevalence(brief, rule) for rule in top_rules(focus)[: 1 if benign else self.rules]]
        if not benign:
            calls += self._closer_look(brief, focus, actors)
        return tuple(calls)

    def _closer_look(
        self, brief: CandidateBrief, focus: Sequence[ActivityBrief], actors: Sequence[EntityRef]
    ) -> list[ToolCall]:
        indicators = [ref for ref in indicators_of(focus) if ref not in actors][: self.indicators]
        calls = [_on_entity("first_last_seen", indicator) for indicator in indicators]
        for entity in actors[:1]:
            calls.append(self._history(brief, entity))
            calls.append(_around(entity, focus[0].first, focus[0].first))
        techniques = sorted({technique for activity in focus for technique in activity.techniques})
        if techniques:
            calls.append(ToolCall(name="attack_lookup", args={"ids": list(techniques[:20])}))
        return calls

    def _follow_up(self, brief: CandidateBrief, observations: Sequence[Observation]) -> tuple[ToolCall, ...]:
        return tuple(_around(indicator, brief.first, brief.last) for indicator in seen_elsewhere(brief, observations))

    def _prevalence(self, brief: CandidateBrief, rule: str) -> ToolCall:
        since, until = brief.first - self.lookback, brief.first
        args = {"rule": rule, "since": since.isoformat(), "until": until.isoformat()}
        return ToolCall(name="rule_prevalence", args={**args})

    def _history(self, brief: CandidateBrief, entity: EntityRef) -> ToolCall:
        since, until = brief.first - self.lookback, brief.last + timedelta(seconds=1)
        return _on_entity("entity_history", entity, since=since.isoformat(), until=until.isoformat())


def main_entities(activities: Sequence[ActivityBrief]) -> list[EntityRef]:
    """Return the actors of the activities without roles, the one that carries most of the weight first.

    Being the principal of an activity counts twice. Ties go by kind and value, so that order does not matter.
    """
    weight: Counter[EntityRef] = Counter()
    for activity in activities:
        share = 1 + activity.weight
        principal = principal_of(activity)
        named = {EntityRef(ref.kind, "", ref.value) for ref in activity.entities[:32] if ref.kind in ACTORS}
        for ref in named:
            weight[ref] += round(1000 * share)
        if principal:
            weight[principal] += round((1000 if principal in named else 2000) * share)
    return sorted(weight, key=lambda ref: (-weight[ref], ref))


def principal_of(activity: ActivityBrief) -> EntityRef | None:
    """Return the activity's principal as a reference without role, or None where it has none."""
    kind, _, value = activity.principal.partition(":")
    return EntityRef(kind, "", value) if value else None


def top_rules(activities: Sequence[ActivityBrief]) -> list[str]:
    """Return the distinct rules in the order of the activities."""
    return list(dict.fromkeys(activity.rule for activity in activities))


def indicators_of(activities: Sequence[ActivityBrief]) -> list[EntityRef]:
    """Return hashes, domains, URLs and public addresses in the order of the activities."""
    refs = (ref for activity in activities for ref in sorted(activity.entities[:32]) if is_indicator(ref))
    return list(dict.fromkeys(EntityRef(ref.kind, "", ref.value) for ref in refs))


def is_indicator(ref: EntityRef) -> bool:
    """Tell whether the entity could lead to further victims: private addresses and names of files do not."""
    if ref.kind != "address":
        return ref.kind in INDICATORS
    try:
        return ip_address(ref.value).is_global
    except ValueError:
        return False


def seen_elsewhere(brief: CandidateBrief, observations: Sequence[Observation]) -> list[EntityRef]:
    """Return the indicators that were seen on more hosts than this candidate has, the rarest first."""
    own_hosts = {ref.value for activity in brief.activities for ref in activity.entities if ref.kind == "host"}
    found = []
    for call, result in ((o.call, o.result) for o in observations if o.result and o.call.name == "first_last_seen"):
        ref = EntityRef(str(call.args["kind"]), "", str(call.args["value"]))
        hosts = result["hosts"]
        if is_indicator(ref) and isinstance(hosts, int) and hosts > max(1, len(own_hosts)):
            found.append((hosts, ref))
    return [ref for _, ref in sorted(found)]


def _on_entity(tool: str, entity: EntityRef, **args: str) -> ToolCall:
    return ToolCall(name=tool, args={"kind": entity.kind, "value": entity.value, **args})


def _around(entity: EntityRef, first: datetime, last: datetime) -> ToolCall:
    since, until = first - _MARGIN, last + _MARGIN
    return _on_entity("alerts_around_entity", entity, since=since.isoformat(), until=until.isoformat())
