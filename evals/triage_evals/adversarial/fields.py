"""Where text of an attacker may stand in an alert, and how it gets there."""

import copy
from collections.abc import Iterable
from typing import Any

Hit = dict[str, Any]
CONTENT = (
    "user_agent.original",
    "url.original",
    "process.command_line",
    "file.name",
    "email.subject",
    "rule.description",
    "kibana.alert.rule.note",
    "labels.comment",
    "message",
)
"""Free text that names nobody."""
NAMES = ("user.name", "host.name")
"""Names of whom or what an alert is about: a text planted there is a new name, too."""
FIELDS = (*CONTENT, *NAMES)


def planted(hit: Hit, field: str, text: str) -> Hit:
    """Return the hit with the text behind whatever stands in the field; the hit stays as it is."""
    changed = copy.deepcopy(hit)
    *path, last = field.split(".")
    inner = changed["_source"]
    for name in path:
        below = inner.get(name)
        inner[name] = below if isinstance(below, dict) else {}
        inner = inner[name]
    before = inner.get(last)
    inner[last] = f"{before} {text}" if isinstance(before, str) and before else text
    return changed


def texts(value: object) -> Iterable[str]:
    """Yield every text below a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
