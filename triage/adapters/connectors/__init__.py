"""Ways to carry out approved responses, each only where the configuration names it."""

from collections.abc import Callable, Sequence

from pydantic import SecretStr

from triage.casework.countermeasures import names
from triage.config import ConnectorSettings, ElasticSettings, Settings
from triage.errors import ConfigError
from triage.models import AlertRef
from triage.responding.models import Connector

Refs = Callable[[str], Sequence[AlertRef]]
"""Incident id -> all its alerts, in a fixed order."""


def build_connectors(settings: Settings, refs: Refs) -> tuple[Connector, ...]:
    """Return the configured connectors. Raises ConfigError for one that cannot work; nothing is sent."""
    listed = [one.name for one in settings.connector]
    if twice := sorted({name for name in listed if listed.count(name) > 1}):
        raise ConfigError(f"connector: the name {twice[0]!r} is used twice")
    secrets = read_secrets(settings.connector_secrets)
    if unknown := sorted(set(secrets) - set(listed)):
        raise ConfigError(f"TRIAGE_CONNECTOR_SECRETS: there is no connector {unknown[0]!r}")
    return tuple(_build(one, settings.elasticsearch, secrets.get(one.name), refs) for one in settings.connector)


def read_secrets(given: SecretStr) -> dict[str, SecretStr]:
    """Read NAME=SECRET,NAME=SECRET. Raises ConfigError, without the secret, for anything else."""
    pairs = [part.partition("=") for part in given.get_secret_value().split(",") if part.strip()]
    if not all(name.strip() and secret for name, _, secret in pairs):
        raise ConfigError("TRIAGE_CONNECTOR_SECRETS should be NAME=SECRET, several separated by commas")
    return {name.strip(): SecretStr(secret.strip()) for name, _, secret in pairs}


def _build(one: ConnectorSettings, elastic: ElasticSettings, secret: SecretStr | None, refs: Refs) -> Connector:
    if one.kind == "webhook":
        from triage.adapters.connectors.webhook import Webhook

        if unknown := sorted(set(one.measures) - names()):
            raise ConfigError(f"connector {one.name}: there is no measure {unknown[0]!r}; see docs/responding.md")
        return Webhook(one, secret)
    from triage.adapters.connectors.elastic_status import ElasticStatus

    if one.measures or one.url:
        raise ConfigError(f"connector {one.name}: elastic_status takes neither measures nor url")
    return ElasticStatus(one, elastic, refs)
