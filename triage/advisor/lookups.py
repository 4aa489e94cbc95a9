"""The look-ups that a model may choose from: read-only, made by code, none that was made before."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain, zip_longest

from triage.casework.playbook import FOCUS, indicators_of, main_entities, top_rules
from triage.investigation import CandidateBrief, Observation, ToolCall
from triage.models import EntityRef

OPTIONS = 12
"""Look-ups offered at a time: a short list, so that a small model can choose."""
_MARGIN = timedelta(hours=6)
_LOOKBACK = timedelta(days=14)
_ACTORS, _INDICATORS, _RULES = 4, 3, 4


def options(brief: CandidateBrief, observations: Sequence[Observation]) -> tuple[ToolCall, ...]:
    """Return the look-ups on offer, those on the main entities first; deterministic."""
    made = {observation.call.model_dump_json() for observation in observations}
    focus = brief.ranked()[:FOCUS]
    actors, indicators = main_entities(focus)[:_ACTORS], indicators_of(focus)[:_INDICATORS]
    rows = [
        [_around(brief, entity) for entity in (*actors, *indicators)],
        [_about("first_last_seen", entity) for entity in (*actors, *indicators)],
        [_history(brief, entity) for entity in actors],
        [_prevalence(brief, rule) for rule in top_rules(focus)[:_RULES]],
    ]
    turns = chain.from_iterable(zip_longest(*rows))
    fresh = (call for call in turns if call and call.model_dump_json() not in made)
    return tuple(_unique(fresh))[:OPTIONS]


def label(call: ToolCall) -> str:
    """Return a look-up in words; its values are text from alerts."""
    about = f"{call.args['kind']}:{call.args['value']}" if "kind" in call.args else f"rule {call.args['rule']}"
    return f"{call.name} of {about}"


def _unique(calls: Iterator[ToolCall]) -> list[ToolCall]:
    return list({call.model_dump_json(): call for call in calls}.values())


def _about(tool: str, entity: EntityRef, **more: str) -> ToolCall:
    return ToolCall(name=tool, args={"kind": entity.kind, "value": entity.value, **more})


def _around(brief: CandidateBrief, entity: EntityRef) -> ToolCall:
    since, until = brief.first - _MARGIN, brief.last + _MARGIN
    return _about("alerts_around_entity", entity, since=since.isoformat(), until=until.isoformat())


def _history(brief: CandidateBrief, entity: EntityRef) -> ToolCall:
    since, until = brief.first - _LOOKBACK, brief.last + timedelta(seconds=1)
    return _about("entity_history", entity, since=since.isoformat(), until=until.isoformat())


def _prevalence(brief: CandidateBrief, rule: str) -> ToolCall:
    since, until = brief.first - _LOOKBACK, brief.first
    args = {"rule": rule, "since": since.isoformat(), "until": until.isoformat()}
    return ToolCall(name="rule_prevalence", args={**args})
