"""Domain values that leave a run: incidents, their evidence, joins and plans.

All are frozen pydantic models, so that a checkpoint restores them equal and JSON is one call away.
What exists a million times (alerts, activities) is columnar and lives in ``triage.columns`` instead.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, closed base: an unknown field is a programming error, not data to be dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EntityKind(StrEnum):
    """What an alert can be about. Values are used in entity texts such as ``host:dc01``."""

    HOST = "host"
    USER = "user"
    ADDRESS = "address"
    PROCESS = "process"
    LINEAGE = "lineage"
    """A process instance (entity id / GUID): joins parent and child alerts, is never shown as a name."""
    LOGON = "logon"
    """A logon session id on one host."""
    HASH = "hash"
    FILE = "file"
    DOMAIN = "domain"
    URL = "url"
    MAILBOX = "mailbox"
    CLOUD = "cloud"
    """A cloud resource or account: ARN, instance id, bucket, access key id."""
    DEVICE = "device"
    """An OT or IoT device."""
    MODEL = "model"
    """An AI model, deployment or dataset."""
    SERVICE = "service"


class EntityRef(NamedTuple):
    """One entity of one alert. ``role`` is '' or an ECS word: source, destination, target, parent, ..."""

    kind: str
    role: str
    value: str


class Entity(Model):
    """An entity of an incident with how much of the incident it carries."""

    kind: EntityKind
    value: str
    roles: tuple[str, ...] = ()
    alert_count: int = Field(ge=0, description="alerts of the incident that name this entity")
    criticality: int = Field(default=0, ge=0, le=100, description="from the asset inventory; 0 = unknown")


Disposition = Literal["attack", "suspicious", "benign"]


class AlertRef(NamedTuple):
    """The identity of an alert: Elasticsearch index and document id."""

    index: str  # type: ignore[assignment]  # hides tuple.index, which nobody wants of a reference
    id: str


class UrgencyPart(Model):
    """One named summand of the urgency; the parts of an incident add up to its urgency exactly."""

    name: str
    points: float
    why: str


class Join(Model):
    """Why two activities are in one candidate. The weakest join that holds a candidate together is marked."""

    left: str = Field(description="activity key")
    right: str = Field(description="activity key")
    reason: str = Field(description="a sentence a person can check")
    strength: float = Field(ge=0, le=1)
    weakest: bool = False


class Evidence(Model):
    """A fact with the documents that show it; the only thing a narrative may cite."""

    evidence_id: str
    statement: str
    tool: str = Field(description="which tool or stage established it")
    supports: Literal["attack", "benign", "context"] = "context"
    alerts: tuple[AlertRef, ...] = Field(default=(), description="up to the configured sample; see alert_count")
    alert_count: int = Field(default=0, ge=0)
    truncated: bool = False


class TimelineEntry(Model):
    """One activity on the incident's timeline."""

    activity: str = Field(description="activity key")
    first_seen: datetime
    last_seen: datetime
    alert_count: int = Field(ge=1)
    detector: str
    rule: str
    entities: tuple[str, ...] = Field(description="entity texts, kind:value")
    severity: float = Field(ge=0, le=100)
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    novelty: float = Field(default=0, ge=0, le=1)


class ResponseStep(Model):
    """A proposal; nothing here is ever carried out without a person."""

    phase: Literal["containment", "investigation", "eradication", "recovery"]
    action: str
    target: str = ""
    reason: str
    evidence: tuple[str, ...] = ()
    reversal: str = ""
    role: Literal["analyst", "lead", "admin"] = "analyst"
    step_id: str = Field(default="", description="stable name of the step: measure and a key of its target")
    measure: str = Field(
        default="", description="kind of step (triage.casework.measures); connectors are configured by it"
    )
    blast_radius: str = Field(default="", description="who and what is hit, from inventory and what was seen here")


class Sentence(Model):
    """A sentence of a language model, with what it cites; one that does not hold is struck, not dropped."""

    text: str
    cites: tuple[str, ...] = Field(default=(), description="ids of evidence")
    struck: bool = False
    why: str = Field(default="", description="why it is struck; '' where it is not")


class ModelUse(Model):
    """What a language model was used for one incident."""

    calls: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    estimated: bool = Field(default=False, description="the provider did not count all tokens, so we did, by length")
    cost: float | None = Field(default=None, ge=0, description="in the currency of model.prices; null = no price known")
    seconds: float = Field(default=0, ge=0)

    @property
    def tokens(self) -> int:
        """Tokens in both directions."""
        return self.input_tokens + self.output_tokens


