"""``kill -9`` at random moments of a run, the same command again: the results of a run that nobody disturbed."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from triage.generator import demo_case

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kill_test.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kill_test", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_three_kills_change_nothing(script: ModuleType, tmp_path: Path) -> None:
    alerts = demo_case(tmp_path / "case")
    assert script.kill_test([str(alerts)], tmp_path, times=3, seed=3) == []
