"""A document with all its leaves by dotted name, however it spelt them.

Alerts mix dotted and nested keys (``{"event.kind": 1, "event": {"action": 2}}``), use a key as a value and as a parent
(``container.image`` beside ``container.image.tag``), and wrap scalars in lists at will. Flattening once makes every
look-up one dictionary access.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from triage.config import Limits
from triage.normalise.text import NOTHING, clean


def flatten(source: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Return leaves by dotted name; of two spellings of one name the first wins.

    Lists are leaves; a list with a single object in it is also descended into. What is nested deeper than ``depth``
    objects is left out.
    """
    flat: dict[str, Any] = {}
    _descend(flat, "", source, depth)
    return flat


def _descend(flat: dict[str, Any], prefix: str, node: Mapping[str, Any], depth: int) -> None:
    for key, value in node.items():
        name = prefix + key
        if type(value) is dict:
            if depth > 1:
                _descend(flat, name + ".", value, depth - 1)
        elif value is not None and value != "" and name not in flat:
            flat[name] = value
            if type(value) is list and len(value) == 1 and type(value[0]) is dict and depth > 1:
                _descend(flat, name + ".", value[0], depth - 1)


def scalars(value: object) -> Iterator[str]:
    """Yield the texts of a scalar or of a list of scalars; objects and empty values are skipped."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str):
            yield item
        elif isinstance(item, (int, float)):
            yield str(item)


def inner(value: object) -> object:
    """Return what a text of JSON holds, or the value itself where it is no such text."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list, a single object or JSON text of either."""
    found = inner(value)
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


class Document:
    """The leaves of one document, with bounded and cleaned text access."""

    __slots__ = ("flat", "limits", "source")

    def __init__(self, source: Mapping[str, Any], limits: Limits) -> None:
        self.source = source
        self.flat = flatten(source, limits.depth)
        self.limits = limits

    def __contains__(self, name: str) -> bool:
        return name in self.flat

    def raw(self, *names: str) -> object:
        """Return the first of these fields that is there, as it is, or None."""
        for name in names:
            if name in self.flat:
                return self.flat[name]
        return None

    def scalar(self, *names: str) -> object:
        """Return like ``raw``, but the first element of a list."""
        value = self.raw(*names)
        return (value[0] if value else None) if isinstance(value, list) else value

    def text(self, *names: str) -> str:
        """Return the first usable text of these fields, cleaned and bounded; '' where there is none."""
        for name in names:
            value = self.flat.get(name)
            if value is not None:
                text = self.clean(value if type(value) is str else next(scalars(value), ""))
                if text.lower() not in NOTHING:
                    return text
        return ""

    def texts(self, *names: str) -> Iterator[str]:
        """Yield every text of these fields, raw: for values that are checked or cleaned by their reader."""
        for name in names:
            value = self.flat.get(name)
            if value is not None:
                yield from scalars(value)

    def clean(self, text: str) -> str:
        """Return text cleaned and bounded by the limits."""
        return clean(text, self.limits.field_chars)

    def line(self, *names: str) -> str:
        """Return the first usable line of these fields, cleaned and bounded; raw events (JSON) are no lines."""
        for name in names:
            found = self.flat.get(name)
            for value in (found,) if type(found) is str else scalars(found):
                text = self.clean(value.lstrip()[: self.limits.field_chars * 4].split("\n", 1)[0])
                if text.lower() not in NOTHING and not text.startswith("{"):
                    return text
        return ""
