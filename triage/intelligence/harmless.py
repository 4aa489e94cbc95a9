"""What must not count as an indicator, whoever lists it: names and addresses that everybody uses, or nobody owns.

Feeds hold such by mistake, and an attacker may put them there so that a real match drowns.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from triage.intelligence.values import WIDEST, Key, normal, registrable

EMPTY_FILE: Final = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
)
"""MD5, SHA-1 and SHA-256 of nothing."""
RESOLVERS: Final = frozenset(
    {
        *("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112", "208.67.222.222"),
        *("208.67.220.220", "2606:4700:4700::1111", "2001:4860:4860::8888", "2001:4860:4860::8844", "2620:fe::fe"),
    }
)
"""Public DNS resolvers, as their operators publish them."""
HUBS: Final = frozenset(
    {
        *(
            "google.com",
            "googleapis.com",
            "gstatic.com",
            "microsoft.com",
            "windowsupdate.com",
            "office.com",
            "live.com",
        ),
        *("office365.com", "microsoftonline.com", "windows.net", "apple.com", "icloud.com", "amazon.com", "github.com"),
        *("cloudflare.com", "akamai.net", "digicert.com", "letsencrypt.org", "mozilla.org", "ubuntu.com", "debian.org"),
        *("facebook.com", "wikipedia.org", "youtube.com", "linkedin.com", "adobe.com", "dropbox.com", "slack.com"),
    }
)
"""Domains that half of every network talks to. Only the domain itself: a bad host below one still matches."""


class WarningList:
    """Tells for each indicator why it does not count; ``extra`` is what the settings add."""

    def __init__(self, extra: Iterable[Key] = ()) -> None:
        self._extra = frozenset(extra)

    def reason(self, key: Key) -> str:
        """Return why the indicator does not count, in a word or two; '' where it does."""
        if key in self._extra:
            return "on your list of exceptions"
        return _REASONS[key.kind](key.value) if key.kind in _REASONS else ""


def of_warning_list(document: Mapping[str, Any]) -> Iterable[Key]:
    """Return the entries of a MISP warning list (``{"list": [...]}``) that can be compared exactly."""
    entries = document.get("list")
    listed = entries if isinstance(entries, list) else []
    return [key for entry in listed if isinstance(entry, str) and (key := normal("", entry))]


def _address(value: str) -> str:
    if value in RESOLVERS:
        return "public resolver"
    return "" if ip_address(value).is_global else "not a public address"


def _network(value: str) -> str:
    network = ip_network(value)
    if network.prefixlen < WIDEST[network.version]:
        return "network too wide"
    return "" if network.is_global else "not a public address"


def _domain(value: str) -> str:
    if value in HUBS:
        return "used by everybody"
    return "" if registrable(value) else "public suffix"


def _hash(value: str) -> str:
    return "the empty file" if value in EMPTY_FILE else ""


_REASONS: Final = {"address": _address, "network": _network, "domain": _domain, "hash": _hash}
