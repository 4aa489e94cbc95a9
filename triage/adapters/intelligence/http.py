"""TAXII 2.1 collections and MISP feeds over HTTPS. Only whole collections are fetched: no value is ever looked up.

TAXII needs one paged GET, which urllib3 does; the client library of the standard has seen no release since 2021.
https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html section 5.4
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urljoin

import orjson

from triage.config import IntelligenceSettings
from triage.errors import SourceAuthError, SourceError, SourceMissing, SourceUnavailable
from triage.intelligence.misp import events, read_event
from triage.intelligence.reading import Gathered
from triage.intelligence.stix_objects import StixReader

TAXII: Final = "application/taxii+json;version=2.1"
MOST_PAGES: Final = 10_000
MOST_BYTES: Final = 512 << 20
"""A longer answer is given up."""
_PIECE: Final = 1 << 20
_LOCAL: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class Fetch(Protocol):
    """Gets one URL."""

    def __call__(self, url: str, accept: str) -> bytes:
        """Return the body. Raises SourceError, SourceUnavailable."""
        ...


class HttpFetch:
    """``Fetch`` with TLS verified and credentials of the settings, which are sent to the given hosts only."""

    def __init__(self, settings: IntelligenceSettings) -> None:
        import urllib3

        ca_file = str(settings.ca_file) if settings.ca_file else None
        retry = urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504), redirect=False)
        self._pool = urllib3.PoolManager(retries=retry, timeout=settings.timeout_seconds, ca_certs=ca_file)
        self._headers = _credentials(settings)

    def __call__(self, url: str, accept: str) -> bytes:
        """Return the body. Raises SourceError, SourceUnavailable."""
        import urllib3

        if not url.startswith(("https://", *_LOCAL)):
            raise SourceError(f"{_shown(url)}: intelligence is fetched over https only")
        try:
            answer = self._pool.request(
                "GET", url, headers={**self._headers, "Accept": accept}, preload_content=False, redirect=False
            )
            body = b"".join(_pieces(answer, url))
        except urllib3.exceptions.HTTPError as error:
            raise SourceUnavailable(f"{_shown(url)} gave no answer: {type(error).__name__}") from error
        _refuse(answer.status, url)
        return body


def _pieces(answer: Any, url: str) -> Iterator[bytes]:  # noqa: ANN401 - urllib3's response
    size = 0
    for piece in answer.stream(_PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            raise SourceError(f"{_shown(url)} answers with more than {MOST_BYTES >> 20} MB")
        yield piece


def read_taxii(url: str, fetch: Fetch, gathered: Gathered) -> str:
    """Read all objects of a collection, page by page; return a digest of what came."""
    reader, seen, after = StixReader(gathered), sha256(), ""
    base = urljoin(url if url.endswith("/") else f"{url}/", "objects/")
    for _ in range(MOST_PAGES):
        body = fetch(f"{base}?{urlencode({'limit': 1000, **({'next': after} if after else {})})}", TAXII)
        seen.update(body)
        page = _parsed(body, url)
        objects = page.get("objects", []) if isinstance(page, dict) else []
        reader.read(objects if isinstance(objects, list) else [])
        after = str(page.get("next") or "") if isinstance(page, dict) and page.get("more") is True else ""
        if not after:
            break
    else:
        gathered.leave(f"more than {MOST_PAGES:,} pages")
    reader.finish()
    return seen.hexdigest()


def read_feed(url: str, fetch: Fetch, gathered: Gathered) -> str:
    """Read all events that the manifest of a MISP feed names; return a digest of what came."""
    base = url if url.endswith("/") else f"{url}/"
    body = fetch(f"{base}manifest.json", "application/json")
    seen = sha256(body)
    manifest = _parsed(body, url)
    for name in sorted(manifest) if isinstance(manifest, Mapping) else []:
        if not name.replace("-", "").isalnum():
            gathered.leave("event with an unsafe name")
            continue
        event = fetch(f"{base}{name}.json", "application/json")
        seen.update(event)
        for one in events(_parsed(event, url)):
            read_event(one, gathered)
    return seen.hexdigest()


def _parsed(body: bytes, url: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{_shown(url)} answers with what is no JSON") from error


def _credentials(settings: IntelligenceSettings) -> dict[str, str]:
    import urllib3

    if bearer := settings.bearer.get_secret_value():
        return {"Authorization": f"Bearer {bearer}"}
    if settings.username:
        secret = f"{settings.username}:{settings.password.get_secret_value()}"
        return urllib3.make_headers(basic_auth=secret)
    return {}


def _refuse(status: int, url: str) -> None:
    if status in {401, 403}:
        raise SourceAuthError(f"{_shown(url)} refuses the credentials; set intelligence.username and its password")
    if status == 404:
        raise SourceMissing(f"{_shown(url)} does not exist")
    if status >= 300:
        raise SourceError(f"{_shown(url)} answers {status}")


def _shown(url: str) -> str:
    """Return a URL without query and credentials."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
