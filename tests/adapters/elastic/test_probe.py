"""What the doctor says about a server."""

import pytest

from support.certificates import Certificates
from support.fault_proxy import Door, FaultProxy
from support.pulls import EVERYTHING, Corpus
from triage.adapters.elastic.probe import checks
from triage.config import ElasticSettings

pytestmark = pytest.mark.elastic


def test_a_healthy_server(corpus: Corpus) -> None:
    found = {check.name: check for check in checks(ElasticSettings(url=corpus.url, index="corpus-*"), EVERYTHING)}

    assert all(check.ok and not check.advice for check in found.values())
    assert found["version"].detail.startswith(("8.19", "9."))
    assert found["read corpus-*"].detail == "700 documents"
    assert found["alerts"].detail == "700 in the window"
    assert "@timestamp" in found["fields"].detail


def test_each_missing_pattern_is_named(corpus: Corpus) -> None:
    settings = ElasticSettings(url=corpus.url, index="corpus-a,nowhere,nothing-*")
    bad = [check for check in checks(settings, EVERYTHING) if not check.ok]

    assert [check.name for check in bad] == ["read nowhere", "read nothing-*"]
    assert all(check.advice for check in bad)


def test_bad_credentials_and_bad_trust_say_what_to_do(corpus: Corpus, certificates: Certificates) -> None:
    with FaultProxy(corpus.url, door=Door(certificates.server, {"good": 200})) as proxy:
        untrusted = checks(ElasticSettings(url=proxy.url), EVERYTHING)
        unknown = checks(ElasticSettings(url=proxy.url, ca_file=certificates.authority), EVERYTHING)

    assert [check.ok for check in untrusted + unknown] == [False, False]
    assert "elasticsearch.ca_file" in untrusted[0].advice
    assert "TRIAGE_ELASTICSEARCH__API_KEY" in unknown[0].advice


def test_settings_that_cannot_work_are_one_failed_check() -> None:
    assert [check.ok for check in checks(ElasticSettings(), EVERYTHING)] == [False]
