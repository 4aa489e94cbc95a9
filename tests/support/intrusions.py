"""Alerts of intrusions that are regrouped: one step every three minutes on one host by one user."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
RULES = ("Credential dumping", "Ransomware note written", "Shadow copies deleted", "New service installed")


def hit(number: int, rule: str, host: str, user: str, minute: float) -> bytes:
    """Make one line of NDJSON."""
    source = {
        "@timestamp": (FIRST + timedelta(minutes=minute)).isoformat(),
        "event": {"kind": "alert", "module": "endpoint", "severity": 90},
        "rule": {"name": rule},
        "host": {"name": host},
        "user": {"name": user},
        "message": rule,
    }
    return orjson.dumps({"_index": "alerts", "_id": f"a{number}", "_source": source})


def attack(host: str, user: str, minute: float, first: int = 0, rules: Sequence[str] = RULES) -> list[bytes]:
    """Make the lines of an intrusion that begins ``minute`` minutes after the first."""
    return [hit(first + place, rule, host, user, minute + place * 3) for place, rule in enumerate(rules)]
