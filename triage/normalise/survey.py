"""How documents are understood: which family reads them, how much they say, and which fields nobody reads yet.

For ``triage doctor``, on a sample. A field is worth a mapping when its values look like something that the alerts
lack: an address, a hash, a technique, or a host, user, rule or severity by the field's name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from triage.config import Limits, MappingSettings
from triage.models import EntityKind as Kind
from triage.normalise import attack
from triage.normalise.entities import canonical
from triage.normalise.families import fallback, integrations
from triage.normalise.fields import Document, scalars
from triage.normalise.page import normalise_page
from triage.normalise.reading import Readings
from triage.normalise.registry import VENDORS
from triage.normalise.text import clean
from triage.normalise.timestamps import parse_time
from triage.ports import RawPage

_LEAST_SHARE: Final = 0.2
_MOST_FIELDS: Final = 6
_READ_IN_FULL: Final = frozenset(family.name for family in (*VENDORS, integrations.FAMILY))
_ROLES: Final = (
    (re.compile(r"src|source|client|orig"), "source_ip"),
    (re.compile(r"ds?t|dest|target"), "destination_ip"),
)
_LOOKS: Final = ((Kind.ADDRESS, "host_ip"), (Kind.HASH, "hash"), (Kind.MAILBOX, "mailbox"), (Kind.URL, "url"))
_NAMES: Final = (
    (re.compile(r"user|account|actor|login$"), "user", Kind.USER),
    (re.compile(r"host|computer|machine|node|dev(?:ice)?(?:$|[._]name)"), "host", Kind.HOST),
    (re.compile(r"domain|fqdn"), "domain", Kind.DOMAIN),
    (re.compile(r"process|image$|exe$"), "process", Kind.PROCESS),
)
_SEVERITY: Final = re.compile(r"sever|prio|risk|level|score|urgen|critic")
_RULE: Final = re.compile(r"rule|sig(?:nature)?[._]|alert|detect|threat|title")


class Unmapped(NamedTuple):
    """A field worth a line in a ``[[mapping]]``."""

    field: str
    key: str
    """Of the mapping, e.g. severity."""
    share: float
    example: str


class Understood(NamedTuple):
    """How the sampled documents of one index or file were read by one family."""

    place: str
    family: str
    documents: int
    shares: Mapping[str, float]
    """time, rule, severity, entities, techniques: how many of the documents (0-1) say it."""
    unmapped: tuple[Unmapped, ...]
    broken: int
    """Lines of the place that are no document; counted with its first family only."""

    @property
    def usable(self) -> bool:
        """Tell whether at least half of the documents have a time and a rule."""
        return self.shares["time"] >= 0.5 and self.shares["rule"] >= 0.5

    def __str__(self) -> str:
        """Return it as one line."""
        said = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())
        text = f"{self.documents:,} sampled, read as {self.family}: {said}"
        if self.broken:
            text += f"; {self.broken:,} broken lines"
        found = ", ".join(f"{one.field} as {one.key} ({one.share:.0%}, e.g. {one.example})" for one in self.unmapped)
        return f"{text}; worth a [[mapping]]: {found}" if found else text


def survey(pages: Iterable[RawPage], limits: Limits, mappings: Sequence[MappingSettings] = ()) -> list[Understood]:
    """Return how the pages are understood, by index (or file) and family."""
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    broken: Counter[str] = Counter()
    readings = Readings(limits, mappings)
    for page in pages:
        batch = normalise_page(page, 0, limits, 0, readings)
        broken[page.origin] += batch.dead_letters.height
        lines = page.lines.split(b"\n")
        for row in batch.alerts.join(batch.facts, on="fact").iter_rows(named=True):
            place = page.origin if page.first_line else row["index"]
            groups[place, row["family"]].append((row, _source(lines[row["line"]])))
    return [
        _understood(place, family, rows, limits, broken.pop(place, 0))
        for (place, family), rows in sorted(groups.items())
    ] + [Understood(place, "nothing", 0, _shares([]), (), count) for place, count in sorted(broken.items()) if count]


def _understood(
    place: str, family: str, rows: list[tuple[dict[str, Any], dict[str, Any]]], limits: Limits, broken: int
) -> Understood:
    said = [row for row, _ in rows]
    unmapped = () if family in _READ_IN_FULL else tuple(_unmapped(rows, limits))
    return Understood(place, family, len(rows), _shares(said), unmapped, broken)


def _shares(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
    said = pl.DataFrame([_says(row) for row in rows], schema=dict.fromkeys(_says(_NOTHING), pl.Boolean))
    return {name: float(said[name].mean() or 0) for name in said.columns}  # type: ignore[arg-type]  # of Booleans


_NOTHING: Final[Mapping[str, Any]] = {
    "family": "",
    "detector": "",
    "time_source": "run",
    "rule": "",
    "severity": None,
    "entities": (),
    "techniques": (),
}


def _says(row: Mapping[str, Any]) -> dict[str, bool]:
    return {
        "time": row["time_source"] in {"event", "detected"},
        "rule": not _nameless(row),
        "severity": row["severity"] is not None,
        "entities": bool(row["entities"]),
        "techniques": bool(row["techniques"]),
    }


def _nameless(row: Mapping[str, Any]) -> bool:
    """Tell whether the rule's name was made up by the fallback for want of any."""
    return bool(row["family"] == fallback.NAME and row["rule"] == f"{row['detector']} alert")


def _source(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:  # read leniently by the normaliser; a survey does without
        return {}
    inner = document.get("_source", document)
    return inner if isinstance(inner, dict) else {}


def _unmapped(rows: Sequence[tuple[dict[str, Any], dict[str, Any]]], limits: Limits) -> Iterator[Unmapped]:
    """Yield the fields whose values say what the alerts lack, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for row, source in rows:
        known = {entity["value"] for entity in row["entities"]}
        for name, value in Document(source, limits).flat.items():
            text = next(scalars(value), "")[:200]
            if key := _key(name.lower(), text, row, known) if text.strip() else "":
                counts[name, key] += 1
                examples.setdefault((name, key), clean(text, 40))
    found = [
        Unmapped(clean(name, 80), key, count / len(rows), examples[name, key]) for (name, key), count in counts.items()
    ]
    frequent = sorted((one for one in found if one.share >= _LEAST_SHARE), key=lambda one: (-one.share, one.field))
    yield from frequent[:_MOST_FIELDS]


def _key(name: str, text: str, row: Mapping[str, Any], known: set[str]) -> str:
    """Return the key of a mapping that this field would fill, '' where there is none or the alert has it."""
    for kind, key in _LOOKS:
        if value := canonical(kind, text, 200):
            return "" if value in known else _role(name) if kind == Kind.ADDRESS else key
    if parse_time(text) is not None:
        return "" if _says(row)["time"] else "time"
    lacking = (
        ("technique", not row["techniques"] and attack.techniques([text])),
        ("severity", row["severity"] is None and _SEVERITY.search(name) and len(text) <= 20),
        ("rule", _nameless(row) and _RULE.search(name)),
    )
    return next((key for key, lacks in lacking if lacks), _named(name, text, known))


def _role(name: str) -> str:
    return next((key for pattern, key in _ROLES if pattern.search(name)), "host_ip")


def _named(name: str, text: str, known: set[str]) -> str:
    *above, leaf = name.split(".")
    leaf = f"{above[-1]}.{leaf}" if leaf == "name" and above else leaf
    for pattern, key, kind in _NAMES:
        if pattern.search(leaf) and not text.isdigit() and " " not in text.strip():
            value = canonical(kind, text, 200)
            return key if value and value not in known else ""
    return ""
