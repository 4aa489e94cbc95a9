"""What a command imports, seen from outside: the promise that a light command stays light, and textual in its place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from triage.cli.app import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "tools", "evals", "tui")
HEAVY = {"elasticsearch", "faiss", "langchain_core", "langgraph", "numpy", "polars", "sentence_transformers", "textual"}
HEAVY |= {"torch"}

IMPORT_ALL = """
import importlib, pkgutil
for package in ("triage", "triage_tools", "triage_evals"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


def imported(tmp_path: Path, code: str) -> set[str]:
    """Run code in a fresh interpreter and return the top-level names it has imported at the end."""
    tail = "\nimport sys\nprint('IMPORTED', *{name.partition('.')[0] for name in sys.modules})"
    path = os.pathsep.join(str(ROOT / folder) for folder in FOLDERS)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code + tail], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return set(done.stdout.partition("IMPORTED ")[2].split())


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS), ["config"], ["init"]])
def test_light_commands_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    found = imported(tmp_path, f"from triage.cli import main\nassert main({words!r}) == 0")
    assert not found & HEAVY


def test_the_help_page_needs_neither_settings_nor_rich(tmp_path: Path) -> None:
    found = imported(tmp_path, "from triage.cli import main\nassert main(['--help']) == 0")
    assert not found & {"pydantic", "pydantic_settings", "rich", "orjson"}


def test_settings_import_nothing_heavy(tmp_path: Path) -> None:
    found = imported(tmp_path, "from triage.settings_io import load_settings\nload_settings(None, {}, {})")
    assert not found & HEAVY


def test_only_the_terminal_front_end_imports_textual(tmp_path: Path) -> None:
    found = imported(tmp_path, IMPORT_ALL)
    assert "textual" not in found
    assert "torch" not in found, "torch is imported when something is to be embedded, not before"
