"""The query behind an incident, in the three languages analysts paste into Elastic: KQL, query DSL and ES|QL.

Each asks for what the incident's entities did in its time. Nothing here is executed by this program, and no name that
an attacker chose can end a string, add a clause or act on the terminal the query is pasted in.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from triage.casework import kql
from triage.desk.indicators import address
from triage.models import Entity, EntityKind, Incident

ENTITIES = 20
"""Entities named in a query, those with most alerts first; a query with thousands would be refused."""
ROWS = 1000
_UNNAMED = {EntityKind.LINEAGE, EntityKind.LOGON}


class _Wanted(NamedTuple):
    entities: tuple[Entity, ...]
    since: datetime
    until: datetime


def _wanted(incident: Incident) -> _Wanted:
    """Choose the entities that hosts and people are found by; where there are none, whatever there is."""
    ranked = sorted(incident.entities, key=lambda entity: (-entity.alert_count, entity.kind, entity.value))
    named = [entity for entity in ranked if entity.kind not in _UNNAMED and entity.kind in kql.FIELDS]
    return _Wanted(tuple(named[:ENTITIES]), incident.first_seen, kql.just_after(incident.last_seen))


def as_kql(incident: Incident) -> str:
    """Return the query for Kibana's search bar."""
    wanted = _wanted(incident)
    named = " or ".join(kql.entity(entity.kind, entity.value) for entity in wanted.entities)
    return kql.every(f"({named})" if named else "", kql.within(wanted.since, wanted.until))


def as_dsl(incident: Incident) -> str:
    """Return the query as the body of a ``_search`` request, in ASCII."""
    wanted = _wanted(incident)
    window = {"gte": _iso(wanted.since), "lt": _iso(wanted.until)}
    bool_query: dict[str, Any] = {"filter": [{"range": {"@timestamp": window}}]}
    terms = [{"term": {field: {"value": value}}} for field, value in _pairs(wanted.entities)]
    if terms:
        bool_query |= {"should": terms, "minimum_should_match": 1}
    body = {"size": ROWS, "sort": [{"@timestamp": "asc"}], "query": {"bool": bool_query}}
    return json.dumps(body, indent=2)


def as_esql(incident: Incident, indices: Sequence[str]) -> str:
    """Return the query for ES|QL over the given index patterns. A field that no index maps must be taken out."""
    wanted = _wanted(incident)
    window = f'@timestamp >= "{_iso(wanted.since)}" AND @timestamp < "{_iso(wanted.until)}"'
    named = " OR ".join(_equals(field, value) for field, value in _pairs(wanted.entities))
    lines = [f"FROM {', '.join(_literal(index) for index in indices)}", f"| WHERE {window}"]
    lines += [f"| WHERE {named}"] if named else []
    return "\n".join((*lines, "| SORT @timestamp", f"| LIMIT {ROWS}"))


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"


def _pairs(entities: Sequence[Entity]) -> Iterator[tuple[str, str]]:
    """Yield field and value to compare; an address field takes nothing but addresses."""
    for entity in entities:
        for field in kql.FIELDS[entity.kind]:
            if not field.endswith(".ip") or address(entity.value):
                yield field, entity.value


def _equals(field: str, value: str) -> str:
    """Return a comparison; a character that cannot be shown is matched as any one character."""
    if value.isprintable():
        return f"{field} == {_literal(value)}"
    shown = [f"\\{one}" if one in "\\*?" else one if one.isprintable() else "?" for one in value]
    return f"{field} LIKE {_literal(''.join(shown))}"


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
