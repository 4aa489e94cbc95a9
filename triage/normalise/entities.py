"""Entities of one alert, in one spelling each, so that different detectors' alerts share them."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from triage.models import EntityKind, EntityRef
from triage.normalise.fields import scalars
from triage.normalise.text import NOTHING, clean

_CHARS = 1024  # of a raw value that are looked at; what is kept is bounded by the limits
_PORT = re.compile(r"^(\d+\.\d+\.\d+\.\d+):\d+$")
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)+[a-z][a-z0-9-]{1,62}$")
_MAILBOX = re.compile(r"[^@\s<>\"]{1,128}@[^@\s<>\"]{1,253}$")
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^/?#]{1,255})")
_NO_LOGON = frozenset({"0x0", "0", "0x3e7", "999", "0x3e4", "996", "0x3e5", "997"})
_SYSTEM_USERS = frozenset({"system", "localsystem", "local service", "network service", "anonymous logon", "nobody"})
_PRINCIPALS = (
    EntityKind.HOST,
    EntityKind.DEVICE,
    EntityKind.MODEL,
    EntityKind.MAILBOX,
    EntityKind.USER,
    EntityKind.CLOUD,
)
_INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)
_ADDRESS_ROLES = ("host", "source", "", "destination")


@lru_cache(maxsize=16384)
def address(text: str) -> str:
    """Return an IP address in canonical form, '' for anything else and for loopback and unspecified addresses."""
    text = text.strip().split("/", 1)[0].split("%", 1)[0].strip("[]")
    port = _PORT.match(text)
    try:
        found = ipaddress.ip_address(port[1] if port else text)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return "" if found.is_loopback or found.is_unspecified else str(found)


@lru_cache(maxsize=16384)
def is_internal(text: str) -> bool:
    """Tell whether a canonical address is one of an internal network: RFC 1918, 4193, 6598 or link-local."""
    found = ipaddress.ip_address(text)
    return any(found in network for network in _INTERNAL)


def host(text: str) -> str:
    """Return a host name in lower case without the final dot."""
    name = text.strip().strip("\\").rstrip(".").lower()
    return "" if name == "localhost" or name.startswith("localhost.") else name


def user(text: str) -> str:
    r"""Return the account name in lower case, without ``DOMAIN\`` before it, ``@domain`` or ``(uid=0)`` after it."""
    name = text.strip().rsplit("\\", 1)[-1].split("(uid=", 1)[0]
    return (name.split("@", 1)[0] or name).lower()


def digest(text: str) -> str:
    """Return an MD5, SHA-1, SHA-256 or SHA-512 in lower case; '' for anything else and for all zeros."""
    found = text.strip().lower()
    return found if _HASH.match(found) and found.strip("0") else ""


def domain(text: str) -> str:
    """Return a domain name in lower case; '' for addresses and for what is no domain."""
    name = text.strip().rstrip(".").lower()
    return name if _DOMAIN.match(name) else ""


def url(text: str) -> str:
    """Return a URL with scheme and host in lower case; '' without a scheme."""
    text = text.strip()
    found = _URL.match(text)
    return found[1].lower() + found[2].lower() + text[found.end() :] if found else ""


def mailbox(text: str) -> str:
    """Return a mail address in lower case, without a display name."""
    name = text.strip().rstrip(">").rsplit("<", 1)[-1].lower()
    return name if _MAILBOX.match(name) else ""


def path(text: str) -> str:
    """Return a file path; Windows paths in lower case, since Windows does not care."""
    name = text.strip().strip('"')
    return name.lower() if "\\" in name else name


def process(text: str) -> str:
    """Return the name of a program in lower case, without its folder."""
    return re.split(r"[\\/]", text.strip().strip('"'))[-1].lower()


_CANONICAL: dict[str, Callable[[str], str]] = {
    EntityKind.HOST: host,
    EntityKind.USER: user,
    EntityKind.ADDRESS: address,
    EntityKind.PROCESS: process,
    EntityKind.LINEAGE: lambda text: text.strip().strip("{}").lower() if text.strip("{}0-") else "",
    EntityKind.LOGON: lambda text: "" if text.rsplit("/", 1)[-1].lower() in _NO_LOGON else text.lower(),
    EntityKind.HASH: digest,
    EntityKind.FILE: path,
    EntityKind.DOMAIN: domain,
    EntityKind.URL: url,
    EntityKind.MAILBOX: mailbox,
    EntityKind.CLOUD: str.strip,
    EntityKind.DEVICE: lambda text: text.strip().lower(),
    EntityKind.MODEL: lambda text: text.strip().lower(),
    EntityKind.SERVICE: lambda text: text.strip().lower(),
}


@lru_cache(maxsize=16384)
def canonical(kind: str, text: str, limit: int) -> str:
    """Return the one spelling of an entity's value, cleaned and bounded; '' where it names nothing."""
    if text.strip().lower() in NOTHING:
        return ""
    value = clean(_CANONICAL[kind](text), limit)
    return "" if value.lower() in NOTHING else value


