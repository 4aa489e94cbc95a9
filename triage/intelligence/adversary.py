"""Domain values about who may be behind incidents: actor profiles, what incidents share, campaigns."""

from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import Field

from triage.models import Model

Ground = Literal["threat", "indicator", "tooling", "sequence"]
"""What a link is made of first of all."""


class Meaning(NamedTuple):
    """What the alerts of an incident mean, to find others like it."""

    incident_id: str
    model: str
    """Of the embedding; vectors of different models cannot be compared."""
    first: int
    """Microseconds, as is ``last``."""
    last: int
    title: str
    vector: bytes
    """float32, little endian, length 1."""


class Profile(Model):
    """A known actor and the techniques its source says it uses."""

    name: str
    kind: str
    """intrusion-set or threat-actor."""
    techniques: tuple[str, ...]
    """Sorted ATT&CK ids."""


class Resemblance(Model):
    """A known actor that uses some of the same techniques."""

    name: str
    kind: str
    shared: tuple[str, ...]
    own: int = Field(ge=1, description="techniques of the campaign or incident")
    profile: int = Field(ge=1, description="techniques that the actor is known for")
    chance: float = Field(ge=0, le=1, description="how often as many would be shared by chance, over all profiles")

    @property
    def sentence(self) -> str:
        """What a person reads."""
        return (
            f"resembles {self.name} ({self.kind}): {len(self.shared)} of {self.own} techniques are among the "
            f"{self.profile} it is known for; by chance this many would be shared with a probability of "
            f"{self.chance:.2g}. A resemblance, not an attribution."
        )


class Trait(Model):
    """Something of an incident that may come up again elsewhere."""

    kind: str = Field(description="entity kind, or signature")
    value: str
    name: str = Field(default="", description="for people; '' = kind:value")
    assets: int = Field(ge=0, description="distinct assets that showed it, in the horizon of the run")
    first: datetime

    @property
    def shown(self) -> str:
        """What a person reads."""
        return self.name or f"{self.kind}:{self.value}"


class Traits(Model):
    """What of one incident may come up again."""

    incident_id: str
    title: str
    first: datetime
    last: datetime
    assets: tuple[str, ...]
    indicators: tuple[Trait, ...] = Field(description="hashes, domains, URLs, public addresses, mailboxes")
    tooling: tuple[Trait, ...] = Field(description="kinds of alert and programs")
    techniques: tuple[str, ...] = Field(description="in the order in which they were first seen")


class CampaignLink(Model):
    """Why two incidents belong to one campaign."""

    left: str = Field(description="incident id")
    right: str = Field(description="incident id")
    ground: Ground
    what: tuple[str, ...] = Field(description="what both show")
    reason: str = Field(description="a sentence a person can check: what is shared, how rare it is, since when")
    strength: float = Field(ge=0, le=1)
    since: datetime


class Campaign(Model):
    """Incidents that hang together."""

    campaign_id: str
    title: str
    first_seen: datetime
    last_seen: datetime
    incident_ids: tuple[str, ...] = Field(description="by time")
    assets: tuple[str, ...]
    techniques: tuple[str, ...]
    links: tuple[CampaignLink, ...] = Field(description="bounded; link_count is the true number")
    link_count: int = Field(ge=1)
    resembles: tuple[Resemblance, ...] = Field(default=(), description="known actors; never an attribution")
