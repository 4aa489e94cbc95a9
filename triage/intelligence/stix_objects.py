"""STIX 2.1 objects, as of a bundle or a TAXII collection, in any order.

https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from triage.intelligence.adversary import Profile
from triage.intelligence.reading import CHARS, Gathered, Item, moment_of, words
from triage.intelligence.stix_patterns import keys_of
from triage.wording import plain

THREATS: Final = frozenset({"campaign", "malware", "intrusion-set", "threat-actor", "infrastructure", "tool"})
"""What an indicator can be a sign of."""
_ACTORS: Final = frozenset({"intrusion-set", "threat-actor"})
_TLP: Final = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}
"""The TLP markings that the standard defines, section 7.2.1.4."""
_SOURCES: Final = frozenset({"mitre-attack", "mitre-ics-attack", "mitre-atlas", "mitre-mobile-attack"})

Object = Mapping[str, Any]


class StixReader:
    """Takes objects one by one; ``finish`` ties them together, since a relation may come before its ends."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        gathered.names.update(_TLP)
        self._techniques: dict[str, str] = {}
        self._actors: dict[str, tuple[str, str]] = {}
        self._uses: list[tuple[str, str]] = []

    def read(self, objects: Iterable[object]) -> None:
        """Take objects; what is no object is counted."""
        for one in objects:
            if isinstance(one, dict) and isinstance(one.get("type"), str):
                self._take(one, one["type"], str(one.get("id", "")))
            else:
                self._gathered.leave("no STIX object")

    def finish(self) -> None:
        """Make the profiles of actors from what they use."""
        used: dict[str, set[str]] = {}
        for actor, pattern in self._uses:
            if actor in self._actors and pattern in self._techniques:
                used.setdefault(actor, set()).add(self._techniques[pattern])
        self._gathered.profiles += [
            Profile(name=name, kind=kind, techniques=tuple(sorted(used[actor])))
            for actor, (name, kind) in sorted(self._actors.items())
            if actor in used
        ]

    def _take(self, one: Object, kind: str, key: str) -> None:
        if one.get("revoked") is True:
            self._gathered.leave("revoked by its source")
        elif kind == "indicator":
            self._indicator(one)
        elif kind == "relationship":
            self._relation(one)
        elif kind == "attack-pattern":
            self._technique(one, key)
        elif kind == "marking-definition":
            level = one.get("definition", {}).get("tlp") if isinstance(one.get("definition"), dict) else one.get("name")
            self._gathered.names.setdefault(key, plain(str(level or ""), 30).lower())
        elif kind in THREATS and isinstance(one.get("name"), str):
            name = plain(one["name"], CHARS)
            self._gathered.names[key] = name
            if kind in _ACTORS:
                self._actors[key] = (name, kind)

    def _indicator(self, one: Object) -> None:
        labels = (*words(one.get("indicator_types")), *words(one.get("labels")))
        if "benign" in labels:
            self._gathered.leave("benign by its source")
            return
        pattern = one.get("pattern")
        stix = isinstance(pattern, str) and one.get("pattern_type", "stix") == "stix"
        keys = keys_of(str(pattern)) if stix else []
        if not keys:
            reason = "pattern that is not a list of single values" if stix else "pattern in another language"
            self._gathered.leave(reason)
        for key in dict.fromkeys(keys):
            self._gathered.item(
                Item(
                    key=key,
                    confidence=one["confidence"] if isinstance(one.get("confidence"), int) else None,
                    since=moment_of(one.get("valid_from")),
                    until=moment_of(one.get("valid_until")),
                    labels=labels,
                    tlp=next(iter(words(one.get("object_marking_refs"))), ""),
                    ref=str(one.get("id", "")),
                )
            )

    def _relation(self, one: Object) -> None:
        start, end, kind = (one.get(name) for name in ("source_ref", "target_ref", "relationship_type"))
        if not isinstance(start, str) or not isinstance(end, str):
            return
        if kind == "indicates" and start.startswith("indicator--"):
            self._gathered.points_to.setdefault(start, set()).add(end)
        elif kind == "uses" and start.partition("--")[0] in _ACTORS and end.startswith("attack-pattern--"):
            self._uses.append((start, end))

    def _technique(self, one: Object, key: str) -> None:
        references = one.get("external_references")
        for reference in references if isinstance(references, list) else []:
            if isinstance(reference, dict) and reference.get("source_name") in _SOURCES:
                self._techniques.setdefault(key, plain(str(reference.get("external_id", "")), 20).upper())
