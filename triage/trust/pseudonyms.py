"""Names of people, machines and places stay here: a remote model sees HOST-1 and USER-2, its answer is translated back.

One ``Pseudonyms`` serves one incident; within it a name has one pseudonym in every text and in every spelling of its
letters. What is replaced are the incident's own entities wherever they occur, also within longer words, and whatever
has the shape of something internal: private addresses, mail addresses, names below the organisation's domains, the user
in a path or before a backslash. A public address, a hash, a public domain is sent: a model needs it, and nobody's
privacy hangs on it.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from triage.models import EntityKind, EntityRef

Policy = Literal["send", "pseudonymise", "withhold"]
WITHHELD = "(withheld)"

POLICY: Mapping[str, Policy] = MappingProxyType(
    {
        "host": "pseudonymise",
        "user": "pseudonymise",
        "address": "pseudonymise",
        "domain": "pseudonymise",
        "mailbox": "pseudonymise",
        "cloud": "pseudonymise",
        "device": "pseudonymise",
        "service": "pseudonymise",
        "path": "pseudonymise",
        "note": "withhold",
        "custom": "withhold",
    }
)
"""For remote models, by kind of entity; ``path`` is the user in a path, ``note`` what people wrote about an asset,
``custom`` what the site's own patterns find, ``rule`` the name of a detector's rule.

A kind that is not named is sent, for addresses and domains only what is internal is replaced.
"""
LOCAL: Mapping[str, Policy] = MappingProxyType({})
"""For a model on this machine: everything is sent."""

_SHORTEST = 2
_ANYWHERE = 4
"""Names of this many characters are replaced within longer words too, shorter ones only where they stand alone."""
_LABELS = {"mailbox": "MAIL", "path": "USER", "cloud": "RESOURCE"}
_STAND_IN = re.compile(
    r"~?\b((?:HOST|USER|ADDRESS|DOMAIN|MAIL|RESOURCE|DEVICE|SERVICE|CUSTOM|PROCESS|FILE|URL|MODEL|HASH|RULE)-\d+)\b~?"
    r"|\(withheld\)",
    re.IGNORECASE,
)
"""A ``~`` keeps it apart from a word that it stands in."""
_MAILBOX = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[\w.]*:[\w.]*:)[0-9a-fA-F:.]{3,45}(?![\w:])")
_HOME = re.compile(r"(?:[\\/](?:users|home|documents and settings)[\\/]+)([^\\/\s\"'<>|:*?;,]+)", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<![\w\\/.:-])([A-Za-z][\w.-]{1,30})\\([A-Za-z_][\w.$-]{1,63})(?![\\\w])")
SHARED = frozenset(
    {"public", "default", "all users", "shared", "system", "authority", "nt authority", "builtin", "localhost"}
    | {"root", "administrator", "admin", "guest", "nobody", "daemon", "www-data"}
)
"""Names that are the same everywhere and say nothing."""
_AFTER_KIND = "|".join(f"(?<={kind.value}:)" for kind in EntityKind)
"""Entities are written kind:value, so a colon before an address need not mean that it goes on to the left."""
_INTERNAL = frozenset({"local", "lan", "internal", "intern", "corp", "home", "arpa"})
"""Last labels of names that no public server knows."""


class Rules(NamedTuple):
    """What is internal here, and what happens to it."""

    policy: Mapping[str, Policy] = POLICY
    domains: tuple[str, ...] = ()
    """The organisation's own domains; names below them are internal too."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """The site's own: project names, badge numbers, ..."""


class Pseudonyms:
    """The names of one incident and what stands for them. Deterministic: same calls, same pseudonyms."""

    def __init__(self, entities: Iterable[EntityRef] = (), rules: Rules = Rules()) -> None:  # noqa: B008 - immutable
        self._rules = rules
        self._by_name: dict[str, str] = {}
        self._original: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None
        self._taken: set[str] = set()
        self._ours: set[str] = set()
        self.add(entities)

    def __repr__(self) -> str:
        return f"Pseudonyms({len(self._original)} names)"

    def add(self, entities: Iterable[EntityRef], within: str | None = None) -> None:
        """Take in further entities; with ``within`` only names that this text holds, so that few are looked for."""
        refs = list(entities)
        self._ours.update(name for ref in refs for name in _own_names(ref))
        found = [name for ref in refs for name in self._names(ref)]
        if within is not None:
            folded = unicodedata.normalize("NFKC", within).casefold()
            found = [(kind, value) for kind, value in found if _key(value) in folded or value.casefold() in folded]
        self._taken.update(_key(value) for _, value in found)
        for kind, value in found:
            self._name(kind, value)

    def hide(self, text: str) -> str:
        """Return the text in NFKC with every internal name replaced or withheld, in whatever case it is written.

        What looks like a pseudonym already was not made here, and is withheld.
        """
        hidden = _STAND_IN.sub(self._forged, unicodedata.normalize("NFKC", text))
        for pattern in self._rules.patterns:
            hidden = pattern.sub(lambda found: self._name("custom", found[0]), hidden)
        hidden = self._known(hidden)
        hidden = _MAILBOX.sub(lambda found: self._name("mailbox", found[0]), hidden)
        for domain in self._rules.domains:
            hidden = _below(domain).sub(lambda found: self._name("domain", found[0]), hidden)
        for shape in (_IPV4, _IPV6):
            hidden = shape.sub(lambda found: self._address(found[0]), hidden)
        hidden = _HOME.sub(lambda found: self._part(found, 1, "path"), hidden)
        hidden = _ACCOUNT.sub(lambda found: f"{self._part(found, 1, 'domain')}\\{self._part(found, 2, 'user')}", hidden)
        return self._known(hidden)

    def restore(self, text: str) -> str:
        """Return the text with every pseudonym of this incident replaced by its name; others stay as they are."""
        return _STAND_IN.sub(lambda found: self._original.get((found[1] or "").upper(), found[0]), text)

    def _names(self, ref: EntityRef) -> Iterator[tuple[str, str]]:
        """Yield the names of an entity: as it is, and its short forms, which are names of their own."""
        kind, value = str(ref.kind), unicodedata.normalize("NFKC", ref.value).strip()
        public = (kind == EntityKind.ADDRESS and not is_internal(value)) or (
            kind == EntityKind.DOMAIN and not self._is_own(value)
        )
        if not public:
            forms = {value, *value.split("\\")[-1:], *(value.split("@")[:1] if kind != EntityKind.HOST else ())}
            if kind == EntityKind.HOST and not _is_address(value):
                forms.add(value.split(".")[0])
            yield from (
                (kind, form) for form in sorted(forms, key=lambda form: (-len(form), form)) if self._tells(form)
            )

    @staticmethod
    def _tells(name: str) -> bool:
        return len(name) >= _SHORTEST and name.casefold() not in SHARED

    def _forged(self, found: re.Match[str]) -> str:
        return self._by_name.get(_key(found[1] or ""), WITHHELD)

    def _name(self, kind: str, value: str) -> str:
        """Return what stands for a value, for the same letters in any case the same."""
        policy = self._rules.policy.get(kind, "send")
        key = _key(value)
        if policy == "send" or value in self._original or value == WITHHELD:
            return value
        if key not in self._by_name:
            self._by_name[key] = WITHHELD if policy == "withhold" else self._fresh(kind, value)
            self._pattern = None
        return self._by_name[key]

    def _fresh(self, kind: str, value: str) -> str:
        """Return the next pseudonym of this kind that is nobody's name."""
        label = _LABELS.get(kind, kind.upper())
        while True:
            self._numbers[label] = self._numbers.get(label, 0) + 1
            made = f"{label}-{self._numbers[label]}"
            if _key(made) not in self._taken:
                self._original[made] = value
                return made

    def _known(self, text: str) -> str:
        """Replace all names known so far, the longest first."""
        if self._pattern is None:
            names = sorted(self._by_name, key=lambda name: (-len(name), name))
            self._pattern = re.compile("|".join(map(_findable, names)) or r"(?!)")
        folded, origin = _fold_with_origin(text)
        ours = [found.span() for found in _STAND_IN.finditer(text)]
        pieces, end = [], 0
        for found in self._pattern.finditer(folded):
            start, stop = origin[found.start()], origin[found.end()]
            if start >= end and not any(begin < stop and start < close for begin, close in ours):
                pieces += [
                    text[end:start],
                    _apart(self._by_name[found[0]], text[start - 1 : start], text[stop : stop + 1]),
                ]
                end = stop
        return "".join([*pieces, text[end:]])

    def _address(self, text: str) -> str:
        return self._name("address", text) if is_internal(text) else text

    def _part(self, found: re.Match[str], group: int, kind: str) -> str:
        """Return the match, or the group alone where there are more, with the group replaced."""
        value = found[group]
        name = value if value.casefold() in SHARED or _STAND_IN.search(value) else self._name(kind, value)
        return found[0].removesuffix(value) + name if found.re is _HOME else name

    def _is_own(self, name: str) -> bool:
        folded = name.casefold()
        own = (*map(str.casefold, self._rules.domains), *(name for name in self._ours if "." in name))
        below = any(folded == name or folded.endswith(f".{name}") for name in own)
        return (
            below
            or folded.partition(".")[0] in self._ours
            or folded.rpartition(".")[2] in _INTERNAL
            or "." not in folded
        )


