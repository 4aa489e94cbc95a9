"""The providers: which package and class speaks to each, and what its options are called there."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.config import ModelSettings
from triage.errors import ConfigError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Options = dict[str, Any]


class Provider(NamedTuple):
    """How to make a chat model of one provider."""

    extra: str
    """The extra of this package that installs it."""
    module: str
    cls: str
    options: Callable[[str, ModelSettings], Options]
    """Model and settings to the arguments of the class."""


def _key(settings: ModelSettings, name: str = "api_key", missing: str = "") -> Options:
    secret = settings.api_key.get_secret_value() or missing
    return {name: secret} if secret else {}


def _url(settings: ModelSettings, name: str = "base_url") -> Options:
    return {name: settings.base_url} if settings.base_url else {}


def _common(settings: ModelSettings, limit: str = "max_tokens") -> Options:
    """Return what most providers name alike; ``limit`` is this one's name for the longest answer."""
    return {
        "temperature": settings.temperature,
        "timeout": settings.timeout_seconds,
        "max_retries": settings.retries,
        limit: settings.answer_tokens,
    }


def _openai(model: str, settings: ModelSettings) -> Options:
    # A server of one's own often has no key, but the package insists on one.
    key = _key(settings, missing="none" if settings.base_url else "")
    return {"model": model, "stream_usage": True, **_common(settings), **key, **_url(settings)}


def _azure(model: str, settings: ModelSettings) -> Options:
    url = _url(settings, "azure_endpoint")
    return {"azure_deployment": model, "stream_usage": True, **_common(settings), **_key(settings), **url}


def _anthropic(model: str, settings: ModelSettings) -> Options:
    # What is asked again, because the answer could not be read, begins with what was asked before: it is read once.
    cached = {"model_kwargs": {"cache_control": {"type": "ephemeral"}}}
    return {"model": model, **_common(settings), **_key(settings), **_url(settings), **cached}


def _ollama(model: str, settings: ModelSettings) -> Options:
    client = {"timeout": settings.timeout_seconds}
    limits = {"temperature": settings.temperature, "num_predict": settings.answer_tokens}
    return {"model": model, **limits, "client_kwargs": client, **_url(settings)}


def _bedrock(model: str, settings: ModelSettings) -> Options:
    from botocore.config import Config

    client = Config(read_timeout=settings.timeout_seconds, retries={"max_attempts": settings.retries + 1})
    limits = {"temperature": settings.temperature, "max_tokens": settings.answer_tokens}
    return {"model": model, **limits, "config": client, **_url(settings, "endpoint_url")}


def _vertex(model: str, settings: ModelSettings) -> Options:
    return {"model": model, **_common(settings, "max_output_tokens"), **_url(settings)}


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        "anthropic": Provider("anthropic", "langchain_anthropic", "ChatAnthropic", _anthropic),
        "openai": Provider("openai", "langchain_openai", "ChatOpenAI", _openai),
        "azure": Provider("openai", "langchain_openai", "AzureChatOpenAI", _azure),
        "ollama": Provider("ollama", "langchain_ollama", "ChatOllama", _ollama),
        "bedrock": Provider("bedrock", "langchain_aws", "ChatBedrockConverse", _bedrock),
        "vertex": Provider("vertex", "langchain_google_vertexai", "ChatVertexAI", _vertex),
    }
)
"""``openai`` with ``model.base_url`` speaks to every compatible server: vLLM, llama.cpp, LM Studio, ..."""


def provider_of(name: str) -> tuple[Provider, str]:
    """Return the provider and the model of ``provider:model``. Raises ConfigError for an unknown provider."""
    key, _, model = name.partition(":")
    if key not in PROVIDERS:
        raise ConfigError(f"model.name: unknown provider {key!r}; there are {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[key], model


def installed(name: str) -> bool:
    """Tell whether the package of a provider is there, without importing it."""
    return importlib.util.find_spec(PROVIDERS[name].module) is not None


def chat_class(provider: Provider) -> "type[BaseChatModel]":
    """Import the class of a provider. Raises ConfigError with the command that installs its package."""
    try:
        found: type[BaseChatModel] = getattr(importlib.import_module(provider.module), provider.cls)
    except ModuleNotFoundError as exc:
        raise ConfigError(
            f"model.name: the package of this provider is not installed: pip install 'soc-triage[{provider.extra}]'"
        ) from exc
    return found
