"""TLS and credentials, against a proxy that demands them in front of a real server; and settings that cannot work."""

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from support.certificates import Certificates
from support.fault_proxy import Door, FaultProxy
from support.pulls import EVERYTHING, Corpus, read
from triage.adapters.elastic.client import connect
from triage.config import ElasticSettings
from triage.errors import ConfigError, SourceAuthError, SourceError

GOOD, WEAK = "aWQ6c2VjcmV0LWtleQ==", "aWQ6d2Vhay1rZXk="


@pytest.fixture
def secured(corpus: Corpus, certificates: Certificates) -> Any:
    """The server behind TLS and API keys."""
    with FaultProxy(corpus.url, door=Door(certificates.server, {GOOD: 200, WEAK: 403})) as proxy:
        yield proxy.url, corpus


def settings(url: str, **more: object) -> ElasticSettings:
    return ElasticSettings.model_validate({"url": url, "index": "corpus-*", "api_key": GOOD, "retries": 0} | more)


@pytest.mark.elastic
def test_a_ca_file_or_a_fingerprint_opens_the_door(secured: tuple[str, Corpus], certificates: Certificates) -> None:
    url, corpus = secured
    for trust in ({"ca_file": certificates.authority}, {"fingerprint": certificates.fingerprint}, {"verify": False}):
        assert set(read(settings(url, **trust), EVERYTHING).ids) == corpus.ids


@pytest.mark.elastic
def test_an_unknown_authority_is_refused_with_advice(secured: tuple[str, Corpus], certificates: Certificates) -> None:
    url, _ = secured
    for trust in ({"ca_file": certificates.stranger}, {}):
        with pytest.raises(SourceError, match=r"not trusted: set elasticsearch\.ca_file"):
            read(settings(url, **trust), EVERYTHING)


@pytest.mark.elastic
def test_another_fingerprint_is_refused_with_advice(secured: tuple[str, Corpus]) -> None:
    url, _ = secured
    with pytest.raises(SourceError, match=r"elasticsearch\.fingerprint"):
        read(settings(url, fingerprint="ab" * 32), EVERYTHING)


@pytest.mark.elastic
def test_a_certificate_for_another_host_is_refused_with_advice(
    secured: tuple[str, Corpus], certificates: Certificates
) -> None:
    url = secured[0].replace("127.0.0.1", "[::ffff:127.0.0.1]")
    with pytest.raises(SourceError, match="another host name"):
        read(settings(url, ca_file=certificates.authority), EVERYTHING)


@pytest.mark.elastic
def test_plain_http_behind_https_is_refused_with_advice(corpus: Corpus) -> None:
    with pytest.raises(SourceError, match="does not speak TLS"):
        read(settings(corpus.url.replace("http:", "https:")), EVERYTHING)


@pytest.mark.elastic
@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        ({"api_key": "aWQ6d3Jvbmc="}, "does not accept the credentials"),
        ({"api_key": ""}, "does not accept the credentials"),
        ({"api_key": WEAK}, "needs the index privilege read"),
        ({"api_key": "", "bearer": "secret-token"}, "does not accept the credentials"),
        ({"api_key": "", "username": "ann", "password": "secret-word"}, "does not accept the credentials"),
    ],
)
def test_refused_credentials_stop_at_once_and_are_not_repeated(
    secured: tuple[str, Corpus], certificates: Certificates, credentials: dict[str, str], sentence: str
) -> None:
    url, _ = secured
    with pytest.raises(SourceAuthError, match=sentence) as caught:
        read(settings(url, ca_file=certificates.authority, **credentials), EVERYTHING)
    assert "secret" not in str(caught.value)
    assert not any(len(value) > 4 and value in str(caught.value) for value in credentials.values())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": ""}, "exactly one of"),
        ({"url": "https://es.example"}, "scheme, host and port"),
        ({"url": "es.example:9200"}, "scheme, host and port"),
        ({"url": "https://es.example:port"}, "scheme, host and port"),
        ({"cloud_id": "x:eA=="}, "exactly one of"),
        ({"ca_file": "/no/such/file.pem"}, "does not exist"),
        ({"username": "ann", "password": "secret"}, "only one of"),
        ({"ca_file": __file__, "fingerprint": "ab" * 32}, "only one of"),
        ({"ca_file": __file__}, "cannot be used"),
        ({"url": "", "cloud_id": "nonsense"}, "cannot be used"),
    ],
)
def test_settings_that_cannot_work_name_the_key(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        connect(settings(**{"url": "https://es.example:9200", **wrong}))
    assert "secret" not in str(caught.value)


def test_credentials_in_the_url_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValidationError, match="must not carry credentials"):
        settings("https://ann:secret@es.example:9200")


def test_basic_and_bearer_credentials_go_into_the_header() -> None:
    ours = {"username": "ann", "password": "word"}
    with connect(settings("https://es.example:9200", api_key="", **ours)) as client:
        assert client._headers["authorization"] == "Basic " + base64.b64encode(b"ann:word").decode()
    with connect(settings("https://es.example:9200", api_key="", bearer="token")) as client:
        assert client._headers["authorization"] == "Bearer token"


def test_a_cloud_id_names_the_server() -> None:
    cloud = "soc:" + base64.b64encode(b"example.com:443$abc$def").decode()
    with connect(settings("", cloud_id=cloud)) as client:
        assert next(iter(client.transport.node_pool.all())).base_url == "https://abc.example.com:443"
