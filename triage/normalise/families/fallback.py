"""A document of no known family: time, rule, severity and entities are found by names and looks of fields."""

import re
from collections.abc import Iterator
from typing import Any

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities, address, digest, domain, host, mailbox, url
from triage.normalise.family import STAMP, Family, Moment, at, collector
from triage.normalise.fields import Document, scalars

NAME = "fallback"

_LEAVES = 2000  # looked at, in document order
_RULES = (
    "rule.name",
    "alert.name",
    "rule",
    "signature",
    "alert.signature",
    "rule_name",
    "rulename",
    "alertname",
    "alert_name",
    "detectname",
    "detection_name",
    "threat_name",
    "modelname",
    "title",
    "note",
    "finding.title",
    "finding_info.title",
    "eventtype",
    "event_type",
    "event_simplename",
    "type",
    "category",
    "class_name",
    "classname",
    "name",
    "event",
    "action",
    "operationname",
    "message",
    "msg",
    "description",
    "summary",
)
_MESSAGES = ("message", "msg", "description", "summary", "reason", "displaymessage", "output", "title")
_SEVERITIES = (
    "severity",
    "severityname",
    "alertseverity",
    "severity_name",
    "priority",
    "risk",
    "threat_level",
    "level",
)
_SCORES = (
    "severity_score",
    "risk_score",
    "riskscore",
    "threatscore",
    "threat_score",
    "score",
    "severity_id",
    "severity",
)
_TIMES = (
    "timestamp",
    "ts",
    "time",
    "eventtime",
    "event_time",
    "starttime",
    "start_time",
    "start",
    "first_seen",
    "utctimestamp",
    "contexttimestamp",
    "published",
    "eventcreationtime",
    "event_timestamp",
    "createdat",
    "created_at",
    "creationtime",
    "createdtime",
    "created_time_utc",
    "created_time",
    "systemtime",
    "timegenerated",
    "lastseen",
    "last_seen",
    "updatedat",
    "updated_at",
    "date",
    "datetime",
)
_KEYS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(?:^|[._])(?:host_?name|computer_?name|device_?name|machine_?name|hostname|fqdn)$"), Kind.HOST, ""),
    (re.compile(r"(?:^|[._])host(?:\.name)?$"), Kind.HOST, ""),
    (re.compile(r"(?:target|dst|dest)_?user(?:_?name)?$"), Kind.USER, "target"),
    (re.compile(r"(?:^|[._])(?:src_?)?(?:user_?name|account_?name|user|srcuser|user\.name)$"), Kind.USER, ""),
    (
        re.compile(r"(?:src|source|client|orig|local|remote_?client).*(?:ip|addr|_h|address\w*)$"),
        Kind.ADDRESS,
        "source",
    ),
    (
        re.compile(r"(?:dst|dest|destination|server|resp|remote).*(?:ip|addr|_h|address\w*)$"),
        Kind.ADDRESS,
        "destination",
    ),
    (re.compile(r"(?:^|[._])(?:process_?name|image_?name|proc\.name|filename)$"), Kind.PROCESS, ""),
    (re.compile(r"(?:^|[._])(?:file_?path|filepath|image_?path)$"), Kind.FILE, ""),
)
_OF_A_THING = re.compile(r"(?:process|file|dll|user|agent|host|rule|x509|tls|threat)\.")
_SKIPPED = re.compile(
    r"(?:^|[._])(?:user_?agent|version|license|references?|portal|\w*(?:href|link)|incident_url)(?:$|[._])"
)
_DOMAIN_KEY = re.compile(r"domain|host|fqdn|dns|query|sni|server_name|url|site")
_HASH_KEY = re.compile(r"hash|md5|sha\d|checksum")


