"""Settings: parsed once by an entry point, passed down, never read from a global.

Order of precedence, weakest first: defaults < ``triage.toml`` < environment (``TRIAGE_SECTION__KEY``) < flags;
``triage.settings_io`` reads them. Secrets come only from the environment or the keyring and are ``SecretStr``.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
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


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Several texts; the environment gives them comma-separated."""
File = Annotated[Path | None, BeforeValidator(_expand)]


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
    publish: bool = Field(True, description="write incidents to publish_index")
    publish_index: str = Field("triage-incidents", description="our own index; nothing else is ever written")

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
    batch_size: int = Field(64, ge=1, le=1024, description="signatures per batch")


class CondenseSettings(Section):
    """How alerts become activities."""

    gap: Duration = Field(timedelta(hours=1), description="silence that ends an activity")
    entities_kept: int = Field(64, ge=1, le=1000, description="entities kept per activity; the true number is kept too")


class BaselineSettings(Section):
    """How far memory reaches."""

    history_days: int = Field(60, ge=1, le=365, description="days of sightings that count as memory")
    warmup_days: float = Field(1.0, ge=0, le=30, description="days of data before newness means much")


class CorrelateSettings(Section):
    """What may be joined."""

    window: Duration = Field(timedelta(hours=4), description="largest silence between joined activities")
    horizon: Duration = Field(timedelta(days=7), description="how far back open activities are correlated again")


class InvestigateSettings(Section):
    """Budget of one investigation."""

    concurrency: int = Field(4, ge=1, le=64, description="candidates investigated at a time")
    calls: int = Field(24, ge=1, le=500, description="tool calls per candidate")
    seconds: float = Field(30, gt=0, description="per candidate")
    tool_seconds: float = Field(10, gt=0, description="per tool call")
    search: Literal["embedded", "elasticsearch"] = Field(
        "embedded", description="what tools ask: the alerts at hand (repeatable), or all that Elasticsearch holds"
    )
    evidence_alerts: int = Field(20, ge=1, le=1000, description="alert ids kept per piece of evidence")


class AssetSettings(Section):
    """Where the asset inventory is."""

    file: File = Field(None, description="CSV: kind,value,criticality,owner,role,note")
    index: str = Field("", description="or an index of elasticsearch.url with the same fields, one document an asset")


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
    elasticsearch: ElasticSettings = ElasticSettings()
    pull: PullSettings = PullSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    condense: CondenseSettings = CondenseSettings()
    baseline: BaselineSettings = BaselineSettings()
    correlate: CorrelateSettings = CorrelateSettings()
    investigate: InvestigateSettings = InvestigateSettings()
    assets: AssetSettings = AssetSettings()
    limits: Limits = Limits()
