"""Settings: parsed once by an entry point, passed down, never read from a global.

Order of precedence, weakest first: defaults < ``triage.toml`` < environment (``TRIAGE_SECTION__KEY``) < flags;
``triage.settings_io`` reads them. Secrets come only from the environment or the keyring and are ``SecretStr``.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

_UNITS: Final = ("weeks", "days", "hours", "minutes", "seconds")
_NUMBER: Final = r"(\d{1,9}(?:\.\d{1,9})?)"
_SHORT: Final = re.compile("".join(f"(?:{_NUMBER}{unit})?" for unit in "wdhms"))
_ISO: Final = re.compile(f"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")


def parse_duration(value: object) -> timedelta:
    """Read ``1h``, ``30m``, ``7d``, ``1h30m`` or ISO 8601 (``PT1H``); raises ValueError for anything else.

    Years and months have no fixed length, a bare number no unit: both are refused.
    """
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    match = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError('should be a duration such as "30m", "1h", "7d" or "PT1H"')
    try:
        return timedelta(**{unit: float(number or 0) for unit, number in zip(_UNITS, match.groups(), strict=True)})
    except OverflowError as exc:
        raise ValueError("is too long a time") from exc


def parse_moment(text: str, now: datetime) -> datetime | None:
    """Read a date, an ISO 8601 time (UTC unless it says otherwise) or how long before ``now``; '' is None.

    Raises ValueError for anything else.
    """
    if not text:
        return None
    if _SHORT.fullmatch(text) or _ISO.fullmatch(text):
        try:
            return now - parse_duration(text)
        except OverflowError as exc:
            raise ValueError("is too long ago") from exc
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ValueError('should be a time such as "2026-01-31", "2026-01-31T08:00Z" or "24h" ago') from exc
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _expand(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) and value else None if value == "" else value


def _listed(value: object) -> object:
    values = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(str(one).lower() if isinstance(one, (bool, int, float)) else one for one in values)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Several texts; the environment gives them comma-separated."""