def facts(document: Document) -> Facts:
    """Return what can be told from an unknown document."""
    leaves = _leaves(document)
    found = _entities(document, leaves)
    product = _product(document, leaves)
    texts = [text for value in leaves.values() for text in scalars(value)]
    return Facts(
        detector=product,
        family=NAME,
        rule=_pick(document, leaves, _RULES) or f"{product} alert",
        rule_id=document.text("rule_id", "ruleId", "RuleId", "signature_id", "rule.id"),
        message=_pick(document, leaves, _MESSAGES),
        severity=_severity(leaves),
        techniques=attack.techniques(text for text in texts if len(text) < 200),
        tactics=attack.tactics(text for text in texts if len(text) < 40),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def moments(document: Document) -> Iterator[Moment]:
    """Return the fields of this document that may hold its time, the likeliest first."""
    yield from at((STAMP, "event"))(document)
    yield from named_times(document)


def named_times(document: Document) -> Iterator[Moment]:
    """Return fields that are called like a time, the likeliest first; not those that tell the age of a thing."""
    ranked = [
        (_TIMES.index(leaf), name.count("."), name)
        for name, leaf in ((name, name.rsplit(".", 1)[-1].lower()) for name in list(document.flat)[:_LEAVES])
        if leaf in _TIMES and not _OF_A_THING.match(name)
    ]
    return at(*((name, "event") for _, _, name in sorted(ranked)))(document)


def _leaves(document: Document) -> dict[str, Any]:
    """Return leaves by lower-case dotted name, at most ``_LEAVES``, also those of objects in lists (first of each)."""
    leaves: dict[str, Any] = {}
    for name, value in document.flat.items():
        if len(leaves) >= _LEAVES:
            break
        leaves.setdefault(name.lower(), value)
    return leaves


def _pick(document: Document, leaves: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the text of the first of these names, whole or as the last part of a field's name."""
    by_leaf: dict[str, Any] = {}
    for name, value in leaves.items():
        by_leaf.setdefault(name.rsplit(".", 1)[-1], value)
    for name in names:
        for value in scalars(leaves.get(name, by_leaf.get(name))):
            text = document.clean(value[: document.limits.field_chars * 4].lstrip().split("\n", 1)[0])
            if text and not text.lstrip("-").replace(".", "").isdigit():
                return text
    return ""


def _product(document: Document, leaves: dict[str, Any]) -> str:
    names = ("product", "product_name", "productname", "metadata.product.name", "vendor", "provider", "source")
    return _pick(document, leaves, names).lower()[:64] or "unknown"


def _severity(leaves: dict[str, Any]) -> float | None:
    """Return the severity by word; by number only where it can hardly be anything but 0-100."""
    found = None
    for name, value in leaves.items():
        leaf = name.rsplit(".", 1)[-1]
        first = value[0] if isinstance(value, list) and value else value
        if leaf in _SEVERITIES and not name.startswith("log."):
            found = severity.first(found, severity.from_word(first))
    if found is not None:
        return found
    for name, value in leaves.items():
        number = severity.number(value) if name.rsplit(".", 1)[-1] in _SCORES else None
        if number is not None and number > 10:
            return severity.percent(number)
    return None


def _entities(document: Document, leaves: dict[str, Any]) -> Entities:
    found = collector(document)
    for name, value in leaves.items():
        for pattern, kind, role in _KEYS:
            if pattern.search(name):
                _add(found, kind, role, value)
                break
    for name, value in leaves.items():
        if not _SKIPPED.search(name):
            for text in scalars(value):
                _by_shape(found, name, text)
    return found


def _add(found: Entities, kind: str, role: str, value: object) -> None:
    if kind == Kind.HOST:
        found.add_host([text for text in scalars(value) if not re.search(r"[\s/@]", text) and host(text[:256])])
    elif kind != Kind.USER or not isinstance(value, (int, float)):
        found.add(kind, role, value)


def _by_shape(found: Entities, name: str, text: str) -> None:
    """Add an entity whose kind shows in the value itself."""
    if not 3 < len(text) <= 1024 or " " in text:
        return
    if text.startswith("arn:") and "/finding/" not in text:
        found.add(Kind.CLOUD, "", text)
    elif address(text[:64]):
        if address(text[:64]) not in found.of(Kind.ADDRESS):
            found.add(Kind.ADDRESS, "", text)
    elif digest(text) and _HASH_KEY.search(name):
        found.add(Kind.HASH, "", text)
    elif mailbox(text) and not re.search(r"[/:]", text):
        found.add(Kind.MAILBOX, "", text)
    elif url(text):
        found.add(Kind.URL, "", text)
    elif "." in text and domain(text) and _DOMAIN_KEY.search(name):
        found.add(Kind.DOMAIN, "", text)


FAMILY = Family(
    name=NAME,
    claims=lambda _: True,
    facts=facts,
    moments=moments,
)
