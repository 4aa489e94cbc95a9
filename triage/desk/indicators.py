"""The indicators of incidents: what another team can search for or block, and what STIX has a pattern for."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from triage.models import Entity, EntityKind, Incident
from triage.trust.untrusted import clean, defang

HASHES: Final = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
"""Length of a hexadecimal hash -> its name in STIX."""
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_KINDS: Final = (EntityKind.ADDRESS, EntityKind.DOMAIN, EntityKind.URL, EntityKind.HASH, EntityKind.MAILBOX)
_CHARS: Final = 1000


class Indicator(NamedTuple):
    """One value that was seen in incidents."""

    kind: EntityKind
    value: str

    def shown(self, *, defanged: bool) -> str:
        """Return the value cleaned, and so that nobody follows it by accident where that is wanted."""
        value = clean(self.value, _CHARS)
        return defang(value) if defanged and self.kind != EntityKind.HASH else value


def indicators(incidents: Iterable[Incident], *, internal: bool = False) -> list[Indicator]:
    """Return the distinct indicators by kind, then as the incidents name them.

    Private and other addresses that mean something else in every network, and the names of the incidents' own hosts,
    are left out unless ``internal``.
    """
    entities = [entity for incident in incidents for entity in incident.entities]
    hosts = set() if internal else {entity.value for entity in entities if entity.kind == EntityKind.HOST}
    found = [
        Indicator(entity.kind, entity.value)
        for entity in entities
        if _tells(entity, internal=internal) and not (entity.kind == EntityKind.DOMAIN and entity.value in hosts)
    ]
    return sorted(dict.fromkeys(found), key=lambda indicator: _KINDS.index(indicator.kind))


def _tells(entity: Entity, *, internal: bool) -> bool:
    if entity.kind == EntityKind.ADDRESS:
        found = address(entity.value)
        return found is not None and (internal or found.is_global)
    return entity.kind in _KINDS


def address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an IP address, or None where the value is none."""
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def hash_name(value: str) -> str | None:
    """Return the algorithm a hash has the length of."""
    return HASHES.get(len(value)) if _HEX.fullmatch(value) else None
