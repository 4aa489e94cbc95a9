"""Documents with ``threat.indicator.*`` of the Elastic Common Schema, as threat intelligence integrations write them.

https://www.elastic.co/docs/reference/ecs/ecs-threat
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from triage.intelligence.reading import Gathered, Item, moment_of, words
from triage.intelligence.values import Key

_CONFIDENCE: Final = {"none": 0, "low": 15, "medium": 50, "med": 50, "high": 85}
"""The scale of STIX 2.1, appendix A (None / Low / Med / High), which ECS names."""
_PLACEHOLDER: Final = Key("domain", "")
_FIELDS: Final = (
    ("network", "ip"),
    ("url", "url.full"),
    ("url", "url.original"),
    ("domain", "url.domain"),
    ("hash", "file.hash.md5"),
    ("hash", "file.hash.sha1"),
    ("hash", "file.hash.sha256"),
    ("mailbox", "email.address"),
)


def read_document(source: Mapping[str, Any], reference: str, gathered: Gathered) -> None:
    """Take the indicator of a document. The domain of a URL that is bad is not bad by that."""
    indicator = at(source, "threat.indicator")
    if not isinstance(indicator, dict):
        gathered.leave("document without threat.indicator")
        return
    item = Item(
        key=_PLACEHOLDER,
        confidence=_confidence(indicator.get("confidence")),
        since=moment_of(indicator.get("first_seen")),
        until=moment_of(indicator.get("valid_until") or indicator.get("expiration")),
        labels=words(source.get("tags")),
        threats=words(at(source, "threat.software.name")) + words(at(source, "threat.group.name")),
        tlp=str(at(indicator, "marking.tlp") or ""),
        ref=reference,
    )
    found = list(_values(indicator))
    if not found:
        gathered.leave("no indicator of a kind that is compared")
    for kind, value in found:
        gathered.value(kind, value, item)


def _values(indicator: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    has_url = any(isinstance(at(indicator, path), str) for _, path in _FIELDS[1:3])
    for kind, path in _FIELDS:
        if not (path == "url.domain" and has_url):
            for value in words(at(indicator, path)):
                yield kind, value


def _confidence(value: object) -> int | None:
    if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3):
        return int(value)
    return _CONFIDENCE.get(value.lower()) if isinstance(value, str) else None


def at(document: object, path: str) -> object:
    """Return the value at a dotted path, nested or written flat; None where there is none."""
    if not path:
        return document
    if not isinstance(document, dict):
        return None
    if path in document:
        return document[path]
    head, _, rest = path.partition(".")
    return at(document[head], rest) if rest and head in document else None
