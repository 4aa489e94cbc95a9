"""Per-part work: in order, here while it is little, elsewhere when it is much."""

import os

import pytest

from triage import workers

PARTS = range(9)


def place(part: int) -> tuple[int, int]:
    return part, os.getpid()


def test_little_work_stays_in_this_process() -> None:
    assert list(workers.map_parts(place, PARTS, 4)) == [(part, os.getpid()) for part in PARTS]


def test_much_work_goes_on_in_other_processes_and_comes_back_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_SECONDS", -1.0)
    done = list(workers.map_parts(place, PARTS, 2))
    assert [part for part, _ in done] == list(PARTS)
    assert done[0][1] == os.getpid()
    assert done[-1][1] != os.getpid()


def test_one_worker_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_SECONDS", 0.0)
    assert {process for _, process in workers.map_parts(place, PARTS, 1)} == {os.getpid()}


def test_the_number_of_processes_is_as_asked_or_one_per_core() -> None:
    assert workers.worker_count(3) == 3
    assert workers.worker_count(0) >= 1
