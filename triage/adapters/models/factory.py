"""Settings become a chat model, with its fallbacks and its rate limit."""

from typing import TYPE_CHECKING

from pydantic import SecretStr

from triage.adapters.models.chat import Entry, LangChainModel
from triage.adapters.models.providers import chat_class, provider_of
from triage.config import ModelSettings
from triage.errors import ConfigError
from triage.trust.untrusted import clean

if TYPE_CHECKING:
    from langchain_core.rate_limiters import BaseRateLimiter


def connect_model(settings: ModelSettings) -> LangChainModel:
    """Make the model that the settings name; nothing is sent yet.

    Raises ConfigError for an unknown provider, a package that is not installed, or options that it does not take.
    """
    limiter = _limiter(settings)
    entries = [_entry(name, _own(name, settings), limiter) for name in (settings.name, *settings.fallbacks)]
    return LangChainModel(entries, local=settings.local, structured=settings.structured, secret=settings.api_key)


def _own(name: str, settings: ModelSettings) -> ModelSettings:
    """Return the settings for one of the models: key and server of one provider are never given to another."""
    if name.partition(":")[0] == settings.name.partition(":")[0]:
        return settings
    if settings.local:
        raise ConfigError(f"model.fallbacks: {name} is of another provider, which model.local does not cover")
    return settings.model_copy(update={"api_key": SecretStr(""), "base_url": ""})


def _entry(name: str, settings: ModelSettings, limiter: "BaseRateLimiter | None") -> Entry:
    provider, model = provider_of(name)
    made = chat_class(provider)
    options = provider.options(model, settings) | ({"rate_limiter": limiter} if limiter else {})
    try:
        return Entry(name, made(**options))
    except Exception as exc:  # a provider's package refuses options with errors of its own
        reason = clean(str(exc).partition("\n")[0], 200) or type(exc).__name__
        raise ConfigError(
            f"model {name}: cannot be set up: {reason}; set TRIAGE_MODEL__API_KEY and [model] in triage.toml"
        ) from exc


def _limiter(settings: ModelSettings) -> "BaseRateLimiter | None":
    if not settings.requests_per_minute:
        return None
    from langchain_core.rate_limiters import InMemoryRateLimiter

    return InMemoryRateLimiter(requests_per_second=settings.requests_per_minute / 60, check_every_n_seconds=0.05)