def _own_names(ref: EntityRef) -> Iterator[str]:
    """Yield what an entity tells of the names inside: of a host its short name and its domain, of a user the domain.

    A domain entity that is a machine of ours, or below its domain, is then as internal as the machine.
    """
    value = unicodedata.normalize("NFKC", ref.value).strip().casefold()
    if ref.kind == EntityKind.HOST and value and not _is_address(value):
        short, _, domain = value.partition(".")
        yield short
        yield from (domain,) if "." in domain else ()
    if ref.kind == EntityKind.USER and "." in value.rpartition("@")[2] and "@" in value:
        yield value.rpartition("@")[2]


def _key(name: str) -> str:
    """Return what all spellings of a name share: its letters in folded case, or the address it means."""
    try:
        return ipaddress.ip_address(name).compressed
    except ValueError:
        return unicodedata.normalize("NFKC", name).casefold()


def _findable(key: str) -> str:
    """Return a pattern for a folded name: anywhere, except that short names and addresses stand alone."""
    if _is_address(key):
        return rf"(?:(?<![\w.:])|{_AFTER_KIND}){re.escape(key)}(?![\w:]|\.\w)"
    return re.escape(key) if len(key) >= _ANYWHERE else rf"(?<!\w){re.escape(key)}(?!\w)"


def _apart(name: str, before: str, after: str) -> str:
    return f"{'~' if before.isalnum() or before == '_' else ''}{name}{'~' if after.isalnum() or after == '_' else ''}"


def _below(domain: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[\w-]+\.)*{re.escape(domain)}(?![\w-])", re.IGNORECASE)


def _fold_with_origin(text: str) -> tuple[str, list[int]]:
    """Return the text in folded case, and for each of its places (and its end) the place in the text."""
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    parts = [char.casefold() for char in text]
    origin = [place for place, part in enumerate(parts) for _ in part]
    return "".join(parts), [*origin, len(text)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_internal(text: str) -> bool:
    """Tell whether this is an address that means something only inside: everything that is not global."""
    try:
        return not ipaddress.ip_address(text).is_global
    except ValueError:
        return False
