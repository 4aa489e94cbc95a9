"""Foreign exceptions of the Elasticsearch client, translated once into the error tree of ``triage.errors``.

    SourceUnavailable         worth another try: 408, 429, 5xx, timeouts, resets, broken bodies
    SourceError               not worth one: bad query, mapping conflict, TLS, not Elasticsearch
    ├── SourceAuthError       401, 403; names the privilege that is needed
    ├── SourceMissing         404
    └── SearchContextMissingError  the point in time has expired: open a new one

No message carries a credential; what the server said is bounded and stripped of control characters.
"""

import contextlib
from collections.abc import Iterator, Mapping

from elasticsearch import ApiError, ConnectionTimeout, SerializationError, SSLError, TransportError
from elasticsearch.exceptions import UnsupportedProductError

from triage.errors import SourceAuthError, SourceError, SourceMissing, SourceUnavailable, TriageError

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_REASON_CHARS = 300
_EXPIRED = "search_context_missing_exception"


class SearchContextMissingError(SourceError):
    """The point in time is gone (expired, or its node left)."""


@contextlib.contextmanager
def translated(doing: str, where: str, privilege: str) -> Iterator[None]:
    """Raise foreign exceptions of the block as ours.

    ``doing`` completes "Elasticsearch refused to ..."; ``where`` names server and index without secrets;
    ``privilege`` says what a 403 lacks, e.g. "index privilege read".
    """
    try:
        yield
    except UnsupportedProductError as error:
        raise SourceError(f"{where} is not Elasticsearch (no X-Elastic-Product header): check the URL") from error
    except ApiError as error:
        raise _from_status(error, doing, where, privilege) from error
    except SSLError as error:
        # str(error) says only "TLS error"
        raise _from_tls(" ".join(map(str, (error.message, *error.errors))), where) from error
    except ConnectionTimeout as error:
        raise SourceUnavailable(f"{where} did not answer in time (elasticsearch.timeout_seconds)") from error
    except SerializationError as error:
        raise SourceUnavailable(f"{where} sent a broken answer") from error
    except TransportError as error:
        cause = type(error.errors[0]).__name__ if error.errors else type(error).__name__
        raise SourceUnavailable(f"{where} cannot be reached ({cause}): is the URL right, is the server up?") from error


def _from_status(error: ApiError, doing: str, where: str, privilege: str) -> TriageError:
    status, reason = error.status_code, reason_of(error.body)
    if status == 401:
        return SourceAuthError(
            f"{where} does not accept the credentials (401): set TRIAGE_ELASTICSEARCH__API_KEY, "
            "__USERNAME with __PASSWORD, or __BEARER"
        )
    if status == 403:
        return SourceAuthError(f"{where}: not allowed to {doing} (403): the user or API key needs the {privilege}")
    if _EXPIRED in causes(error.body):
        return SearchContextMissingError(f"{where}: the point in time has expired")
    if status == 404:
        return SourceMissing(f"{where}: nothing there to {doing} (404): {reason}; check elasticsearch.index")
    if status in _AGAIN:
        return SourceUnavailable(f"{where} refused to {doing} ({status}): {reason}")
    return SourceError(f"{where} cannot {doing} ({status}): {reason}; check elasticsearch.query and the index mapping")


def _from_tls(text: str, where: str) -> TriageError:
    if "EOF" in text or "reset" in text:
        return SourceUnavailable(f"{where} broke off the TLS connection")
    if "ingerprint" in text:
        advice = "the certificate is not the one in elasticsearch.fingerprint: compare it on the server"
    elif (
        ("CERTIFICATE_VERIFY_FAILED" in text and "ostname" in text)
        or "IP address mismatch" in text
        or "doesn't match" in text
    ):
        advice = "the certificate is for another host name: use the name it was issued for in elasticsearch.url"
    elif "expired" in text:
        advice = "the certificate has expired: renew it on the server"
    elif "CERTIFICATE_VERIFY_FAILED" in text:
        advice = "the certificate's issuer is not trusted: set elasticsearch.ca_file or elasticsearch.fingerprint"
    elif "WRONG_VERSION_NUMBER" in text or "UNKNOWN_PROTOCOL" in text:
        advice = "the server does not speak TLS on this port: use http:// or another port"
    else:
        advice = "the TLS handshake failed: check elasticsearch.url and the server's TLS settings"
    return SourceError(f"{where}: {advice}")


def reason_of(body: object) -> str:
    """Return the most telling sentence of an error body, bounded and printable; 'no reason given' without one."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, Mapping):
        first = next(iter(error.get("root_cause") or [error]), error)
        caused = error.get("caused_by") or {}
        error = first.get("reason") or caused.get("reason") or error.get("reason") or error.get("type")
    return bounded(error or "no reason given")


def bounded(text: object) -> str:
    """Return text fit for a message: one line, printable, at most 300 characters."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(text)[: _REASON_CHARS * 2])
    return " ".join(line.split())[:_REASON_CHARS]


def causes(body: object) -> frozenset[str]:
    """Return the types of all root causes and shard failures of an answer."""
    if not isinstance(body, Mapping):
        return frozenset()
    error = body.get("error")
    error = error if isinstance(error, Mapping) else {}
    failures = [*(error.get("failed_shards") or ()), *((body.get("_shards") or {}).get("failures") or ())]
    reasons = [error, *(error.get("root_cause") or ()), *(failure.get("reason") or {} for failure in failures)]
    return frozenset(str(reason.get("type")) for reason in reasons if isinstance(reason, Mapping))
