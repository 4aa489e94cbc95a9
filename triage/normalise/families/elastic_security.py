"""Detection alerts of Elastic Security: dotted ``kibana.alert.*`` beside the ECS fields of the event.

``@timestamp`` is when the rule ran; ``kibana.alert.original_time`` is when it happened. A sequence alert stands over
its building blocks: both name the group as a lineage, so that the blocks can be counted as its duplicates.
Fields: https://www.elastic.co/docs/reference/security/fields-and-object-schemas/alert-schema
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.families import ecs
from triage.normalise.family import INGESTED, STAMP, Family, at
from triage.normalise.fields import Document, objects, scalars

NAME = "elastic_security"
_A = "kibana.alert."
_R = "kibana.alert.rule."


def facts(document: Document) -> Facts:
    """Return what a detection alert says."""
    found = ecs.entities(document)
    group = document.text(_A + "group.id", "signal.group.id")
    found.add(Kind.LINEAGE, "sequence", document.raw(_A + "group.id", "signal.group.id"))
    techniques, tactics = _mapped(document)
    return Facts(
        detector="elastic",
        family=NAME,
        rule=document.line(_R + "name", "signal.rule.name", _R + "description") or "elastic alert",
        rule_id=document.text(_R + "rule_id", "signal.rule.rule_id", _R + "uuid"),
        message=document.line(_A + "reason", "signal.reason", _R + "description", "signal.rule.description", "message"),
        severity=_severity(document),
        techniques=techniques,
        tactics=tactics,
        principal=found.principal(),
        entities=found.sorted(),
        flags=_flags(document, group),
    )


def _severity(document: Document) -> float | None:
    return severity.first(
        severity.percent(document.scalar(_A + "risk_score", "signal.rule.risk_score", _R + "risk_score")),
        severity.from_word(document.scalar(_A + "severity", "signal.rule.severity", _R + "severity")),
    )


def _flags(document: Document, group: str) -> tuple[str, ...]:
    flags = set()
    if document.text(_A + "building_block_type"):
        flags.add("building_block")
    elif group:
        flags.add("sequence")
    if document.text(_A + "workflow_status", "signal.status") == "closed":
        flags.add("resolved")
    return tuple(sorted(flags))


def _mapped(document: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return techniques and tactics: of the rule's threat mapping, its tags and the event's own mapping."""
    threat = document.raw(_R + "threat", _R + "parameters.threat", "signal.rule.threat")
    of_rule = _of_rule(orjson.dumps(threat), tuple(document.texts(_R + "tags", "signal.rule.tags")))
    own = ecs.mapped(document)
    return tuple(sorted({*of_rule[0], *own[0]})), tuple(sorted({*of_rule[1], *own[1]}))


@lru_cache(maxsize=1024)
def _of_rule(threat: bytes, tags: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return techniques and tactics of a rule: the same for all its alerts."""
    ids: set[str] = set()
    names: set[str] = set()
    for mapping in objects(orjson.loads(threat)):
        for key, text in _ids(mapping):
            (names if key == "tactic" else ids).add(text)
    tagged = attack.from_tags(tags)
    return (*attack.techniques(ids), *tagged[0]), (*attack.tactics(names), *tagged[1])


def _ids(threat: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for tactic in objects(threat.get("tactic")):
        yield from (("tactic", text) for key in ("id", "name") for text in scalars(tactic.get(key)))
    for technique in objects(threat.get("technique")):
        yield from (("technique", text) for text in scalars(technique.get("id")))
        for sub in objects(technique.get("subtechnique")):
            yield from (("technique", text) for text in scalars(sub.get("id")))


FAMILY = Family(
    name=NAME,
    claims=lambda document: _R + "name" in document or _A + "uuid" in document or "signal.rule.name" in document,
    facts=facts,
    moments=at(
        (_A + "original_time", "event"),
        ("signal.original_time", "event"),
        (STAMP, "detected"),
        (_A + "start", "detected"),
        (_R + "execution.timestamp", "detected"),
        *INGESTED,
    ),
    ids=(_A + "uuid",),
)
