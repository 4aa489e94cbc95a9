"""The families, asked in this order: the first that claims a document reads it."""

from collections.abc import Sequence
from typing import NamedTuple

from triage.normalise.families import (
    aminer,
    crowdstrike,
    darktrace,
    defender,
    ecs,
    elastic_security,
    falco,
    fallback,
    guardduty,
    integrations,
    ocsf,
    okta,
    sentinel,
    suricata,
    vectra,
    wazuh,
    zeek,
    zircolite,
)
from triage.normalise.family import Family
from triage.normalise.fields import Document, inner

VENDORS: tuple[Family, ...] = (
    elastic_security.FAMILY,
    sentinel.FAMILY,
    zircolite.FAMILY,
    aminer.FAMILY,
    suricata.FAMILY,
    wazuh.FAMILY,
    guardduty.FAMILY,
    okta.FAMILY,
    ocsf.FAMILY,
    defender.FAMILY,
    crowdstrike.FAMILY,
    falco.FAMILY,
    darktrace.FAMILY,
    vectra.FAMILY,
    zeek.FAMILY,
)
FAMILIES: tuple[Family, ...] = (*VENDORS, integrations.FAMILY, ecs.FAMILY, fallback.FAMILY)
_GENERIC = (ecs.FAMILY, fallback.FAMILY)

_PREFIX_CHARS = 24  # of a syslog-like prefix before JSON, e.g. "vectra_json_v2 -: {"


class Claimed(NamedTuple):
    """A family and the document it reads."""

    family: Family
    document: Document


def claimed(document: Document, own: Sequence[Family] = ()) -> Claimed:
    """Return the family that understands this document: the first of a team's own, else of ours, of which one does.

    A shipper that does not parse puts the vendor's whole event as JSON into ``message``; where no rule is named beside
    it, a vendor's family reads that. Elastic's own alerts never travel this way, so they are not looked for.
    """
    family = next(family for family in (*own, *FAMILIES) if family.claims(document))
    if family not in _GENERIC or document.text("rule.name"):
        return Claimed(family, document)
    carried = _carried(document)
    if carried is not None:
        for vendor in (*own, *VENDORS[1:]):
            if vendor.claims(carried):
                return Claimed(vendor, carried)
    return Claimed(family, document)


def _carried(document: Document) -> Document | None:
    text = document.scalar("message")
    if not isinstance(text, str) or "{" not in text[:_PREFIX_CHARS]:
        return None
    event = inner(text[text.index("{") :])
    return Document(event, document.limits) if isinstance(event, dict) else None
