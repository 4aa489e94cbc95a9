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


class Mean(Frozen):
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    count: int


class Results(Frozen):
    """One evaluation."""

    code: str = Field(description="SHA-256 over the code that was evaluated")
    cases: tuple[OwnOutcome, ...]
    baselines: dict[str, tuple[Outcome, ...]] = Field(default_factory=dict)
    ablations: dict[str, tuple[OwnOutcome, ...]] = Field(default_factory=dict)
    skipped: tuple[str, ...] = Field((), description="what could not be run, and what to do about it")
