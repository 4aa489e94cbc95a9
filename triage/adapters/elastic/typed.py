"""Exact-match clauses that fit each field's type: what is a keyword here is a text or an ip elsewhere."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

Types = Mapping[str, frozenset[str]]
"""Field name -> the types it has over the searched indices (usually one)."""
_WORDS = frozenset({"keyword", "constant_keyword", "wildcard"})


def types_of(field_caps: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the types of the fields in an answer of ``_field_caps``, objects left out."""
    found = {name: frozenset(kinds) - {"object", "nested", "unmapped"} for name, kinds in field_caps["fields"].items()}
    return {name: kinds for name, kinds in found.items() if kinds}


def with_subfields(names: Iterable[str]) -> list[str]:
    """Return the names with ``.keyword`` beside each, as a dynamic mapping makes it."""
    return [spelt for name in names for spelt in (name, f"{name}.keyword")]


def equals_any(names: Iterable[str], value: str, types: Types) -> dict[str, Any]:
    """Return a query for documents that have the value in one of the fields; matches nothing where none is mapped."""
    clauses = [clause for name in names for clause in _equals(name, value, types)]
    return {"bool": {"should": clauses, "minimum_should_match": 1}} if clauses else {"match_none": {}}


def word_fields(names: Iterable[str], types: Types) -> list[str]:
    """Return those of the fields, or their subfields, whose values can be counted in every index."""
    return [spelt for spelt in with_subfields(names) if spelt in types and types[spelt] <= _WORDS]


def grouping_field(names: Iterable[str], types: Types) -> str:
    """Return the first of the fields or subfields that documents of every index can be grouped by; '' = none."""
    countable = _WORDS | {"ip"}
    return next((spelt for spelt in with_subfields(names) if spelt in types and types[spelt] <= countable), "")


def _equals(name: str, value: str, types: Types) -> Iterable[dict[str, Any]]:
    kinds = types.get(name, frozenset())
    if "ip" in kinds:
        if _is_address(value):
            yield {"term": {name: value}}
        return
    words = [spelt for spelt in with_subfields([name]) if types.get(spelt, frozenset()) & _WORDS]
    yield from ({"term": {spelt: {"value": value, "case_insensitive": True}}} for spelt in words)
    if not words and ("text" in kinds or "match_only_text" in kinds):
        yield {"match_phrase": {name: value}}


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
