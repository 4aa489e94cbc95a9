"""The questions behind "what would flip the verdict": read back from the KQL in the sentence, to be run here.

Only what ``triage.casework.kql`` writes is understood: one rule or one entity, and bounds of time.
"""

import re
from datetime import datetime

from triage.casework.kql import FIELDS
from triage.desk.pivots import Question

_NAMED = re.compile(r'([\w.]+) : "((?:[^"\\]|\\.)*)"')
_SINCE = re.compile(r'@timestamp >= "([^"]+)"')
_UNTIL = re.compile(r'@timestamp < "([^"]+)"')
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)", re.DOTALL)
_KIND_OF = {field: kind for kind, fields in FIELDS.items() for field in fields} | {
    "rule.name": "rule",
    "kibana.alert.rule.name": "rule",
}


def question(sentence: str) -> Question | None:
    """Return the question a sentence ends in; None where it has no query that can be run here."""
    _, marker, query = sentence.partition("KQL: ")
    found = _NAMED.search(query) if marker else None
    kind = _KIND_OF.get(found[1]) if found else None
    if found is None or kind is None:
        return None
    return Question(kind, _plain(found[2]), _moment(_SINCE.search(query)), _moment(_UNTIL.search(query)))


def _plain(literal: str) -> str:
    """Return the value of a KQL string literal; characters beyond the first plane are two escapes."""
    text = _ESCAPE.sub(lambda one: chr(int(one[1][1:], 16)) if len(one[1]) > 1 else one[1], literal)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _moment(found: re.Match[str] | None) -> datetime | None:
    return datetime.fromisoformat(found[1]) if found else None
