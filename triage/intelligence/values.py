"""One spelling per indicator, and under which spellings an entity of an alert may be listed.

Matching is exact: both sides are brought into the same form, so that a look-up is one join on (kind, value).
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

import idna

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MOST_CHARS: Final = 2048
"""A longer indicator is no indicator; browsers and proxies cut URLs at about this length."""
WIDEST: Final = {4: 12, 6: 32}
"""Shortest prefix length of a network that still names an owner; a wider one would match the world."""
KINDS: Final = ("address", "network", "domain", "url", "hash", "mailbox")
_HASH_LENGTHS: Final = frozenset({32, 40, 64, 128})
_HEX: Final = re.compile(r"[0-9a-f]+")
_DOTS: Final = re.compile(r"\s?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))\s?", re.IGNORECASE)
_ATS: Final = re.compile(r"\s?(?:\[@\]|\(@\)|\[at\]|\(at\))\s?", re.IGNORECASE)
_SCHEMES: Final = re.compile(r"(?:h(?:xx|tt|\*\*)p(s?)|f[xt]p)(?:\[:\]|:)//", re.IGNORECASE)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_WITH_PORT: Final = re.compile(r"([^:/\s]+):\d{1,5}")
_PORT: Final = {"http": 80, "https": 443, "ftp": 21}

Address = IPv4Address | IPv6Address


class Key(NamedTuple):
    """An indicator in the one form it is compared in."""

    kind: str
    """One of KINDS."""
    value: str


def normal(kind: str, text: str) -> Key | None:
    """Return the indicator of a kind ('' = tell by its form) in its one spelling; None for what is none."""
    value = refanged(text)
    if not value or len(value) > MOST_CHARS:
        return None
    return _READERS[kind](value) if kind in _READERS else _guessed(value) if not kind else None


def refanged(text: str) -> str:
    """Undo the ways in which indicators are written so that nobody follows them: ``hxxp[:]//evil[.]example``."""
    value = text.strip().strip("\"'`")
    if "[" in value or "(" in value or "{" in value:
        value = _ATS.sub("@", _DOTS.sub(".", value)).replace("[:]", ":").replace("[/]", "/").replace("[//]", "//")
    if value[:1] in {"h", "H", "f", "F"} and (found := _SCHEMES.match(value)):
        scheme = "ftp" if value[0] in {"f", "F"} else f"http{(found[1] or '').lower()}"
        value = f"{scheme}://{value[found.end() :]}"
    return value


def lookups(kind: str, value: str, widths: Sequence[tuple[int, int]] = ()) -> Iterator[Key]:
    """Yield the spellings under which an entity of an alert may be listed, the most specific first.

    Domains are looked up with their parents down to, but without, the public suffix; a URL also by its host; a
    mailbox also by its domain; an address in networks of the given ``widths`` (IP version, prefix length).
    """
    read = {"host": "domain"}.get(kind, kind)
    found = normal(read, value) if read in _READERS else None
    if found is None:
        return
    yield found
    if found.kind == "address":
        yield from _networks(ip_address(found.value), widths)
    elif found.kind == "domain":
        yield from _parents(found.value)
    elif found.kind == "mailbox":
        yield from _domains(found.value.rpartition("@")[2])
    elif found.kind == "url":
        yield from _of_url(found.value, widths)


def registrable(domain: str) -> bool:
    """Tell whether a domain is more than a public suffix, so that it has one owner."""
    return _suffixes().privatesuffix(domain) is not None


def _of_url(value: str, widths: Sequence[tuple[int, int]]) -> Iterator[Key]:
    path = value.partition("?")[0]
    if path != value:
        yield Key("url", path)
    host = path.partition("/")[0]
    bare = host[1 : host.index("]")] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if address := _address(bare):
        yield address
        yield from _networks(ip_address(address.value), widths)
    else:
        yield from _domains(bare)


def _domains(text: str) -> Iterator[Key]:
    if domain := _domain(text):
        yield domain
        yield from _parents(domain.value)


def _parents(domain: str) -> Iterator[Key]:
    """A name under no public suffix, as inside a network, has no parents that mean anything."""
    top = _suffixes().privatesuffix(domain)
    while top and domain != top:
        domain = domain.partition(".")[2]
        yield Key("domain", domain)


def _networks(address: Address, widths: Sequence[tuple[int, int]]) -> Iterator[Key]:
    for version, width in widths:
        if version == address.version:
            yield Key("network", str(ip_network((address, width), strict=False)))


@cache
def _suffixes() -> "PublicSuffixList":
    """The list as it is shipped with its package: nothing is fetched."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def _bare(value: str) -> str:
    return value[1:-1] if value.startswith("[") and value.endswith("]") else value


def _address(value: str) -> Key | None:
    try:
        found = ip_address(_bare(value).partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return Key("address", str(mapped or found))


def _network(value: str) -> Key | None:
    """A network of one address is an address; an IPv4-mapped one is IPv4."""
    if "/" not in value:
        return _address(value)
    try:
        found: IPv4Network | IPv6Network = ip_network(value, strict=False)
    except ValueError:
        return None
    if isinstance(found, IPv6Network) and (mapped := found.network_address.ipv4_mapped) and found.prefixlen >= 96:
        found = IPv4Network((mapped, found.prefixlen - 96), strict=False)
    if found.num_addresses == 1:
        return Key("address", str(found.network_address))
    return Key("network", str(found))


def _domain(value: str) -> Key | None:
    name = value.lower().rstrip(".").removeprefix("*.").removeprefix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        return None
    return Key("domain", name)


def _url(value: str) -> Key | None:
    """A URL is compared as host, port where it is unusual, path and query: neither scheme nor fragment count."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    named = _address(host) or _domain(host)
    if named is None:
        return None
    shown = f"[{named.value}]" if ":" in named.value else named.value
    place = shown if port in {None, _PORT.get(parts.scheme)} else f"{shown}:{port}"
    return Key("url", f"{place}{_path(parts)}")


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _hash(value: str) -> Key | None:
    """A digest; a prefix such as ``sha256:`` tells nothing that its length does not."""
    digest = value.lower().rpartition(":")[2].strip()
    return Key("hash", digest) if len(digest) in _HASH_LENGTHS and _HEX.fullmatch(digest) else None


def _mailbox(value: str) -> Key | None:
    user, at, place = value.removeprefix("mailto:").rpartition("@")
    domain = _domain(place) if at and user and " " not in user else None
    return Key("mailbox", f"{user.lower()}@{domain.value}") if domain else None


def _guessed(value: str) -> Key | None:
    """Tell the kind by the form; a bare name must have an owner, or every word would be a domain."""
    if "://" in value:
        return _url(value)
    if "@" in value:
        return _mailbox(value)
    if found_port := _WITH_PORT.fullmatch(value):
        value = found_port[1]
    found = _network(value) or _hash(value)
    if found is None and "/" in value:
        return _url(value)
    return found or (_domain(value) if "." in value else None)


_READERS: Final = {
    "address": _address,
    "network": _network,
    "domain": _domain,
    "url": _url,
    "hash": _hash,
    "mailbox": _mailbox,
}
