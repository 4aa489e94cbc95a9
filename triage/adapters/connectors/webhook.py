"""A webhook: posts one typed JSON document per approved action, signed, to one configured URL.

Headers and signature follow Standard Webhooks 1.0 (standardwebhooks.com): ``webhook-id`` is the idempotency key, the
same for every try, so that a receiver drops repeats. The URL comes from the configuration alone; no text of an alert
ever chooses where anything is sent, and no redirect is followed. A dry run sends nothing.
"""

import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3
from pydantic import SecretStr

from triage.adapters.elastic.faults import bounded
from triage.adapters.elastic.retry import Retry
from triage.config import ConnectorSettings
from triage.errors import ConfigError, SourceUnavailable
from triage.responding.models import Action, Outcome, Preview

SCHEMA = "triage.response/1"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANSWER_BYTES = 16_384
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_FIRST_WAIT = 0.5
_PREFIX = "whsec_"


class Webhook:
    """``responding.Connector`` over HTTPS."""

    def __init__(
        self,
        settings: ConnectorSettings,
        secret: SecretStr | None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Check the settings; nothing is sent. Raises ConfigError."""
        self._settings = settings
        self._secret = secret
        self._retry = Retry(settings.retries if settings.idempotent else 0, _FIRST_WAIT, sleep)
        self._clock = clock
        _check_url(settings)
        _check_secret(settings, secret)
        self._pool = urllib3.PoolManager(ssl_context=_tls(settings), retries=False)

    @property
    def name(self) -> str:
        """Return the configured name."""
        return self._settings.name

    @property
    def idempotent(self) -> bool:
        """Tell whether the receiver drops repeats."""
        return self._settings.idempotent

    def takes(self, measure: str) -> bool:
        """Tell whether the measure is configured, by its exact name."""
        return measure in self._settings.measures

    def preview(self, action: Action) -> Preview:
        """Say what would be posted and where; sends nothing."""
        content = body(action)
        signed = "signed" if self._secret else "not signed: TRIAGE_CONNECTOR_SECRETS names no secret for it"
        return Preview(
            would=(
                f"POST {len(content)} bytes of JSON to {_place(self._settings.url)}, {signed}",
                f"{action.measure} of {action.kind} {action.target}, idempotency key {action.key}",
            ),
            changes=1,
            digest=hashlib.sha256(content).hexdigest(),
        )

    def carry_out(self, action: Action, preview: Preview) -> Outcome:
        """Post the action until it is taken or refused; a try that may have arrived ends as ``unknown``."""
        content = body(action)
        if hashlib.sha256(content).hexdigest() != preview.digest:
            return Outcome(state="failed", detail="it is no longer what the dry run showed")
        arrived = list[bool]()
        try:
            return self._retry.call(lambda: self._post(content, action.key, arrived))
        except SourceUnavailable as error:
            if not any(arrived):
                return Outcome(state="failed", detail=f"{error}; nothing was sent")
            return Outcome(state="unknown", detail=f"{error}; it may have arrived: look there, or propose it again")

    def _post(self, content: bytes, key: str, arrived: list[bool]) -> Outcome:
        """Send it once; note whether it may have arrived. Raises SourceUnavailable where another try may help."""
        try:
            answer = self._pool.request(
                "POST",
                self._settings.url,
                body=content,
                headers=self._headers(content, key),
                timeout=urllib3.Timeout(self._settings.timeout_seconds),
                redirect=False,
                preload_content=False,
            )
            said = _read(answer)
        except urllib3.exceptions.SSLError as error:
            return Outcome(
                state="failed", detail=f"the certificate of {self._host()} is not accepted: {bounded(error)}"
            )
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise SourceUnavailable(f"{self._host()} cannot be reached") from error
        except urllib3.exceptions.HTTPError as error:
            arrived.append(True)
            raise SourceUnavailable(f"{self._host()} did not answer ({type(error).__name__})") from error
        arrived.append(True)
        return self._outcome(answer.status, said)

    def _outcome(self, status: int, said: str) -> Outcome:
        if status in _AGAIN:
            raise SourceUnavailable(f"{self._host()} answered {status}")
        if 200 <= status < 300:
            return Outcome(state="done", detail=f"{self._host()} answered {status}: {said}", changed=1)
        moved = "; redirects are not followed: configure the final URL" if 300 <= status < 400 else ""
        return Outcome(state="failed", detail=f"{self._host()} refused it ({status}): {said}{moved}")

    def _headers(self, content: bytes, key: str) -> dict[str, str]:
        stamp = str(int(self._clock()))
        headers = {"content-type": "application/json", "webhook-id": key, "webhook-timestamp": stamp}
        headers["idempotency-key"] = key
        if self._secret:
            headers["webhook-signature"] = sign(self._secret, key, stamp, content)
        return headers

    def _host(self) -> str:
        return f"webhook {self.name} ({urlsplit(self._settings.url).hostname})"


def sign(secret: SecretStr, key: str, stamp: str, content: bytes) -> str:
    """Return the signature over id, timestamp (seconds) and body: ``v1,`` and base64 of HMAC-SHA256."""
    message = b".".join((key.encode(), stamp.encode(), content))
    digest = hmac.new(_key(secret), message, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: SecretStr) -> bytes:
    """Return the bytes of a secret: base64 after ``whsec_``, as the standard writes it, else the text itself."""
    text = secret.get_secret_value()
    return base64.b64decode(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else text.encode()


def body(action: Action) -> bytes:
    """Return what is posted: the same bytes for the same action, whenever it is sent."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "idempotency_key": action.key,
        "measure": action.measure,
        "target": {"kind": action.kind, "value": action.target},
        "action": action.action,
        "reason": action.reason,
        "evidence": list(action.evidence),
        "reversal": action.reversal,
        "incident": {
            "id": action.incident_id,
            "title": action.title,
            "disposition": action.disposition,
            "urgency": action.urgency,
        },
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _read(answer: Any) -> str:  # noqa: ANN401 - urllib3's base class lacks what it answers with
    """Return the beginning of an answer as one clean line; the rest is never read."""
    try:
        return bounded(answer.read(_ANSWER_BYTES, decode_content=False).decode("utf-8", "replace"))
    finally:
        answer.close()


def _check_url(settings: ConnectorSettings) -> None:
    try:
        parts = urlsplit(settings.url)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    if not host or scheme not in {"http", "https"} or (scheme == "http" and host not in _LOOPBACK):
        raise ConfigError(f"connector {settings.name}: url needs https and a host (http only on this machine)")
    if "@" in parts.netloc:
        raise ConfigError(f"connector {settings.name}: url must not carry credentials; use TRIAGE_CONNECTOR_SECRETS")


def _check_secret(settings: ConnectorSettings, secret: SecretStr | None) -> None:
    try:
        _key(secret or SecretStr(""))
    except ValueError:  # its text would show the secret
        raise ConfigError(f"connector {settings.name}: what follows whsec_ in its secret is not base64") from None


def _place(url: str) -> str:
    """Return a URL without its query, which may hold a token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _tls(settings: ConnectorSettings) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"connector {settings.name}: ca_file cannot be used: {error}") from error
