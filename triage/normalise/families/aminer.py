"""Anomalies of the AMiner (logdata-anomaly-miner): a detector's name, an address and the raw log lines.

Its detectors give no severity. Fields: https://github.com/ait-aecid/logdata-anomaly-miner/wiki
"""

import re

from triage.columns import Facts
from triage.models import EntityKind as Kind
from triage.normalise.entities import Entities
from triage.normalise.family import INGESTED, STAMP, Family, at, collector
from triage.normalise.fields import Document, flatten, inner

NAME = "aminer"
_COMPONENT = "AnalysisComponent."
_ACCESS_LOG = re.compile(r"([0-9a-fA-F.:]{3,45}) \S+ \S+ \[")  # Apache: client, identity, user, [time]
_PRODUCT = re.compile(r"^AMiner:\s*")


def facts(document: Document) -> Facts:
    """Return what an anomaly says."""
    found = _entities(document)
    name = document.line(_COMPONENT + "AnalysisComponentName", _COMPONENT + "AnalysisComponentType")
    return Facts(
        detector=NAME,
        family=NAME,
        rule=_PRODUCT.sub("", name) or document.line(_COMPONENT + "Message") or "aminer anomaly",
        rule_id=document.text(_COMPONENT + "AnalysisComponentIdentifier"),
        message=document.line(_COMPONENT + "Message"),
        severity=None,
        techniques=(),
        tactics=(),
        principal=found.principal(),
        entities=found.sorted(),
        flags=(),
    )


def _entities(document: Document) -> Entities:
    found = collector(document)
    for line in document.texts("LogData.RawLogData"):
        event = inner(line)
        if isinstance(event, dict):
            flat = flatten(event, document.limits.depth)
            found.add_host(flat.get("host.name", flat.get("host")))
        else:
            client = _ACCESS_LOG.match(line)
            found.add(Kind.ADDRESS, "source", client[1] if client else None)
    found.add_host(document.raw("AMiner.ID"))
    return found


FAMILY = Family(
    name=NAME,
    claims=lambda document: any(name.startswith(_COMPONENT) for name in document.flat),
    facts=facts,
    moments=at(
        ("LogData.Timestamps", "event"), (STAMP, "event"), ("LogData.DetectionTimestamp", "detected"), *INGESTED
    ),
)
