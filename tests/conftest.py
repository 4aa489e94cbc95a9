"""Fixtures that all test folders share: real Elasticsearch nodes, started once per session when a test wants one."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from support.elastic_node import JavaMissingError, NodeError, running

hypothesis.settings.register_profile("suite", deadline=None)  # the time a test takes is the machine's, not the code's
hypothesis.settings.load_profile("suite")

SKIP_ELASTIC = "TESTS_SKIP_ELASTIC"
"""Set to 1 to leave out what needs a real node. Not TRIAGE_…: the program takes every such name for a setting."""


@pytest.fixture(scope="session", autouse=True)
def _own_settings_only() -> Iterator[None]:
    """Keep settings of whoever runs the tests away from them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TRIAGE_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def es8() -> Iterator[str]:
    """URL of an Elasticsearch 8.19 node."""
    yield from _node(8)


@pytest.fixture(scope="session")
def es9() -> Iterator[str]:
    """URL of an Elasticsearch 9.5 node; skipped without Java 21+."""
    yield from _node(9)


@pytest.fixture(scope="session", params=[8, 9])
def es_node(request: pytest.FixtureRequest) -> str:
    """URL of each supported server in turn."""
    return str(request.getfixturevalue(f"es{request.param}"))


def _node(major: int) -> Iterator[str]:
    if os.environ.get(SKIP_ELASTIC) == "1":
        pytest.skip(f"{SKIP_ELASTIC}=1")
    try:
        with running(major, heap="512m") as url:
            yield url
    except JavaMissingError as error:
        if major == 9:
            pytest.skip(str(error))
        pytest.fail(f"{error}; or set {SKIP_ELASTIC}=1")
    except NodeError as error:
        pytest.fail(f"{error}; or set {SKIP_ELASTIC}=1")
