"""MISP events as exported or as served in a feed.

https://www.misp-standard.org/rfc/misp-standard-core.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from triage.intelligence.reading import Gathered, Item, moment_of
from triage.intelligence.values import Key

_KINDS: Final = {
    "ip-src": "network",
    "ip-dst": "network",
    "domain": "domain",
    "hostname": "domain",
    "url": "url",
    "uri": "url",
    "md5": "hash",
    "sha1": "hash",
    "sha256": "hash",
    "sha512": "hash",
    "email": "mailbox",
    "email-src": "mailbox",
}
"""Attribute type -> our kind; of pairs written ``a|b`` each half by its own type."""
_GALAXY: Final = ("misp-galaxy:threat-actor=", "misp-galaxy:mitre-intrusion-set=", "misp-galaxy:malpedia=")
_PLACEHOLDER: Final = Key("domain", "")


def events(document: object, depth: int = 4) -> Iterator[Mapping[str, Any]]:
    """Yield the events of an export: one, a list of them, or a search's response; ``depth`` bounds the nesting."""
    if depth == 0:
        return
    if isinstance(document, list):
        for one in document:
            yield from events(one, depth - 1)
    elif isinstance(document, dict):
        if isinstance(document.get("Event"), dict):
            yield document["Event"]
        elif "response" in document:
            yield from events(document["response"], depth - 1)
        elif isinstance(document.get("Attribute"), list):
            yield document


def read_event(event: Mapping[str, Any], gathered: Gathered) -> None:
    """Take the attributes of an event that are marked for detection, also those of its objects."""
    tags = list(_tags(event))
    info = event.get("info")
    threats = [name.partition("=")[2].strip('"') for name in tags if name.startswith(_GALAXY)]
    whole = Item(
        key=_PLACEHOLDER,
        labels=tuple(tag for tag in tags if not tag.startswith(("tlp:", "misp-galaxy:"))),
        threats=tuple([*threats, info] if isinstance(info, str) else threats),
        tlp=next((tag for tag in tags if tag.startswith("tlp:")), ""),
    )
    for attribute in _attributes(event):
        _take(attribute, whole, gathered)


def _attributes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    owners = [event, *(one for one in _list(event.get("Object")) if isinstance(one, dict))]
    for owner in owners:
        yield from (one for one in _list(owner.get("Attribute")) if isinstance(one, dict))


def _take(attribute: Mapping[str, Any], whole: Item, gathered: Gathered) -> None:
    if attribute.get("deleted") is True:
        return
    if attribute.get("to_ids") is not True:
        gathered.leave("not marked for detection by its source")
        return
    item = whole._replace(
        since=moment_of(attribute.get("first_seen")),
        labels=(*whole.labels, *_tags(attribute)),
        ref=str(attribute.get("uuid", "")),
    )
    halves = list(_halves(str(attribute.get("type", "")), str(attribute.get("value", ""))))
    if not halves:
        gathered.leave("no indicator of a kind that is compared")
    for kind, value in halves:
        gathered.value(kind, value, item)


def _halves(types: str, values: str) -> Iterator[tuple[str, str]]:
    """Yield kind and value of what is compared: a file name only stands beside its hash, a port beside its address."""
    for name, value in zip(types.split("|"), values.split("|"), strict=False):
        if name in _KINDS:
            yield _KINDS[name], value


def _tags(owner: Mapping[str, Any]) -> Iterator[str]:
    for tag in _list(owner.get("Tag")):
        if isinstance(tag, dict) and isinstance(tag.get("name"), str):
            yield tag["name"]


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()
