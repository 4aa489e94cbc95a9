"""A team's own mapping (``[[mapping]]`` in triage.toml) as a family: it says some things, the rest is found as ever.

What the mapping names and the document holds is taken from there; what it leaves open is what the family that would
have read the document finds. A mapping that is wrong for a document thus never makes an alert say less.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from triage.columns import Facts
from triage.config import MappingSettings
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.family import Family, Moment, at, collector
from triage.normalise.fields import Document, scalars
from triage.normalise.registry import claimed

_ENTITIES: tuple[tuple[str, str, str], ...] = (
    ("host", Kind.HOST, ""),
    ("device", Kind.DEVICE, ""),
    ("model", Kind.MODEL, ""),
    ("mailbox", Kind.MAILBOX, ""),
    ("user", Kind.USER, ""),
    ("cloud", Kind.CLOUD, ""),
    ("host_ip", Kind.ADDRESS, "host"),
    ("source_ip", Kind.ADDRESS, "source"),
    ("destination_ip", Kind.ADDRESS, "destination"),
    ("target_user", Kind.USER, "target"),
    ("process", Kind.PROCESS, ""),
    ("file", Kind.FILE, ""),
    ("hash", Kind.HASH, ""),
    ("domain", Kind.DOMAIN, ""),
    ("url", Kind.URL, ""),
    ("service", Kind.SERVICE, ""),
)
"""Key of a mapping, kind and role of the entities in its fields; what an alert is mainly about comes first."""


def mapped_family(mapping: MappingSettings) -> Family:
    """Return the family that reads documents by a mapping; it can be pickled."""
    return Family(
        name=mapping.name,
        claims=partial(_claims, mapping),
        facts=partial(_facts, mapping),
        moments=partial(_moments, mapping),
        ids=mapping.id,
    )


def _claims(mapping: MappingSettings, document: Document) -> bool:
    found = document.raw(mapping.when.field)
    if not mapping.when.equals:
        return found is not None
    wanted = {value.strip().lower() for value in mapping.when.equals}
    return any(text.strip().lower() in wanted for text in scalars(found))


def _facts(mapping: MappingSettings, document: Document) -> Facts:
    base = _without(document)
    found = _entities(mapping, document)
    principal = found.principal() or base.principal
    for entity in base.entities:
        found.add(entity.kind, entity.role, entity.value)
    rated = _severity(mapping, document)
    return base._replace(
        detector=mapping.detector or mapping.name,
        family=mapping.name,
        rule=document.line(*mapping.rule) or base.rule,
        rule_id=document.text(*mapping.rule_id) or base.rule_id,
        message=document.line(*mapping.message) or base.message,
        severity=base.severity if rated is None else rated,
        techniques=tuple(sorted({*attack.techniques(document.texts(*mapping.technique)), *base.techniques})),
        tactics=tuple(sorted({*attack.tactics(document.texts(*mapping.tactic)), *base.tactics})),
        principal=principal,
        entities=found.sorted(),
    )


def _without(document: Document) -> Facts:
    family, document = claimed(document)
    return family.facts(document)


def _entities(mapping: MappingSettings, document: Document) -> Entities:
    found = collector(document)
    for key, kind, role in _ENTITIES:
        for field in getattr(mapping, key):
            value = document.raw(field)
            if value is not None and kind == Kind.HOST:
                found.add_host(value, role)
            elif value is not None:
                found.add(kind, role, value)
    return found


def _severity(mapping: MappingSettings, document: Document) -> float | None:
    """Return 0-100: a word of the team's own, a number on its scale, or a word that everybody uses."""
    words = {word.strip().lower(): value for word, value in mapping.severity_words.items()}
    low, high = mapping.severity_scale
    for text in document.texts(*mapping.severity):
        number = severity.number(text)
        found = severity.first(
            severity.percent(words.get(text.strip().lower())),
            None if number is None else severity.percent(100 * (number - low) / (high - low)),
            severity.from_word(text),
        )
        if found is not None:
            return round(found, 1)
    return None


def _moments(mapping: MappingSettings, document: Document) -> Iterator[Moment]:
    own = at(*((field, "event") for field in mapping.time))
    family, carried = claimed(document)
    return chain(own(document), family.moments(carried))
