"""The deterministic planner: which tool calls an investigation makes next.

It opens with what every analyst looks up: the asset, how common the rules are, since when the entities are known and
what else happened around them. A second round follows only indicators that were also seen elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import JsonValue

from triage.investigation import ActivityBrief, CandidateBrief, Observation, ToolCall
from triage.judgement.addresses import is_public
from triage.models import AlertRef, EntityRef

FOCUS = 50
"""Activities that are looked at one by one; the most telling ones of a larger candidate."""
ACTORS = frozenset({"host", "user", "address", "device", "mailbox", "cloud", "service", "model"})
"""Kinds that have a life of their own, and so a history and an owner."""
INDICATORS = frozenset({"address", "hash", "domain", "url"})
"""Kinds that lead from one victim to the next."""
_MARGIN = timedelta(hours=1)
_NEAR = timedelta(minutes=15)
_KEYS = 1000
_SIGNATURES = 100
_NAMES = 20
_LEAST_BEATS = 8
_HABITS = ("usual_times", "peers")
_FEW = 3
"""Outside entities up to which an activity is a conversation, not a scan."""


class Playbook(NamedTuple):
    """Planner without a model. The counts bound the calls of the opening round."""

    lookback: timedelta = timedelta(days=14)
    """How far before the candidate rules and entities are compared."""
    assets: int = 4
    actors: int = 2
    rules: int = 3
    indicators: int = 2
    beats: int = 2
    """Outside entities whose alerts are tested for a steady beat."""
    documents: int = 6
    """Alerts whose documents are read for the tree of processes."""
    events: bool = False
    """Whether there are events to look into, beside alerts."""

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
        elif brief.judgement.planned:
            calls += _plans(brief, named)
        return tuple(calls)

    def _closer_look(
        self, brief: CandidateBrief, focus: Sequence[ActivityBrief], actors: Sequence[EntityRef]
    ) -> list[ToolCall]:
        indicators = [ref for ref in indicators_of(focus) if ref not in actors][: self.indicators]
        calls = [_on_entity("first_last_seen", indicator) for indicator in indicators]
        for entity in actors[:1]:
            calls.append(self._history(brief, entity))
            told = _first_telling(focus, entity)
            calls.append(_around(entity, told, told))
        techniques = sorted({technique for activity in focus for technique in activity.techniques})
        if techniques:
            calls.append(ToolCall(name="attack_lookup", args={"ids": list(techniques[:20])}))
        return [*calls, *self._wider_look(brief, focus, actors)]

    def _wider_look(
        self, brief: CandidateBrief, focus: Sequence[ActivityBrief], actors: Sequence[EntityRef]
    ) -> list[ToolCall]:
        """Ask what is known beyond the alerts; each question only where the candidate has what it is about."""
        keys: list[JsonValue] = [activity.key for activity in brief.ranked()[:_KEYS]]
        signatures: list[JsonValue] = [*sorted({activity.signature for activity in focus})[:_SIGNATURES]]
        calls = [ToolCall(name=name, args={"activities": keys}) for name in ("threat_intelligence", *_HABITS)]
        calls += _plans(brief, main_entities(focus))
        args: dict[str, JsonValue] = {"signatures": signatures, "before": brief.first.isoformat()}
        calls.append(ToolCall(name="similar_incidents", args=args))
        calls += [self._logons(brief, ref) for ref in actors if ref.kind == "user"][:1]
        calls += [_beat(activity, ref) for activity, ref in beating(focus)[: self.beats]]
        calls += self._documents(focus)
        return [*calls, *(self._events(brief, focus, actors) if self.events else ())]

    def _events(
        self, brief: CandidateBrief, focus: Sequence[ActivityBrief], actors: Sequence[EntityRef]
    ) -> list[ToolCall]:
        """Ask what the events say that are no alerts: about the main entity, the users, the most telling process."""
        calls = [
            _near("events_around", _first_telling(focus, ref), kind=ref.kind, value=ref.value) for ref in actors[:1]
        ]
        users = [ref for ref in main_entities(focus) if ref.kind == "user"][:1]
        calls += [self._logons(brief, ref).model_copy(update={"name": "logon_events"}) for ref in users]
        started = [(a, _only(a, "host"), _only(a, "lineage") or _only(a, "process")) for a in focus]
        return (
            calls
            + [
                _near("process_events", activity.first, host=host, process=process)
                for activity, host, process in started
                if host and process
            ][:1]
        )

    def _logons(self, brief: CandidateBrief, user: EntityRef) -> ToolCall:
        since, until = brief.first - self.lookback, brief.last + timedelta(seconds=1)
        times = {"since": since.isoformat(), "fresh": brief.first.isoformat(), "until": until.isoformat()}
        return ToolCall(name="logon_history", args={"user": user.value, **times})

    def _documents(self, focus: Sequence[ActivityBrief]) -> list[ToolCall]:
        samples = [(activity, ref) for activity in focus for ref in activity.sample_alerts[:1]]
        started = [_document(ref) for activity, ref in samples if _names_process(activity)][: self.documents]
        calls = [ToolCall(name="process_tree", args={"alerts": [*started]})] if started else []
        calls += [ToolCall(name="rule_guide", args=_document(ref)) for _, ref in samples[:1]]
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


def _plans(brief: CandidateBrief, named: Sequence[EntityRef]) -> list[ToolCall]:
    if not (names := [ref.value for ref in named[:_NAMES]]):
        return []
    since, until = brief.first.isoformat(), (brief.last + timedelta(seconds=1)).isoformat()
    return [ToolCall(name="planned_changes", args={"names": [*names], "since": since, "until": until})]


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
    return is_public(ref.value)


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


def beating(activities: Sequence[ActivityBrief]) -> list[tuple[ActivityBrief, EntityRef]]:
    """Return activities of many alerts about one outside entity, those with most alerts first."""
    found = []
    for activity in activities:
        outside = sorted({EntityRef(ref.kind, "", ref.value) for ref in activity.entities[:32] if is_indicator(ref)})
        if activity.count >= _LEAST_BEATS and 1 <= len(outside) <= _FEW:
            found.append((activity, outside[0]))
    return sorted(found, key=lambda one: (-one[0].count, one[0].key))


def _beat(activity: ActivityBrief, ref: EntityRef) -> ToolCall:
    until = activity.last + timedelta(seconds=1)
    return _on_entity(
        "beacon_test", ref, rule=activity.rule[:1000], since=activity.first.isoformat(), until=until.isoformat()
    )


def _first_telling(focus: Sequence[ActivityBrief], entity: EntityRef) -> datetime:
    """Return when the most telling activity that names the entity began."""
    named = (a for a in focus if principal_of(a) == entity or any(r[::2] == entity[::2] for r in a.entities))
    return next(named, focus[0]).first


def _only(activity: ActivityBrief, kind: str) -> str:
    """Return the one entity of a kind that an activity names; of several, nobody knows which did it: ''."""
    found = {ref.value for ref in activity.entities if ref.kind == kind}
    return found.pop() if len(found) == 1 else ""


def _near(tool: str, time: datetime, **args: str) -> ToolCall:
    since, until = time - _NEAR, time + _NEAR
    return ToolCall(name=tool, args={**args, "since": since.isoformat(), "until": until.isoformat()})


def _names_process(activity: ActivityBrief) -> bool:
    return any(ref.kind in {"process", "lineage"} for ref in activity.entities)


def _document(ref: AlertRef) -> dict[str, JsonValue]:
    return {"index": ref.index, "id": ref.id}


def _on_entity(tool: str, entity: EntityRef, **args: str) -> ToolCall:
    return ToolCall(name=tool, args={"kind": entity.kind, "value": entity.value, **args})


def _around(entity: EntityRef, first: datetime, last: datetime) -> ToolCall:
    since, until = first - _MARGIN, last + _MARGIN
    return _on_entity("alerts_around_entity", entity, since=since.isoformat(), until=until.isoformat())
