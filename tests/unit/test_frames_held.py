"""Frames that a working set keeps in memory are those on disk, whoever wrote them."""

from pathlib import Path

import polars as pl

from triage.adapters.segments import FolderWorkingSet

OLD, NEW = pl.DataFrame({"n": [1, 2]}), pl.DataFrame({"n": [3, 4]})


def test_what_another_one_writes_is_read(tmp_path: Path) -> None:
    mine, other = FolderWorkingSet(tmp_path), FolderWorkingSet(tmp_path)
    mine.put("frame", OLD)
    assert mine.get("frame").equals(OLD)
    other.put("frame", NEW)
    assert mine.get("frame").equals(NEW)


def test_a_reader_cannot_change_what_the_next_one_reads(tmp_path: Path) -> None:
    work = FolderWorkingSet(tmp_path)
    work.put("frame", OLD)
    for _ in range(2):
        frame = work.get("frame")
        assert frame.equals(OLD)
        frame.insert_column(0, pl.Series("more", [0, 0]))
