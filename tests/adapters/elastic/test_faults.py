"""Whatever happens between client and server: every document arrives, or the lack is said."""

import itertools
import random

import pytest

from support.fault_proxy import Fault, script
from support.pulls import Corpus, Pull
from triage.errors import SourceError, SourceMissing, SourceUnavailable

pytestmark = pytest.mark.elastic
PASSING = [fault for fault in Fault if fault is not Fault.SLOW]


@pytest.mark.parametrize("slices", [1, 3])
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.name)
def test_passing_faults_lose_nothing(pull: Pull, corpus: Corpus, fault: Fault, slices: int) -> None:
    found = pull(script([None, fault, None, None, fault, fault]), slices=slices)

    assert set(found.ids) == corpus.ids
    assert len(found.ids) == len(corpus.ids)
    assert found.problems == ()


def test_a_slow_server_is_asked_again(pull: Pull, corpus: Corpus) -> None:
    found = pull(script([None, Fault.SLOW]), timeout_seconds=0.5)

    assert set(found.ids) == corpus.ids
    assert found.problems == ()


@pytest.mark.parametrize("seed", range(8))
def test_any_mixture_of_passing_faults_loses_nothing(pull: Pull, corpus: Corpus, seed: int) -> None:
    dice = random.Random(seed)
    plan = script([dice.choice([None, None, *PASSING]) for _ in range(60)])

    found = pull(plan, slices=1 + seed % 4, page_size=dice.choice([7, 40, 1000]), retries=20)

    assert set(found.ids) == corpus.ids
    assert len(found.ids) == len(corpus.ids)
    assert found.problems == ()


def test_waits_double_and_pages_halve_under_refusal(pull: Pull) -> None:
    found = pull(script([Fault.TOO_MANY] * 3), slices=1)

    assert found.waits == [0.5, 1, 2]
    assert found.sizes[:4] == [40, 40, 20, 10]
    assert max(found.sizes[4:]) == 40


def test_a_server_that_refuses_for_good_is_reported_and_ends(pull: Pull, corpus: Corpus) -> None:
    found = pull(lambda number: None if number < 3 else Fault.UNAVAILABLE, slices=2)

    assert set(found.ids) < corpus.ids
    assert "503" in found.problems[0].reason
    assert found.problems[0].advice


@pytest.mark.parametrize("fault", [Fault.PARTIAL, Fault.TIMED_OUT], ids=lambda fault: fault.name)
def test_lasting_partial_answers_are_reported_and_the_rest_is_read(pull: Pull, corpus: Corpus, fault: Fault) -> None:
    found = pull(lambda _: fault, slices=2)

    assert 0 < len(set(found.ids)) <= len(corpus.ids)
    assert any("shards failed" in problem.reason or "timed out" in problem.reason for problem in found.problems)
    assert len(found.problems) <= 4


def test_a_point_in_time_that_always_expires_is_reported(pull: Pull) -> None:
    found = pull(lambda _: Fault.EXPIRED, slices=1)

    assert "expired again and again" in found.problems[0].reason


def test_points_in_time_that_expire_at_every_position_lose_nothing(pull: Pull, corpus: Corpus) -> None:
    for position in range(12):
        found = pull(script([*itertools.repeat(None, position), Fault.EXPIRED]), slices=2, page_size=100)
        assert sorted(found.ids) == sorted(corpus.ids)


def test_a_missing_index_is_said_at_once(pull: Pull) -> None:
    with pytest.raises(SourceMissing, match=r"no such index \[nowhere\]"):
        pull(index="corpus-a,nowhere")
    with pytest.raises(SourceMissing, match="no index matches"):
        pull(index="nowhere-*")


def test_a_query_that_cannot_be_is_said_at_once(pull: Pull) -> None:
    with pytest.raises(SourceError, match=r"elasticsearch\.query"):
        pull(query='{"no_such_query": {}}')


def test_a_server_that_is_not_there_is_unavailable(corpus: Corpus, pull: Pull) -> None:
    assert corpus
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        pull(url="http://127.0.0.1:9", retries=1)