class Entities:
    """Collects the entities of one alert. Add the important ones first: what exceeds the limit is dropped last-in."""

    __slots__ = ("_chars", "_found", "_limit")

    def __init__(self, limit: int, chars: int) -> None:
        self._limit = limit
        self._chars = chars
        self._found: dict[EntityRef, None] = {}

    def add(self, kind: str, role: str, value: object) -> None:
        """Add a scalar or a list of them; values that name nothing are ignored."""
        if type(value) is str:
            self._add(kind, role, value)
        elif value is not None:
            for text in scalars(value):
                self._add(kind, role, text)

    def _add(self, kind: str, role: str, text: str) -> None:
        if len(self._found) >= self._limit:
            return
        found = canonical(kind, text[:_CHARS], self._chars)
        if found:
            self._found[EntityRef(kind, role, found)] = None
        if kind == EntityKind.USER and "@" in text:
            self._add(EntityKind.MAILBOX, role, text)

    def add_host(self, value: object, role: str = "") -> None:
        """Add a host by name; a name that is an address becomes an address."""
        for text in scalars(value):
            if text[:3].upper() == "IP-" and address(text[3:67]):  # how Vectra names a host that it only has seen
                text = text[3:]  # noqa: PLW2901
            kind = EntityKind.ADDRESS if address(text[:64]) else EntityKind.HOST
            self.add(kind, role if kind == EntityKind.HOST else role or "host", text)

    def add_logons(self, ids: Iterable[str]) -> None:
        """Add logon session ids, after the host: they count up from boot, so only both together name a session."""
        hosts = self.of(EntityKind.HOST)
        if hosts:
            for text in ids:
                self.add(EntityKind.LOGON, "", f"{hosts[0]}/{text}")

    def of(self, kind: str) -> list[str]:
        """Return the values of one kind, first added first."""
        return [entity.value for entity in self._found if entity.kind == kind]

    def sorted(self) -> tuple[EntityRef, ...]:
        """Return all entities in canonical order."""
        return tuple(sorted(self._found))

    def principal(self) -> str:
        """Return the asset the alert is about as ``kind:value``; '' where nothing names one.

        A host by name, else by its own address; else the most specific other asset; else an internal address, the
        source first; else any address, the source first.
        """
        for kind in _PRINCIPALS:
            for entity in self._found:
                if entity.kind == kind and not self._secondary(entity):
                    return f"{kind}:{entity.value}"
            if kind == EntityKind.HOST and (own := self._own_address()):
                return own
        addresses = [entity for entity in self._found if entity.kind == EntityKind.ADDRESS]
        addresses.sort(key=lambda entity: (not is_internal(entity.value), _role_order(entity.role)))
        return f"{EntityKind.ADDRESS}:{addresses[0].value}" if addresses else ""

    def _secondary(self, entity: EntityRef) -> bool:
        """Tell whether something else stands for this better: no one for a system account, a user for his address."""
        if entity.kind == EntityKind.MAILBOX:
            return EntityRef(EntityKind.USER, entity.role, entity.value.split("@", 1)[0]) in self._found
        return entity.kind == EntityKind.USER and entity.value in _SYSTEM_USERS

    def _own_address(self) -> str:
        own = (entity.value for entity in self._found if entity.kind == EntityKind.ADDRESS and entity.role == "host")
        return next((f"{EntityKind.ADDRESS}:{value}" for value in own), "")


def _role_order(role: str) -> int:
    return _ADDRESS_ROLES.index(role) if role in _ADDRESS_ROLES else len(_ADDRESS_ROLES)
