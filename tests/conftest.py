"""Fixtures that all test folders share: real Elasticsearch nodes, started once per session when a test wants one."""

import os
from collections.abc import Iterator

import pytest

from support.elastic_node import JavaMissingError, NodeError, running


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
    if os.environ.get("TRIAGE_SKIP_ELASTIC") == "1":
        pytest.skip("TRIAGE_SKIP_ELASTIC=1")
    try:
        with running(major, heap="512m") as url:
            yield url
    except JavaMissingError as error:
        if major == 9:
            pytest.skip(str(error))
        pytest.fail(f"{error}; or set TRIAGE_SKIP_ELASTIC=1")
    except NodeError as error:
        pytest.fail(f"{error}; or set TRIAGE_SKIP_ELASTIC=1")
