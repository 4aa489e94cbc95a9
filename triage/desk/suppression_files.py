"""A draft in the languages of rule owners: Sigma filters, and exception items of Elastic Security.

Values were written by attackers, so nothing of them may widen a filter: Sigma's wildcards are escaped, and Elastic's
``match`` knows none. Formats: Sigma Filters Specification 2.0; Kibana exceptions API 8.19.
"""

import json
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import yaml

from triage.desk.suppression import Condition, Draft
from triage.trust.untrusted import clean

_SPECIAL = re.compile(r"[*?\\]")


def as_sigma(draft: Draft) -> str:
    """Return one YAML document per rule, in ASCII; '' for a draft that is refused."""
    documents = [_sigma(draft, list(group)) for group in _by_rule(draft.conditions)]
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, width=120) if documents else ""


def as_elastic(draft: Draft) -> str:
    """Return JSON with the exception items of each rule, to be sent to ``POST /api/exception_lists/items``."""
    rules = [_elastic(draft, list(group)) for group in _by_rule(draft.conditions)]
    return json.dumps({"draft_id": draft.draft_id, "incident_id": draft.incident_id, "rules": rules}, indent=2) + "\n"


def _by_rule(conditions: Sequence[Condition]) -> list[list[Condition]]:
    ordered = sorted(conditions, key=lambda one: (one.detector, one.rule, one.rule_id, one.model_dump_json()))
    return [list(group) for _, group in groupby(ordered, key=lambda one: (one.detector, one.rule, one.rule_id))]


def _sigma(draft: Draft, conditions: Sequence[Condition]) -> dict[str, Any]:
    rule = conditions[0]
    selections = {
        f"harmless_{number}": {field.field: literal(field.value) for field in one.entities}
        for number, one in enumerate(conditions, start=1)
    }
    return {
        "title": clean(f"Harmless here: {rule.rule}", 256),
        "id": _uuid(draft.draft_id, rule.detector, rule.rule, rule.rule_id),
        "description": _described(draft),
        "status": "experimental",
        "date": f"{draft.created:%Y-%m-%d}",
        "expires": f"{draft.expires:%Y-%m-%d}",
        "logsource": {"product": rule.detector},
        "filter": {"rules": [rule.rule_id or rule.rule], **selections, "condition": "not 1 of harmless_*"},
    }


def literal(value: str) -> str:
    """Return a Sigma value in which nothing is a wildcard."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], value)


def _elastic(draft: Draft, conditions: Sequence[Condition]) -> dict[str, Any]:
    rule = conditions[0]
    items = [_item(draft, condition) for condition in conditions]
    return {"rule": {"name": rule.rule, "rule_id": rule.rule_id, "detector": rule.detector}, "items": items}


def _item(draft: Draft, condition: Condition) -> dict[str, Any]:
    name = f"{draft.incident_id}: {condition.entities[0].field} {condition.entities[0].value}"
    entries = [
        {"field": one.field, "type": "match", "operator": "included", "value": one.value} for one in condition.entities
    ]
    return {
        "item_id": _uuid(draft.draft_id, condition.model_dump_json()),
        "name": clean(name, 200),
        "description": _described(draft),
        "type": "simple",
        "namespace_type": "single",
        "os_types": [],
        "tags": ["triage", f"triage:{draft.incident_id}"],
        "comments": [],
        "expire_time": f"{draft.expires:%Y-%m-%dT%H:%M:%S.000Z}",
        "entries": entries,
    }


def _described(draft: Draft) -> str:
    hidden = draft.hidden
    counted = ", ".join(f"{count:,} {outcome}" for outcome, count in hidden.outcomes.items())
    told = f"Drafted from {draft.incident_id} ({draft.title}). Over all that is kept it would have hidden "
    return clean(f"{told}{hidden.alerts:,} alerts ({counted}). Expires {draft.expires:%Y-%m-%d}.", 1000)


def _uuid(*parts: str) -> str:
    """Return a stable UUID: the same draft twice is the same item."""
    return str(uuid5(NAMESPACE_OID, "\x1f".join(parts)))
