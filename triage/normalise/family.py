"""What a family of documents is, and helpers that all families share."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from triage.columns import Facts
from triage.models import EntityKind
from triage.normalise.entities import Entities
from triage.normalise.fields import Document

STAMP = "@timestamp"
INGESTED = (("event.ingested", "ingested"), ("event.created", "ingested"))


class Moment(NamedTuple):
    """A value that may be the time of an alert, and what it would mean."""

    field: str
    value: object
    source: str
    """See ``columns.TimeSource``."""


class Family(NamedTuple):
    """One vendor's shape of alert: how to know it, what it says, and where its time and id are.

    ``facts`` and ``moments`` must be pure functions of the document without ``@timestamp``: of documents that differ in
    nothing else, only one is read.
    """

    name: str
    claims: Callable[[Document], bool]
    facts: Callable[[Document], Facts]
    moments: Callable[[Document], Iterable[Moment]]
    """Where the time may be, in order of preference; ``@timestamp`` stands there without its value."""
    ids: tuple[str, ...] = ()
    """Fields that identify a bare document. Only what is unique: two documents with one id count as one."""


def at(*fields: tuple[str, str]) -> Callable[[Document], Iterator[Moment]]:
    """Return a function that looks for the time in these (field, time source), the best first."""

    def moments(document: Document) -> Iterator[Moment]:
        return (Moment(name, document.scalar(name), source) for name, source in fields)

    return moments


def collector(document: Document) -> Entities:
    """Return an empty collection of entities with the document's limits."""
    return Entities(document.limits.entities_per_alert, document.limits.field_chars)


def add_fields(found: Entities, document: Document, table: Iterable[tuple[str, str, str]], prefix: str = "") -> None:
    """Add the entities in these (field, kind, role), important ones first."""
    for name, kind, role in table:
        value = document.flat.get(prefix + name)
        if value is not None:
            if kind == EntityKind.HOST:
                found.add_host(value, role)
            else:
                found.add(kind, role, value)