File = Annotated[Path | None, BeforeValidator(_expand)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One value or a list of them, as texts."""


class Section(BaseModel):
    """A group of settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ElasticSettings(Section):
    """How to reach Elasticsearch (8.19 or 9.x)."""

    url: str = Field("", description="e.g. https://es.example:9200; empty = no Elasticsearch")
    cloud_id: str = Field("", description="Elastic Cloud id, instead of url")
    index: str = Field(".alerts-security.alerts-default", description="index patterns to pull, comma-separated")
    query: str = Field("", description="own filter: a query string, or query DSL when it starts with '{'")
    ca_file: File = Field(None, description="PEM file of the certificate authority")
    fingerprint: str = Field("", description="SHA-256 fingerprint of the server's certificate, instead of a CA file")
    verify: bool = Field(True, description="verify the server's certificate")
    username: str = Field("", description="for basic authentication")
    password: SecretStr = Field(SecretStr(""), description="environment only")
    api_key: SecretStr = Field(SecretStr(""), description="environment only")
    bearer: SecretStr = Field(SecretStr(""), description="environment only")
    slices: int = Field(2, ge=1, le=32, description="parallel slices of a pull")
    page_size: int = Field(5000, ge=1, le=10000, description="documents per request")
    timeout_seconds: float = Field(60, gt=0, le=600, description="per request")
    retries: int = Field(6, ge=0, le=20, description="tries after the first before a slice is given up")
    backoff_seconds: float = Field(0.5, ge=0, le=60, description="first wait; doubles, with jitter, up to 30 s")
    publish: bool = Field(True, description="write the incidents of runs that read Elasticsearch to publish_index")
    publish_files: bool = Field(False, description="write those of runs on nothing but files too")
    publish_index: str = Field(
        "triage-incidents", description="our own index; only an elastic_status connector writes anywhere else"
    )

    @field_validator("url")
    @classmethod
    def _without_credentials(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError("must not carry credentials; use username and TRIAGE_ELASTICSEARCH__PASSWORD")
        return url


class PullSettings(Section):
    """What a run covers."""

    sources: Texts = Field((), description="files, globs or Elasticsearch URLs, when none is given")
    since: str = Field("", description="start: a date, an ISO time, or 24h for that long ago; empty = the watermark")
    until: str = Field("", description="end, exclusive, in the same words; empty = everything there is")
    overlap: Duration = Field(timedelta(hours=2), description="read again before the watermark, for late arrivals")

    @field_validator("since", "until")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_moment(text, datetime(2000, 1, 1, tzinfo=UTC))
        return text


class EmbeddingSettings(Section):
    """How signatures become vectors."""

    model: str = Field(
        "", description="sentence-transformers model name or folder; empty = the bundled all-MiniLM-L6-v2"
    )
    batch_size: int = Field(16, ge=1, le=1024, description="signatures per batch")


class CondenseSettings(Section):
    """How alerts become activities."""

    gap: Duration = Field(timedelta(hours=1), description="silence that ends an activity")
    entities_kept: int = Field(64, ge=1, le=1000, description="entities kept per activity; the true number is kept too")


class BaselineSettings(Section):
    """How far memory reaches."""

    history_days: int = Field(60, ge=1, le=365, description="days of sightings that count as memory")
    warmup_days: float = Field(1.0, ge=0, le=30, description="days of data before newness means much")
    timezone: str = Field("UTC", description="zone whose hours and days of the week a rhythm is told in, DST included")
    new_per_principal: int = Field(
        32, ge=1, le=100_000, description="new kinds of alert that one principal may teach a day"
    )
    new_per_signature: int = Field(
        200, ge=1, le=100_000, description="new principals of one kind of alert that may be taught a day"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name != "UTC" and name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Berlin")
        return name


class QualitySettings(Section):
    """How misses are bounded."""

    sample: int = Field(5, ge=0, le=1000, description="activities judged benign that each run draws for a blind check")


class CorrelateSettings(Section):
    """What may be joined."""

    window: Duration = Field(timedelta(hours=4), description="largest silence between joined activities")
    horizon: Duration = Field(timedelta(days=7), description="how far back open activities are correlated again")


class InvestigateSettings(Section):
    """Budget of one investigation."""

    concurrency: int = Field(4, ge=1, le=64, description="candidates investigated at a time")
    calls: int = Field(28, ge=1, le=500, description="tool calls per candidate")
    seconds: float = Field(30, gt=0, description="per candidate")
    tool_seconds: float = Field(10, gt=0, description="per tool call")
    search: Literal["embedded", "elasticsearch"] = Field(
        "embedded", description="what tools ask: the alerts at hand (repeatable), or all that Elasticsearch holds"
    )
    search_index: str = Field("", description="index patterns that tools ask in Elasticsearch; empty = those pulled")
    events: str = Field(
        "",
        description="index patterns of ECS events (process, network, DNS, sign-in, file, cloud, e-mail) on "
        "elasticsearch.url that tools may look into; empty = none",
    )
    evidence_alerts: int = Field(20, ge=1, le=1000, description="alert ids kept per piece of evidence")


class ModelSettings(Section):
    """The language model that comments on shown incidents; it decides nothing. Without a name there is none."""

    name: str = Field("", description="provider:model, e.g. openai:gpt-5-mini or ollama:qwen3:8b; empty = no model")
    base_url: str = Field("", description="server of the provider; empty = its public one")
    api_key: SecretStr = Field(SecretStr(""), description="environment only")
    local: bool = Field(False, description="the model runs on machines of ours: names are sent as they are")
    fallbacks: Texts = Field((), description="provider:model, asked in this order when the model does not answer")
    temperature: float = Field(0, ge=0, le=2, description="of its choice of words; with 0 answers repeat best")
    structured: Literal["json", "tools"] = Field("json", description="how answers get their form: prompt or tool")
    timeout_seconds: float = Field(60, gt=0, le=600, description="per request")
    retries: int = Field(2, ge=0, le=10, description="tries after the first, of a request that failed")
    requests_per_minute: float = Field(0, ge=0, description="at most; 0 = no limit")
    answer_tokens: int = Field(700, ge=50, le=16_000, description="per answer, at most")
    incident_tokens: int = Field(6_000, ge=0, description="in both directions, per shown incident")
    run_tokens: int = Field(300_000, ge=0, description="in both directions, per run")
    incident_seconds: float = Field(120, gt=0, description="after which no further question is asked about an incident")
    look_ups: int = Field(3, ge=0, le=20, description="read-only look-ups that the model may choose per incident")
    raise_points: float = Field(5, ge=0, le=20, description="urgency that its checked reasons add, at most")
    prices: Texts = Field((), description="provider:model=input/output, the price of a million tokens")
    policy: Texts = Field((), description="kind=send, kind=pseudonymise or kind=withhold, e.g. process=withhold")
    domains: Texts = Field((), description="our own domains; names below them are internal")
    patterns: Texts = Field((), description="regular expressions of what must not be sent, e.g. project names")

    @field_validator("name", "fallbacks")
    @classmethod
    def _with_provider(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for name in (value,) if isinstance(value, str) else value:
            provider, _, model = name.partition(":")
            if name and not (provider and model):
                raise ValueError('should be "provider:model", e.g. "openai:gpt-5-mini"')
        return value

    @field_validator("prices")
    @classmethod
    def _priced(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := [one for one in value if not re.fullmatch(r"[^=]+=\d+(\.\d+)?/\d+(\.\d+)?", one)]:
            raise ValueError(f'should be "provider:model=0.25/2.00", not {bad[0]!r}')
        return value

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := [one for one in value if not re.fullmatch(r"[a-z]+=(send|pseudonymise|withhold)", one)]:
            raise ValueError(f'should be "kind=send", "kind=pseudonymise" or "kind=withhold", not {bad[0]!r}')
        return value

    @field_validator("patterns")
    @classmethod
    def _compilable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as exc:
                raise ValueError(f"should be a regular expression: {exc}") from exc
        return value


class AssetSettings(Section):
    """Where the asset inventory is."""

    file: File = Field(None, description="CSV: kind,value,criticality,owner,role,note")
    index: str = Field("", description="or an index of elasticsearch.url with the same fields, one document an asset")


class IntelligenceSettings(Section):
    """What others know to be bad. Kept as a local copy; no look-up leaves this machine."""

    files: Texts = Field((), description="STIX 2.1, MISP, CSV or text: files, folders, globs; read at each run")
    taxii: Texts = Field((), description="TAXII 2.1 collections: https://host/root/collections/ID/")
    misp_feeds: Texts = Field((), description="MISP feeds: URL of the folder that holds manifest.json")
    index: str = Field("", description="index of elasticsearch.url with threat.indicator.* documents")
    username: str = Field("", description="for TAXII and feeds")
    password: SecretStr = Field(SecretStr(""), description="environment only")
    bearer: SecretStr = Field(SecretStr(""), description="environment only")
    ca_file: File = Field(None, description="PEM file of the certificate authority of TAXII servers and feeds")
    warning_lists: Texts = Field((), description="MISP warning lists (files) of what must not count")
    ignore: Texts = Field((), description="indicators that must not count")
    default_confidence: int = Field(50, ge=0, le=100, description="of indicators whose source gives none")
    least_confidence: int = Field(50, ge=0, le=100, description="from here on a match raises urgency")
    retro: Duration = Field(timedelta(days=30), description="an indicator counts this long before its start, too")
    most: int = Field(2_000_000, ge=1, description="indicators taken of one source")
    timeout_seconds: float = Field(30, gt=0, le=600, description="per request")

    @property
    def configured(self) -> bool:
        """Tell whether there is any source."""
        return bool(self.files or self.taxii or self.misp_feeds or self.index)


class CampaignSettings(Section):
    """How incidents of different devices and nights are linked."""

    memory: Duration = Field(timedelta(days=90), description="how far back incidents are linked")


class CalendarSettings(Section):
    """Planned changes, scans and tests; what one explains in full is a benign group, never dropped."""

    file: File = Field(None, description="CSV: from,to,kind,scope,title")
    decides: bool = Field(
        default=True, description="an entry that explains all of an incident makes it benign; false = it only argues"
    )


class ConnectorSettings(Section):
    """One way to carry out approved steps, a ``[[connector]]`` of the file. Without one, steps stay proposals."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="what a request and the audit log call it")
    kind: Literal["webhook", "elastic_status"] = Field(description="webhook, or status of Elastic Security alerts")
    measures: Texts = Field((), description="exact names of the measures a webhook takes, e.g. isolate_host")
    url: str = Field("", description="of a webhook; https, or http on this machine")
    ca_file: File = Field(None, description="PEM file of the webhook's certificate authority")
    timeout_seconds: float = Field(10, gt=0, le=120, description="per try")
    retries: int = Field(3, ge=0, le=10, description="tries after the first, with the same idempotency key")
    idempotent: bool = Field(True, description="the receiver drops repeats by webhook-id; false = never send twice")
    index: str = Field(
        ".alerts-security.alerts-*,.internal.alerts-security.alerts-*",
        description="the only indices whose alert status may be written, comma-separated patterns",
    )
    assignees: dict[str, str] = Field({}, description="assignee here -> profile uid in Kibana")


class RespondSettings(Section):
    """Who may approve a response. Everybody else is an analyst."""

    viewers: Texts = Field((), description="users who may only look")
    leads: Texts = Field((), description="users who may approve what needs a lead")
    admins: Texts = Field((), description="users who may approve everything")
    expires: Duration = Field(timedelta(hours=24), description="a request that nobody approved by then is rejected")


class Condition(Section):
    """Which documents a mapping is for."""

    field: str = Field(min_length=1, description="dotted name of a field")
    equals: Listed = Field((), description="one of these values, whatever their case; none = the field is there")


class MappingSettings(Section):
    """How documents of a product of your own are read; goes before what triage would find by itself.

    Of several fields for one thing the first that says something counts; of those for entities, all do.
    """

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$", description="letters, digits and _")
    when: Condition = Field(description="which documents it is for")
    detector: str = Field("", max_length=40, description="product that wrote the alert; empty = the name")
    time: Listed = ()
    id: Listed = Field((), description="what identifies a document from a file")
    rule: Listed = ()
    rule_id: Listed = ()
    message: Listed = ()
    severity: Listed = Field((), description="a number or a word")
    severity_scale: tuple[float, float] = Field((0, 100), description="the mildest and the worst number")
    severity_words: dict[str, float] = Field({}, description="severity (0-100) of words of your own")
    technique: Listed = ()
    tactic: Listed = ()
    host: Listed = ()
    user: Listed = ()
    target_user: Listed = ()
    source_ip: Listed = ()
    destination_ip: Listed = ()
    host_ip: Listed = ()
    process: Listed = ()
    file: Listed = ()
    hash: Listed = ()
    domain: Listed = ()
    url: Listed = ()
    mailbox: Listed = ()
    cloud: Listed = ()
    device: Listed = ()
    model: Listed = ()
    service: Listed = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        low, high = self.severity_scale
        if not (math.isfinite(low) and math.isfinite(high)) or low == high:
            raise ValueError("severity_scale should be two different numbers: the mildest and the worst")
        if not self.model_fields_set - {"name", "when", "detector", "severity_scale", "severity_words"}:
            raise ValueError("should name at least one field of the document, e.g. rule or host")
        return self


class Limits(Section):
    """Bounds on everything that comes from outside."""

    document_bytes: int = Field(2_000_000, ge=1000, description="a larger document is a dead letter")
    field_chars: int = Field(1000, ge=50, description="text kept of any one field")
    entities_per_alert: int = Field(64, ge=1, description="entities kept of any one alert")
    depth: int = Field(32, ge=4, description="nesting followed")


class Settings(BaseSettings):
    """All settings of the program.

    Its only source is what it is given: ``load_settings`` reads file and environment once and knows each value's
    origin, while a test or a worker process that builds ``Settings()`` gets the defaults whatever its environment.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    @field_validator("mapping")
    @classmethod
    def _named_once(cls, value: tuple[MappingSettings, ...]) -> tuple[MappingSettings, ...]:
        names = [one.name for one in value]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"should have different names; {twice!r} is there twice")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only, neither the process environment nor files."""
        return (init_settings,)

    state: File = Field(None, description="folder of the state; default: OUTPUT/state, else the XDG data folder")
    output: File = Field(None, description="folder for incidents.json, ledger.csv.gz, summary.json and reports")
    workers: int = Field(0, ge=0, le=64, description="processes for normalising; 0 = one per core")
    checkpointer: str = Field(
        "", repr=False, description="postgresql://... where a team shares one; empty = SQLite in the state folder"
    )
    keyring: bool = Field(False, description="read secrets from the system's keyring too; needs the keyring extra")
    log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="messages on stderr")
    connector: tuple[ConnectorSettings, ...] = Field((), description="[[connector]] tables, to carry out responses")
    connector_secrets: SecretStr = Field(
        SecretStr(""), description="environment only: NAME=SECRET,... of the webhooks that are to be signed"
    )
    mapping: tuple[MappingSettings, ...] = Field((), description="[[mapping]] tables, to read documents of your own")
    elasticsearch: ElasticSettings = ElasticSettings()
    pull: PullSettings = PullSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    condense: CondenseSettings = CondenseSettings()
    baseline: BaselineSettings = BaselineSettings()
    quality: QualitySettings = QualitySettings()
    correlate: CorrelateSettings = CorrelateSettings()
    investigate: InvestigateSettings = InvestigateSettings()
    model: ModelSettings = ModelSettings()
    assets: AssetSettings = AssetSettings()
    intelligence: IntelligenceSettings = IntelligenceSettings()
    campaigns: CampaignSettings = CampaignSettings()
    calendar: CalendarSettings = CalendarSettings()
    limits: Limits = Limits()
    respond: RespondSettings = RespondSettings()
