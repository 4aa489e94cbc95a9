"""Opens the connection to Elasticsearch: where, as whom, and how the server proves who it is."""

import logging
import ssl
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch
from pydantic import SecretStr

from triage.adapters.elastic.bodies import Json, Ndjson
from triage.config import ElasticSettings
from triage.errors import ConfigError

_LOG = logging.getLogger(__name__)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def connect(settings: ElasticSettings) -> Elasticsearch:
    """Return a client that itself never retries (see ``retry``); nothing is sent yet.

    Raises ConfigError for a URL, CA file or combination of credentials that cannot work.
    """
    urls = addresses(settings)
    if settings.verify is False:
        _LOG.warning("elasticsearch.verify is off: anybody on the way can read and change the traffic")
    try:
        return Elasticsearch(
            **_place(settings, urls), **_tls(settings, urls), **_credentials(settings), **_manners(settings)
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"elasticsearch.ca_file {str(settings.ca_file)!r} cannot be used: {error}") from error
    except ValueError as error:
        raise ConfigError(f"elasticsearch.url or cloud_id cannot be used: {error}") from error


def addresses(settings: ElasticSettings) -> tuple[str, ...]:
    """Return the checked URLs (several are separated by commas), none with a cloud id."""
    if bool(settings.url) == bool(settings.cloud_id):
        raise ConfigError("set exactly one of elasticsearch.url and elasticsearch.cloud_id")
    urls = tuple(url.strip().rstrip("/") for url in settings.url.split(",") if url.strip())
    for url in urls:
        _check(url)
    return urls


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        complete = None
    if not complete:
        raise ConfigError("elasticsearch.url needs scheme, host and port, e.g. https://es.example:9200")
    if parts.username or parts.password:
        raise ConfigError(
            "elasticsearch.url must not carry credentials: set TRIAGE_ELASTICSEARCH__USERNAME and __PASSWORD"
        )


def place(settings: ElasticSettings) -> str:
    """Return the server's name for messages and keys, without secrets."""
    if settings.cloud_id:
        return f"cloud:{settings.cloud_id.split(':', 1)[0]}"
    return ",".join(url.strip().rstrip("/") for url in settings.url.split(","))


def _place(settings: ElasticSettings, urls: tuple[str, ...]) -> dict[str, Any]:
    return {"hosts": list(urls)} if urls else {"cloud_id": settings.cloud_id}


def _tls(settings: ElasticSettings, urls: tuple[str, ...]) -> dict[str, Any]:
    if urls and not any(url.startswith("https:") for url in urls):
        return {}
    if settings.ca_file is not None and not settings.ca_file.is_file():
        raise ConfigError(f"elasticsearch.ca_file {str(settings.ca_file)!r} does not exist")
    if settings.ca_file is not None and settings.fingerprint:
        raise ConfigError("set only one of elasticsearch.ca_file and elasticsearch.fingerprint")
    if not settings.verify:
        return {"verify_certs": False, "ssl_show_warn": False}
    if settings.fingerprint:
        return {"ssl_assert_fingerprint": settings.fingerprint}
    if settings.ca_file is None:
        return {}
    ssl.create_default_context(cafile=settings.ca_file)  # the client would read it only at the first request
    return {"ca_certs": str(settings.ca_file)}


def _credentials(settings: ElasticSettings) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.username:
        given["basic_auth"] = (settings.username, settings.password.get_secret_value())
    for name, secret in (("api_key", settings.api_key), ("bearer_auth", settings.bearer)):
        given |= _secret(name, secret)
    if len(given) > 1:
        raise ConfigError("set only one of elasticsearch.username, api_key and bearer")
    hosts = {urlsplit(url).hostname for url in settings.url.split(",") if url.strip().startswith("http:")}
    if given and not hosts <= _LOOPBACK:
        _LOG.warning("credentials are sent without TLS: use https in elasticsearch.url")
    return given


def _secret(name: str, secret: SecretStr) -> dict[str, str]:
    return {name: secret.get_secret_value()} if secret.get_secret_value() else {}


def _manners(settings: ElasticSettings) -> dict[str, Any]:
    return {
        "request_timeout": settings.timeout_seconds,
        "max_retries": 0,
        "retry_on_timeout": False,
        "connections_per_node": settings.slices + 2,
        "serializers": {Json.mimetype: Json(), Ndjson.mimetype: Ndjson()},
    }