class Narrative(Model):
    """What a language model added to an incident, checked by code. Nothing else of the incident depends on it."""

    model: str = Field(description="provider:model")
    sentences: tuple[Sentence, ...] = ()
    harmless: tuple[Sentence, ...] = Field(default=(), description="harmless causes to be checked; hypotheses only")
    missing: tuple[Sentence, ...] = Field(default=(), description="what the model would still want to know")
    evidence: tuple[Evidence, ...] = Field(default=(), description="what its own look-ups found, read by code")
    looked_up: tuple[str, ...] = Field(default=(), description="the look-ups it chose from those that code offered")
    swayed: bool = Field(default=False, description="its answer changed with the instruction-like text in its data")
    notes: tuple[str, ...] = Field(default=(), description="why something is missing here, in plain words")
    use: ModelUse = ModelUse()

    @property
    def struck(self) -> int:
        """Number of sentences that did not hold."""
        return sum(one.struck for one in (*self.sentences, *self.harmless, *self.missing))


class Hypothesis(Model):
    """One way to explain an incident, with how much of it is seen."""

    name: str = Field(description="name of data/causes.csv")
    title: str
    points: int = Field(ge=0, description="sum of the points of the signs seen")
    seen: tuple[str, ...] = ()
    evidence: tuple[str, ...] = Field(default=(), description="ids of the evidence that shows it")
    lacking: tuple[str, ...] = Field(default=(), description="what would be seen too if it held, and is not")


class Cause(Model):
    """What an incident most likely is; decides nothing."""

    name: str
    side: Literal["attack", "benign"]
    attack: Hypothesis = Field(description="the best one that it is an attack")
    benign: Hypothesis = Field(description="the best harmless one")
    flip: str = Field(description="what would make it wrong")


class Incident(Model):
    """A candidate after investigation: what outside scorers and the front ends read."""

    incident_id: str
    rank: int = Field(ge=1)
    urgency: float = Field(ge=0, le=100)
    urgency_parts: tuple[UrgencyPart, ...]
    disposition: Disposition
    verdict_reason: str = Field(description="which rule decided the disposition, on what baseline")
    title: str
    summary: str
    first_seen: datetime
    last_seen: datetime
    alert_count: int = Field(ge=1)
    activity_count: int = Field(ge=1)
    entities: tuple[Entity, ...]
    techniques: tuple[str, ...]
    tactics: tuple[str, ...] = Field(description="in kill-chain order")
    detectors: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    joins: tuple[Join, ...]
    timeline: tuple[TimelineEntry, ...] = Field(description="bounded; activity_count is the true number")
    benign_reading: str = Field(description="the most likely harmless explanation, argued against the evidence")
    missing_evidence: tuple[str, ...] = ()
    would_flip: tuple[str, ...] = ()
    response_plan: tuple[ResponseStep, ...] = ()
    campaign_ids: tuple[str, ...] = Field(default=(), description="campaigns it belongs to, see triage campaigns")
    cause: Cause | None = Field(default=None, description="what it most likely is; null for everyday groups")
    narrative: Narrative | None = Field(default=None, description="of a language model; null without one")
    confidence: float | None = Field(
        default=None, ge=0, le=1, description="calibrated probability of a real attack; null = withheld"
    )


class RunCounts(Model):
    """The conservation sums of a run; ``accounted`` must hold for every run that ends.

    A document given twice in one run (same index and id) is one alert; its further copies are ``repeated``.
    """

    read: int = Field(default=0, ge=0, description="documents and lines read from the sources")
    already_judged: int = Field(default=0, ge=0, description="of those: judged in an earlier run, not counted again")
    repeated: int = Field(default=0, ge=0, description="of those: same (index, id) given again within this run")
    outside: int = Field(default=0, ge=0, description="of those: outside the window asked for")
    incident: int = Field(default=0, ge=0)
    benign: int = Field(default=0, ge=0)
    duplicate: int = Field(default=0, ge=0, description="e.g. building blocks of a sequence alert")
    dead_letter: int = Field(default=0, ge=0)

    @property
    def accounted(self) -> bool:
        """True when every document read has exactly one outcome."""
        outcomes = self.incident + self.benign + self.duplicate + self.dead_letter
        return self.read == self.already_judged + self.repeated + self.outside + outcomes


class Incompleteness(Model):
    """One thing that was not read, and what the user can do about it."""

    source: str
    reason: str
    advice: str = ""


class DeadLetter(Model):
    """A document that could not be parsed, kept with its reason and as much of it as is safe to keep."""

    alert_id: str = Field(description="document _id, or file:line where there is none")
    index: str = ""
    origin: str = Field(description="file:line or index/id")
    reason: str
    excerpt: str = Field(default="", max_length=500, description="cleaned beginning of the document")
