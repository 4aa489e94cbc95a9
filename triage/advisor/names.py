"""Which names of an incident must not leave this machine, and how its statements pass the gate without them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pydantic import JsonValue

from triage.config import ModelSettings
from triage.investigation import ActivityBrief, CandidateBrief, Observation
from triage.models import EntityKind, EntityRef
from triage.trust.gate import PromptText, quarantine
from triage.trust.injection import scan
from triage.trust.pseudonyms import LOCAL, POLICY, Policy, Pseudonyms, Rules, is_internal
from triage.wording import plain

STATEMENT_CHARS = 300
"""Characters of one statement in a prompt."""
_CUT = re.compile(r"[^\s'\"]*…")
_QUOTATION = re.compile(r"(?<=quoted, not followed: )'.*'(?=, which )")
"""How evidence quotes instruction-like text, with a little of what stands around it in the alert."""
_LONG = 40
"""Statements cut names from this length on."""


_BEGINNING = 24
"""Characters by which a free text is found in a statement, which may have cut it anywhere after them."""
_SHORTEST = 4
_FREE_CHARS = 1000
_FREE = frozenset({"title", "note", "guide", "command", "description", "comment", "scope", "summary"})
"""Fields of tool answers in which anything may be written; messages of alerts are never part of a statement."""
_NAMING: Mapping[str, str] = MappingProxyType(
    {"owner": "user", "author": "user", "user": "user", "host": "host", "peer": "host", "peers": "host", "rule": "rule"}
    | {"parent": "process", "child": "process", "mailbox": "mailbox", "address": "address", "domain": "domain"}
)
"""Fields of tool answers that hold a name, and of what kind."""
_KINDS = frozenset(EntityKind)


def rules_of(settings: ModelSettings) -> Rules:
    """Return what is internal here by the settings, and what happens to it."""
    own: dict[str, Policy] = {}
    for entry in settings.policy:
        kind, _, what = entry.partition("=")
        own[kind] = what  # type: ignore[assignment]  # the settings checked it
    policy = {**(LOCAL if settings.local else POLICY), **own}
    return Rules(policy, settings.domains, tuple(re.compile(pattern) for pattern in settings.patterns))


class Speech:
    """How one incident is told to a model: its names replaced, instruction-like text masked unless asked for."""

    def __init__(self, brief: CandidateBrief, settings: ModelSettings) -> None:
        self._brief = brief
        self._open = settings.local and not settings.policy and not settings.patterns
        rules = rules_of(settings)
        self._names = Pseudonyms((), rules)
        self._withholds = rules.policy.get("note") == "withhold"
        self._free: tuple[str, ...] = ()

    def learn(self, statements: Sequence[str], observations: Sequence[Observation]) -> None:
        """Take in the names that these statements hold; the same calls give the same pseudonyms."""
        told = "\n".join(statements)
        refs = dict.fromkeys((*_entities(self._brief), *_answered(observations)))
        self._names.add([form for ref in refs for form in _forms(ref)], within=told)
        if self._withholds:
            free = (text for text in _written(observations) if text[:_BEGINNING] in told)
            self._free = tuple(dict.fromkeys((*self._free, *free)))

    def tell(self, text: str, *, mask: bool = True) -> PromptText:
        """Let a text pass the gate; words that are cut off already are left out, since they may be parts of names."""
        whole = text if self._open else self._without_free(text, mask=mask)
        return quarantine(whole, STATEMENT_CHARS, mask=mask, names=None if self._open else self._names)

    def _without_free(self, text: str, *, mask: bool) -> str:
        whole = _QUOTATION.sub(lambda found: _order(found[0], mask=mask), text)
        for written in self._free:
            whole = _without(whole, written, _order(written, mask=mask))
        return _CUT.sub("…", whole)

    def restore(self, text: str) -> str:
        """Return a model's words with the real names in them."""
        return text if self._open else self._names.restore(text)


def _order(quotation: str, *, mask: bool) -> str:
    """Return of a quotation the instruction-like words alone, or a note in their place: the rest may name anything."""
    spans = [finding.span for finding in scan(quotation)]
    if mask or not spans:
        return "(withheld)"
    return f"'{quotation[min(start for start, _ in spans) : max(end for _, end in spans)]}'"


def _entities(brief: CandidateBrief) -> Iterator[EntityRef]:
    for activity in brief.activities:
        kind, _, value = activity.principal.partition(":")
        if value:
            yield EntityRef(kind, "", value)
        yield from (EntityRef(ref.kind, "", ref.value) for ref in activity.entities)
        yield from _machines(activity)
        yield EntityRef("rule", "", activity.rule)


def _machines(activity: ActivityBrief) -> Iterator[EntityRef]:
    """Yield as hosts the domains that stand where all addresses are internal: they are names of our machines."""
    addresses: dict[str, list[str]] = {}
    for ref in activity.entities:
        if ref.kind == EntityKind.ADDRESS:
            addresses.setdefault(ref.role, []).append(ref.value)
    inside = {role for role, values in addresses.items() if all(map(is_internal, values))}
    for ref in activity.entities:
        if ref.kind == EntityKind.DOMAIN and ref.role in inside:
            yield EntityRef(EntityKind.HOST, "", ref.value)


def _answered(observations: Sequence[Observation]) -> Iterator[EntityRef]:
    """Yield what the tools were asked about and what they named."""
    for observation in observations:
        args = observation.call.args
        if "kind" in args:
            yield EntityRef(str(args["kind"]), "", str(args.get("value", "")))
        for key, text in (*_leaves(args), *_leaves(observation.result)):
            kind, _, value = text.partition(":")
            if kind in _KINDS and value:
                yield EntityRef(kind, "", value)
            elif key in _NAMING:
                yield EntityRef(_NAMING[key], "", text)


def _written(observations: Sequence[Observation]) -> Iterator[str]:
    """Yield what people or programs wrote freely, in which any name may stand, as statements write it."""
    for observation in observations:
        for key, text in _leaves(observation.result):
            if key in _FREE and text.partition(":")[0] not in _KINDS:
                yield plain(text, _FREE_CHARS)


def _leaves(value: JsonValue | Mapping[str, JsonValue], key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a tool's answer with the name of its field."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)


def _without(text: str, written: str, instead: str) -> str:
    """Return the text with what stands in it of a free text replaced, also where that was cut at its end."""
    begin = written[:_BEGINNING]
    start = text.find(begin) if len(begin) >= _SHORTEST else -1
    while start >= 0:
        end = start + len(begin)
        while end < len(text) and end - start < len(written) and text[end] == written[end - start]:
            end += 1
        text = f"{text[:start]}{instead}{text[end:]}"
        start = text.find(begin, start + len(instead))
    return text


def _forms(ref: EntityRef) -> Iterator[EntityRef]:
    """Yield a name as it is, as statements write it, and the beginning that is left of a long one that was cut."""
    yield ref
    written = plain(ref.value, 600)
    if written != ref.value:
        yield ref._replace(value=written)
    if len(written) > _LONG:
        yield ref._replace(value=written[:_LONG])
