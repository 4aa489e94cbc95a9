"""The columnar segments: whole or not at all, safe names, private files."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.adapters.segments import PARTS_HELD, FolderRawStore, FolderWorkingSet
from triage.errors import StateError
from triage.ports import RawPage

FRAME = pl.DataFrame({"id": ["a", "b"], "time": [1, 2]})


def test_a_frame_comes_back_equal(tmp_path: Path) -> None:
    working = FolderWorkingSet(tmp_path / "run")
    assert not working.has("batch/alerts")
    working.put("batch/alerts", FRAME)
    assert working.has("batch/alerts")
    assert working.get("batch/alerts").equals(FRAME)


def test_the_same_frame_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = FolderWorkingSet(tmp_path / "1"), FolderWorkingSet(tmp_path / "2")
    one.put("alerts", FRAME)
    two.put("alerts", FRAME)
    assert one.path("alerts").read_bytes() == two.path("alerts").read_bytes()


def test_an_unknown_key_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        FolderWorkingSet(tmp_path).get("nothing")


@pytest.mark.parametrize("key", ["", "../x", "/etc/x", "a//b", "a/", "A", "a.b", "a\n", "a\x00", "ä"])
def test_unsafe_keys_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="working set key"):
        FolderWorkingSet(tmp_path).put(key, FRAME)


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    working = FolderWorkingSet(tmp_path / "run")
    working.put("alerts", FRAME)
    assert stat.S_IMODE(working.path("alerts").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_frame(tmp_path: Path) -> None:
    working = FolderWorkingSet(tmp_path)
    working.put("alerts", FRAME)
    with pytest.raises(pl.exceptions.PolarsError):
        pl.DataFrame({"a": [object()]}).write_parquet(tmp_path / "probe")
    with pytest.raises(StateError, match="cannot write"):
        working.put("alerts", pl.DataFrame({"a": [object()]}))
    assert working.get("alerts").equals(FRAME)


def test_a_leftover_of_a_killed_writer_does_no_harm(tmp_path: Path) -> None:
    working = FolderWorkingSet(tmp_path)
    (tmp_path / ".alerts.parquet.tmp").write_bytes(b"half a file")
    assert not working.has("alerts")
    working.put("alerts", FRAME)
    assert working.get("alerts").equals(FRAME)


def test_a_damaged_segment_is_said(tmp_path: Path) -> None:
    working = FolderWorkingSet(tmp_path)
    working.path("alerts").write_bytes(b"not parquet at all")
    with pytest.raises(StateError, match="damaged"):
        working.get("alerts")


@given(lines=st.lists(st.binary(max_size=50).map(lambda b: b.replace(b"\n", b" ")), min_size=1, max_size=20))
def test_every_document_is_addressable(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    raw = FolderRawStore(tmp_path_factory.mktemp("raw"))
    page = RawPage(b"\n".join(lines), len(lines), "alerts-*/ß", 7)
    raw.append(3, page)
    assert raw.page(3) == page
    assert [raw.document(3, number) for number in range(len(lines))] == lines


def test_parts_are_listed_in_order_and_forgotten(tmp_path: Path) -> None:
    raw = FolderRawStore(tmp_path / "raw")
    assert list(raw.parts()) == []
    for part in (11, 2, 0):
        raw.append(part, RawPage(b"{}", 1, "x", 1))
    assert list(raw.parts()) == [0, 2, 11]
    raw.append(2, RawPage(b"{1}", 1, "x", 1))
    assert raw.document(2, 0) == b"{1}"
    raw.clear()
    assert list(raw.parts()) == []
    for missing in (lambda: raw.page(0), lambda: raw.document(2, 0)):
        with pytest.raises(KeyError):
            missing()


def test_documents_of_many_parts_are_found_by_turns_and_from_any_thread(tmp_path: Path) -> None:
    raw = FolderRawStore(tmp_path)
    for part in range(PARTS_HELD + 2):
        raw.append(part, RawPage(f"{part}a\n{part}b".encode(), 2, "x", 1))
    asked = [(part, line) for _ in range(20) for part in range(PARTS_HELD + 2) for line in range(2)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda place: raw.document(*place), asked))
    assert found == [f"{part}{'ab'[line]}".encode() for part, line in asked]


def test_lines_and_parts_that_cannot_be(tmp_path: Path) -> None:
    raw = FolderRawStore(tmp_path)
    raw.append(0, RawPage(b"{}", 1, "x", 1))
    with pytest.raises(KeyError):
        raw.document(0, 5)
    with pytest.raises(KeyError):
        raw.document(0, -1)
    with pytest.raises(ValueError, match="out of range"):
        raw.append(-1, RawPage(b"", 0, "x", 1))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_folders_and_files_are_the_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        working = FolderWorkingSet(tmp_path / "runs" / "run-000001")
        working.put("published/ledger", pl.DataFrame({"a": [1]}))
        working.raw().append(0, RawPage(b"{}\n", 1, "f", 1))
    finally:
        os.umask(before)
    found = list(tmp_path.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
    assert len(found) == 6
