"""What a generator hands around: moments, alert documents, and the steps of an attack.

The truth (``Step.phase``) travels beside the alert, never inside its document.
"""

from datetime import datetime
from typing import Any, NamedTuple

Document = dict[str, Any]
"""A JSON object as it lies in Elasticsearch: strings, numbers, booleans, lists and objects only."""


class Moment(NamedTuple):
    """When something happened, with the id that the document about it derives its own ids from."""

    at: datetime
    """Aware, UTC."""
    uid: str
    """64 hex digits, unique within a scenario and the same for the same seed."""


class Alert(NamedTuple):
    """A document with its place in Elasticsearch."""

    time: datetime
    """When it happened; documents are written in this order."""
    index_name: str
    id: str
    source: Document


class Step(NamedTuple):
    """One alert that an attack caused."""

    phase: str
    """ATT&CK short name of the tactic, e.g. initial-access."""
    alert: Alert
    certain: bool = True
    """False where only the time fits, so that a scorer counts it neither for nor against."""
