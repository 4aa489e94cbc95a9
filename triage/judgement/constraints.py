"""What analysts say about what belongs together, in words that hold across runs.

A constraint names things by *selectors*: ``activity:KEY``, ``signature:KEY``, or an entity such as ``user:alice``. They
are part of the log of decisions, so that author, time, reason and undo are those of the decision that made them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, model_validator

from triage.models import EntityKind, Model

ACTIVITY = "activity"
SIGNATURE = "signature"
ConstraintKind = Literal["must_link", "cannot_link", "never_group", "unjoin"]
MOST_SELECTORS = 200_000
SELECTOR_CHARS = 4_000
_KINDS = frozenset({ACTIVITY, SIGNATURE, *EntityKind})


class Constraint(Model):
    """One wish about what belongs together.

    must_link: the activities of ``left`` are one incident. cannot_link: none of ``left`` is in an incident with any of
    ``right``, also those to come when an entity or signature is named. never_group: what ``left`` names (an entity, a
    signature) joins nothing. unjoin: ``left`` and ``right`` are not joined directly.
    """

    kind: ConstraintKind
    left: tuple[str, ...] = Field(min_length=1, max_length=MOST_SELECTORS)
    right: tuple[str, ...] = Field((), max_length=MOST_SELECTORS)
    scope: tuple[str, ...] = Field((), max_length=MOST_SELECTORS, description="of never_group: only among these")
    until: AwareDatetime | None = Field(None, description="when it expires; None = never")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for one in (*self.left, *self.right, *self.scope):
            kind, _, name = one.partition(":")
            if kind not in _KINDS or not name or len(one) > SELECTOR_CHARS:
                raise ValueError(f"{one[:80]!r} is no activity:KEY, signature:KEY or entity such as user:alice")
        if bool(self.right) != (self.kind in {"cannot_link", "unjoin"}):
            raise ValueError("two sides are what cannot_link and unjoin have, and nothing else")
        if self.kind == "never_group" and any(one.startswith(f"{ACTIVITY}:") for one in self.left):
            raise ValueError("never_group names entities or signatures")
        if self.kind == "must_link" and any(not one.startswith(f"{ACTIVITY}:") for one in self.left):
            raise ValueError("must_link names activities")
        return self


class InForce(NamedTuple):
    """A constraint with the decision that made it."""

    number: int
    """Of the decision in the log; a higher one was made later."""
    constraint: Constraint
    author: str
    at: datetime
    reason: str
    """As typed; cleaned when it is shown."""


def activities(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the selectors of activities, sorted, each once."""
    return tuple(f"{ACTIVITY}:{key}" for key in sorted(set(keys)))


class Selected(NamedTuple):
    """The activities that selectors name, by key: explicitly, and by what they are about."""

    named: frozenset[str]
    described: frozenset[str]

    @property
    def keys(self) -> frozenset[str]:
        """All of them."""
        return self.named | self.described


class Index:
    """Finds the activities that a selector names among rows with activity, signature, principal, entities."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._keys: set[str] = set()
        self._described: dict[str, set[str]] = {}
        for row in rows:
            key = row["activity"]
            self._keys.add(key)
            for selector in described(row):
                self._described.setdefault(selector, set()).add(key)

    def select(self, selectors: Sequence[str]) -> Selected:
        """Return what the selectors name; what is not there is left out."""
        named, about = set(), set[str]()
        for one in selectors:
            kind, _, name = one.partition(":")
            if kind == ACTIVITY:
                named.add(name)
            else:
                about |= self._described.get(one, set())
        return Selected(frozenset(named & self._keys), frozenset(about))


def described(row: Mapping[str, Any]) -> set[str]:
    """Return the selectors, other than its key, that name an activity: signature, principal and entities."""
    entities = {f"{one['kind']}:{one['value']}" for one in row["entities"] or ()}
    return {f"{SIGNATURE}:{row['signature']}", *entities, *filter(None, (row["principal"],))}


def in_words(constraint: Constraint) -> str:
    """Say a constraint in one line, without its reason."""
    left, right = _listed(constraint.left), _listed(constraint.right)
    said = {
        "must_link": f"{left} belong together",
        "cannot_link": f"{left} never together with {right}",
        "never_group": f"{left} joins nothing" + (f" among {_listed(constraint.scope)}" if constraint.scope else ""),
        "unjoin": f"no join of its own between {left} and {right}",
    }
    expiry = f", until {constraint.until:%Y-%m-%d %H:%M} UTC" if constraint.until else ""
    return said[constraint.kind] + expiry


def _listed(selectors: Sequence[str]) -> str:
    shown = ", ".join(selectors[:2])
    return f"{shown} and {len(selectors) - 2:,} more" if len(selectors) > 2 else shown
