"""What must not be in the repository: the machine it was written on."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Return the files that are, or would be, tracked."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_folder_of_this_machine() -> None:
    here = {ROOT, ROOT.parent / "shared", Path(sys.prefix)}
    folders = [str(folder).encode() for folder in here if len(folder.parts) > 2]
    guilty = [str(path.relative_to(ROOT)) for path in tracked() if any(name in path.read_bytes() for name in folders)]
    assert guilty == []


def test_no_source_file_is_too_long() -> None:
    sources = [path for path in tracked() if path.suffix == ".py"]
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in sources}
    assert {name: length for name, length in lengths.items() if length >= 500} == {}
