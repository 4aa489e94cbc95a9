"""The columnar schemas of a run: what a batch of alerts, its facts, and the activities look like.

A batch is dictionary-encoded: a night of 600,000 alerts says only a few thousand different things, so
everything an alert says (a *fact*) is stored once in a facts table and an alert row only points at it.
All times are microseconds since the epoch, UTC (Int64), so that ordering and gaps are integer arithmetic.
"""

from typing import NamedTuple

import polars as pl

from triage.models import EntityRef

TimeSource = str
"""What ``time`` is: 'event' (when it happened), 'detected' (rule ran), 'ingested', or 'run' (none usable)."""

ENTITY = pl.Struct({"kind": pl.String, "role": pl.String, "value": pl.String})

FACTS = pl.Schema(
    {
        "fact": pl.UInt32(),  # row number within the batch
        "detector": pl.String(),  # product that wrote the alert: wazuh, suricata, aminer, elastic, defender, ...
        "family": pl.String(),  # normaliser that understood it
        "rule": pl.String(),  # rule name as an analyst knows it; never empty
        "rule_id": pl.String(),  # '' where the vendor has none
        "message": pl.String(),  # cleaned, bounded text of what happened; '' where there is none
        "severity": pl.Float32(),  # 0-100 calibrated over vendors; null = the document says nothing
        "techniques": pl.List(pl.String),  # sorted ATT&CK/ICS/ATLAS ids
        "tactics": pl.List(pl.String),  # sorted ATT&CK short names, e.g. lateral-movement
        "principal": pl.String(),  # the entity this alert is mainly about, as kind:value; '' where unknown
        "entities": pl.List(ENTITY),  # sorted, unique, bounded
        "flags": pl.List(pl.String),  # building_block, sequence, resolved, time_missing, ...
    }
)

ALERTS = pl.Schema(
    {
        "time": pl.Int64(),  # microseconds since the epoch
        "time_source": pl.String(),
        "index": pl.String(),
        "id": pl.String(),
        "fact": pl.UInt32(),
        "part": pl.UInt32(),  # raw segment that holds the document, see ports.RawStore
        "line": pl.UInt32(),  # its line there
    }
)

DEAD_LETTERS = pl.Schema(
    {
        "index": pl.String(),
        "id": pl.String(),  # ORIGIN#HASH where the document has none or could not be parsed
        "origin": pl.String(),  # file:line or index/id
        "reason": pl.String(),
        "excerpt": pl.String(),
    }
)

DOUBTS = pl.Schema(
    {
        "fact": pl.UInt32(),
        "passage": pl.String(),  # may mean an order to the reader, see trust.doubts; one row per fact and passage
    }
)

ACTIVITIES = pl.Schema(
    {
        "activity": pl.String(),  # stable key: hash of signature, principal and first alert
        "signature": pl.String(),  # stable key of the signature
        "detector": pl.String(),
        "rule": pl.String(),
        "message": pl.String(),  # masked
        "principal": pl.String(),  # kind:value
        "first": pl.Int64(),  # microseconds
        "last": pl.Int64(),
        "count": pl.UInt32(),  # alerts
        "variety": pl.UInt32(),  # distinct things its alerts say: 1 for the same alert over and over
        "severity": pl.Float32(),  # highest of its alerts, null = unknown
        "techniques": pl.List(pl.String),
        "tactics": pl.List(pl.String),
        "entities": pl.List(ENTITY),  # union over its alerts, bounded per kind
        "entity_total": pl.UInt32(),  # true number of distinct entities
        "flags": pl.List(pl.String),
    }
)


class Facts(NamedTuple):
    """What one alert says, without its identity and time. Hashable, so equal facts are stored once."""

    detector: str
    family: str
    rule: str
    rule_id: str
    message: str
    severity: float | None
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]
    principal: str
    entities: tuple[EntityRef, ...]
    flags: tuple[str, ...]


_NO_DOUBTS = pl.DataFrame(schema=DOUBTS)


class Batch(NamedTuple):
    """A normalised page or a merged set of pages. ``alerts.fact`` and ``doubts.fact`` index ``facts.fact``."""

    alerts: pl.DataFrame
    facts: pl.DataFrame
    dead_letters: pl.DataFrame
    doubts: pl.DataFrame = _NO_DOUBTS
