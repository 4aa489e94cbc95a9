"""A small hand-made week: everyday alerts on four servers, and one intrusion on its last day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Hit = dict[str, Any]
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NIGHT = MONDAY + timedelta(days=4, hours=12, minutes=20)
"""A moment in the middle of the intrusion, where a split into two runs hurts most."""
HOSTS = ("web01", "db01", "mail01", "files01")
STEPS = (
    ("Port scan", "T1046", "Discovery", 40),
    ("Web shell uploaded", "T1505.003", "Persistence", 73),
    ("Sudo by the web server", "T1548.003", "Privilege Escalation", 73),
    ("Shadow file read", "T1003.008", "Credential Access", 90),
    ("Large upload to unknown host", "T1048", "Exfiltration", 90),
)


def story() -> list[Hit]:
    """Return 205 hits in order of time."""
    everyday = [
        hit(f"n{day}-{hour}-{host}", MONDAY + timedelta(days=day, hours=hour), "Session opened", host, severity=5)
        for day in range(5)
        for hour in range(8, 18)
        for host in HOSTS
    ]
    start = MONDAY + timedelta(days=4, hours=12)
    intrusion = [
        hit(f"a{step}", start + timedelta(minutes=10 * step), rule, "web01", severity, technique, tactic)
        for step, (rule, technique, tactic, severity) in enumerate(STEPS)
    ]
    return sorted([*everyday, *intrusion], key=lambda one: str(one["_source"]["@timestamp"]))


def until(hits: Sequence[Hit], moment: datetime) -> list[Hit]:
    """Return the hits before a moment."""
    return [one for one in hits if one["_source"]["@timestamp"] < moment.isoformat()]


def hit(name: str, time: datetime, rule: str, host: str, severity: int, technique: str = "", tactic: str = "") -> Hit:
    """Return one alert of the story's sensor, as a hit."""
    threat = {"threat": {"technique": {"id": [technique]}, "tactic": {"name": [tactic]}}} if technique else {}
    source = {
        "@timestamp": time.isoformat(),
        "message": f"{rule} on {host}",
        "event": {"kind": "alert", "module": "sensor", "severity": severity},
        "rule": {"name": rule},
        "host": {"name": host},
        "user": {"name": "www-data" if technique else "backup"},
        **threat,
    }
    return {"_index": "alerts-sensor", "_id": name, "_source": source}
