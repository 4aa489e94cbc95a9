"""The families, asked in this order: the first that claims a document reads it."""

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
FAMILIES: tuple[Family, ...] = (*VENDORS, ecs.FAMILY, fallback.FAMILY)

_PREFIX_CHARS = 24  # of a syslog-like prefix before JSON, e.g. "vectra_json_v2 -: {"


class Claimed(NamedTuple):
    """A family and the document it reads."""

    family: Family
    document: Document


def claimed(document: Document) -> Claimed:
    """Return the family that understands this document; the last one claims all.

    A shipper that does not parse puts the vendor's whole event as JSON into ``message``; where no rule is named beside
    it, a vendor's family reads that. Elastic's own alerts never travel this way, so they are not looked for.
    """
    family = next(family for family in FAMILIES if family.claims(document))
    if family in VENDORS or document.text("rule.name"):
        return Claimed(family, document)
    carried = _carried(document)
    if carried is not None:
        for vendor in VENDORS[1:]:
            if vendor.claims(carried):
                return Claimed(vendor, carried)
    return Claimed(family, document)


def _carried(document: Document) -> Document | None:
    text = document.scalar("message")
    if not isinstance(text, str) or "{" not in text[:_PREFIX_CHARS]:
        return None
    event = inner(text[text.index("{") :])
    return Document(event, document.limits) if isinstance(event, dict) else None
