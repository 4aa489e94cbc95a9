"""The stage a scenario plays on: the company, the clock, and random numbers and ids of its own.

Every draw comes from a generator seeded by (seed, scenario, day), so that adding a scenario or a day leaves all
other alerts as they were.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from triage.generator.company import Company, Host, Place, foreign_place, local_place
from triage.generator.events import Moment
from triage.generator.process import Process, image_of

T = TypeVar("T")
DAY = timedelta(days=1)


@dataclass
class Stage:
    """Where one scenario plays. Benign scenarios get one stage a day, attacks one for the whole window."""

    company: Company
    seed: int
    key: str
    """Name of the scenario; part of every id, but only hashed."""
    start: datetime
    """First midnight of the window."""
    days: int
    noise: float = 1.0
    """Multiplies how much routine there is; 1 is a normal company, 0 is silence."""
    day: int = 0
    """Day of the window, from 0."""
    rng: Random = field(init=False, repr=False)
    _made: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        """Seed the stage's own random numbers."""
        self.rng = Random(f"{self.seed}:{self.key}:{self.day}")  # noqa: S311 - reproducible data, not cryptography

    def habit(self) -> Random:
        """Return numbers that are the same on every day: who does it, where, at what hour."""
        return Random(f"{self.seed}:{self.key}")  # noqa: S311

    @property
    def weekend(self) -> bool:
        """True on a Saturday or Sunday."""
        return (self.start + self.day * DAY).weekday() >= 5

    def moment(self, at: datetime) -> Moment:
        """Return the next moment of this stage."""
        self._made += 1
        return Moment(at, digest(self.seed, self.key, self.day, self._made))

    def today(self, hour: float, spread_minutes: float = 5) -> Moment:
        """Return a moment today around an hour (0-24), never outside of the day."""
        seconds = hour * 3600 + self.rng.gauss(0, spread_minutes * 60)
        at = self.start + self.day * DAY + timedelta(seconds=min(max(seconds, 0), 86399))
        return self.moment(at.replace(microsecond=self.rng.randrange(1000) * 1000))

    def office(self) -> Moment:
        """Return a moment within today's working hours."""
        return self.today(self.rng.uniform(7.5, 17.5), 20)

    def any_time(self) -> Moment:
        """Return a moment at any hour of today."""
        return self.today(self.rng.uniform(0, 24), 1)

    def some(self, per_day: float) -> int:
        """Return how often something happens today: about ``per_day`` in a company of 120 entities."""
        expected = per_day * self.noise * self.company.entities / 120
        whole = int(expected * self.rng.uniform(0.7, 1.3))
        return whole + (self.rng.random() < expected - int(expected))

    def is_day(self, share: float) -> bool:
        """Tell whether today is the one day on which a single event falls (share of the window, 0-1)."""
        return self.day == min(int(share * self.days), self.days - 1)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return self.rng.choice(options)

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Return up to ``count`` different options."""
        return self.rng.sample(options, min(count, len(options)))

    def stranger(self) -> Place:
        """Return an address on the internet, abroad."""
        return foreign_place(self.rng)

    def home(self, user_name: str) -> Place:
        """Return the address a user works from at home, the same on every day."""
        return local_place(Random(f"{self.seed}:home:{user_name}"))  # noqa: S311

    def abroad(self, user_name: str) -> Place:
        """Return where a user spends the holidays, the same on every day."""
        return foreign_place(Random(f"{self.seed}:abroad:{user_name}"))  # noqa: S311

    def process(self, host: Host, command_line: str, parent: Process | None = None) -> Process:
        """Start a process; its entity id links the alerts of a lineage."""
        self._made += 1
        uid = digest(self.seed, self.key, self.day, self._made, host.name)
        name, executable = image_of(command_line, host.os)
        return Process(name, executable, command_line, self.rng.randrange(1000, 30000), uid[:24], parent)

    def pace(self, hours: float, hour: float = 9.0, *, workday: bool = False) -> "Pace":
        """Return a clock for an attack of at most ``hours``, beginning around ``hour`` late in the window.

        With ``workday`` it begins from Monday to Friday, where the window leaves the choice.
        """
        window, span = self.days * DAY, timedelta(hours=hours)
        scale = min(1.0, 0.85 * window / span)
        latest = max(int((window - span * scale) / DAY), 0)
        days = range(min((latest + 1) // 2, latest), latest + 1)
        wanted = [day for day in days if not workday or (self.start + day * DAY).weekday() < 5]
        first = self.pick(wanted or days)
        at = self.start + first * DAY + timedelta(hours=hour, minutes=self.rng.uniform(0, 40))
        return Pace(self, max(min(at, self.start + window - span * scale), self.start), scale)


@dataclass
class Pace:
    """The clock of an attack: it only goes forward, and squeezes its gaps where the window is short."""

    stage: Stage
    at: datetime
    scale: float

    def after(self, minutes: float) -> Moment:
        """Wait up to ``minutes`` (at least 60 % of them) and return the moment."""
        self.at += timedelta(minutes=minutes * self.scale * self.stage.rng.uniform(0.6, 1.0))
        self.at = self.at.replace(microsecond=self.at.microsecond // 1000 * 1000)
        return self.stage.moment(self.at)

    def until(self, hour: float) -> None:
        """Wait for the next time the clock shows ``hour``, if gaps are not squeezed."""
        wait = (hour - self.at.hour - self.at.minute / 60) % 24
        self.at += timedelta(hours=wait if self.scale == 1.0 else wait * self.scale)


def digest(*parts: object) -> str:
    """Return 64 hex digits that depend on the parts alone."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
