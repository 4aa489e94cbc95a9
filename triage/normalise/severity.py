"""One severity scale for all products: 0 (nothing) to 100 (worst), None where the document says nothing.

The anchors are Elastic's risk scores: low 21, medium 47, high 73, critical 99
(https://www.elastic.co/docs/solutions/security/detect-and-alert/create-detection-rule). Every other scale is laid onto
them by what its vendor says the value means:

* Wazuh ``rule.level`` 0-16: low up to 6, medium 7-11, high 12-14, critical from 15
  (https://documentation.wazuh.com/current/user-manual/ruleset/rules/rules-classification.html).
* Suricata and Snort ``priority``: 1 is worst (https://docs.suricata.io/en/latest/rules/meta.html#priority).
* Syslog priorities (Falco) from emergency to debug, RFC 5424.
* OCSF ``severity_id`` 1 informational to 6 fatal (https://schema.ocsf.io).
* Microsoft Defender through Elastic: 1 informational to 4 high, as its documents say beside the word itself.
* GuardDuty 1-10: low below 4, medium below 7, high below 9, then critical
  (https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html).
"""

import math
from collections.abc import Sequence

WORDS = {
    "informational": 5.0,
    "information": 5.0,
    "info": 5.0,
    "debug": 0.0,
    "none": 0.0,
    "notice": 15.0,
    "low": 21.0,
    "minor": 21.0,
    "warn": 35.0,
    "warning": 35.0,
    "moderate": 47.0,
    "medium": 47.0,
    "suspicious": 47.0,
    "error": 60.0,
    "err": 60.0,
    "high": 73.0,
    "major": 73.0,
    "important": 73.0,
    "severe": 85.0,
    "alert": 90.0,
    "malicious": 90.0,
    "crit": 99.0,
    "critical": 99.0,
    "fatal": 100.0,
    "emerg": 100.0,
    "emergency": 100.0,
}

Points = Sequence[tuple[float, float]]
WAZUH: Points = ((0, 0), (3, 10), (6, 30), (7, 40), (11, 60), (12, 68), (14, 85), (15, 95), (16, 99))
GUARDDUTY: Points = ((0, 0), (1, 10), (2, 21), (5, 47), (8, 73), (10, 99))
TEN: Points = ((0, 0), (10, 100))
SURICATA = {1: 73.0, 2: 47.0, 3: 21.0, 4: 10.0}
DEFENDER = {1: 5.0, 2: 21.0, 3: 47.0, 4: 73.0}
OCSF = {1: 5.0, 2: 21.0, 3: 47.0, 4: 73.0, 5: 99.0, 6: 100.0}
CROWDSTRIKE = {1: 5.0, 2: 21.0, 3: 47.0, 4: 73.0, 5: 99.0}


def number(value: object) -> float | None:
    """Return a finite number from a number or a numeric text, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value[:32] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def from_word(value: object) -> float | None:
    """Return the severity of a word such as 'High' or 'Informational '."""
    return WORDS.get(value[:32].strip().lower()) if isinstance(value, str) else None


def on_scale(value: object, points: Points) -> float | None:
    """Return a number laid onto 0-100 by straight lines between ``points`` (value, severity), clamped at both ends."""
    found = number(value)
    if found is None:
        return None
    low_x, low_y = points[0]
    for x, y in points:
        if found <= x:
            step = max(found - low_x, 0) / (x - low_x) if x > low_x else 0
            return round(low_y + (y - low_y) * step, 1)
        low_x, low_y = x, y
    return low_y


def in_steps(value: object, steps: dict[int, float]) -> float | None:
    """Return the severity of a step such as Suricata's 1-4; a step that is not listed says nothing."""
    found = number(value)
    return steps.get(int(found)) if found is not None and found.is_integer() else None


def percent(value: object) -> float | None:
    """Return a number that already counts from 0 to 100, clamped."""
    found = number(value)
    return None if found is None else min(max(found, 0.0), 100.0)


def first(*found: float | None) -> float | None:
    """Return the first severity that is known."""
    return next((severity for severity in found if severity is not None), None)
