"""What an evaluation found, as it is kept in JSON and shown in every form of the report."""

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value that is read back as it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(Frozen):
    """A score of one case."""

    value: float
    reason: str


class Met(Frozen):
    """How one attack was met."""

    attack: str
    rank: int | None = Field(description="place of its first incident; None = missed")
    pieces: int
    recall: float
    precision: float
    phases: float


class Place(Frozen):
    """One shown incident."""

    place: int
    urgency: float
    alerts: int
    owner: str = Field(description="the attack it belongs to; '' = noise")
    origin: str = Field("", description="on generated cases: the activity that most of its alerts come from")


class Named(Frozen):
    """The cause that was named for one attack or harmless twin."""

    subject: str = Field(description="attack, or activity that was played")
    harmless: bool
    cause: str = Field(description="'' = the attack was missed")
    right: bool


class Outcome(Frozen):
    """How one method did on one case."""

    case: str
    alerts: int
    seconds: float
    scores: dict[str, Measured]
    attacks: tuple[Met, ...]


class OwnOutcome(Outcome):
    """How the program did on one case."""

    peak_mb: float
    tokens: int = Field(description="tokens of a language model")
    queue: tuple[Place, ...]
    shuffled_differs: tuple[str, ...] | None = Field(None, description="result files that differ; None = not tried")
    causes: tuple[Named, ...] = Field((), description="on generated cases: what was said to be behind what was played")


class Mean(Frozen):
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    count: int


class Probed(Frozen):
    """What attempts of an adversary achieved, as a share of them with its 95 % interval (Wilson 1927)."""

    name: str
    count: int
    of: int
    low: float
    high: float
    least: float | None = Field(None, description="the share must not be below this")
    most: float | None = Field(None, description="the share must not be above this")
    reason: str = Field("", description="what the first of them were, or how it was measured")

    @property
    def share(self) -> float:
        """Return the share; 0 where nothing was tried."""
        return self.count / self.of if self.of else 0.0

    @property
    def missed(self) -> bool:
        """Tell whether it is not what it has to be."""
        too_few = self.least is not None and self.share < self.least
        return too_few or (self.most is not None and self.share > self.most)


class Adversarial(Frozen):
    """The adversarial suite: what text, models and behaviour of an attacker achieved."""

    runs: int = Field(description="whole runs of the graph")
    plantings: int = Field(description="texts planted in alerts of those runs")
    seconds: float
    measures: tuple[Probed, ...]
    evasion: tuple[Probed, ...] = Field((), description="what evading costs us; told, not held to a bound")
    skipped: tuple[str, ...] = ()


class Results(Frozen):
    """One evaluation."""

    code: str = Field(description="SHA-256 over the code that was evaluated")
    cases: tuple[OwnOutcome, ...]
    baselines: dict[str, tuple[Outcome, ...]] = Field(default_factory=dict)
    ablations: dict[str, tuple[OwnOutcome, ...]] = Field(default_factory=dict)
    skipped: tuple[str, ...] = Field((), description="what could not be run, and what to do about it")
    adversarial: Adversarial | None = Field(None, description="None = not asked for")
