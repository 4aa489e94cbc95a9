"""Sigma results of Zircolite: one object per rule with the Windows events that matched it, or one match each.

An object with several matches becomes one alert at the time of its first match with the entities of all, flagged
``matches:N``. Format: https://github.com/wagga40/Zircolite
"""

from collections.abc import Iterator
from typing import Any

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise import attack, severity
from triage.normalise.entities import Entities
from triage.normalise.families import windows
from triage.normalise.family import INGESTED, STAMP, Family, Moment, at, collector
from triage.normalise.fields import Document, objects
from triage.normalise.timestamps import parse_time

NAME = "zircolite"
_TIMES = ("UtcTime", "SystemTime", "@timestamp", "TimeCreated", "timestamp", "EventTime")


def facts(document: Document) -> Facts:
    """Return what a Sigma rule found."""
    found = collector(document)
    matches = _matches(document)
    for match in matches:
        _add_match(found, match)
    techniques, tactics = attack.from_tags(document.texts("tags"))
    return Facts(
        detector="sigma",
        family=NAME,
        rule=document.line("title", "rule.title") or "sigma rule",
        rule_id=document.text("id", "rule_id"),
        message=document.line("description", "title"),
        severity=severity.from_word(document.scalar("rule_level", "level")),
        techniques=techniques,
        tactics=tactics,
        principal=found.principal(),
        entities=found.sorted(),
        flags=(f"matches:{len(matches)}",) if len(matches) > 1 else (),
    )


def moments(document: Document) -> Iterator[Moment]:
    """Return the earliest time of the matches, then what the document itself may say."""
    times = [
        time for match in _matches(document) for name in _TIMES if (time := parse_time(match.get(name))) is not None
    ]
    if times:
        # microseconds since the epoch, written as nanoseconds so that the size tells the unit
        yield Moment("matches", min(times) * 1_000, "event")
    yield from at((STAMP, "event"), ("timestamp", "event"), *INGESTED)(document)


def _matches(document: Document) -> list[dict[str, Any]]:
    source = document.source
    return objects(source.get("matches", source.get("match", source)))


def _add_match(found: Entities, match: dict[str, Any]) -> None:
    found.add_host(match.get("Computer", match.get("Hostname")))
    windows.add_event(found, match.get)
    found.add(Kind.USER, "", match.get("AccountName"))


FAMILY = Family(
    name=NAME,
    claims=lambda document: (
        "title" in document and ("rule_level" in document or "matches" in document or "match" in document.source)
    ),
    facts=facts,
    moments=moments,
)
