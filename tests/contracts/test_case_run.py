"""One labelled case end to end, through the command a user would type: every alert is in the ledger exactly once."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT.parent / "shared" / "tools" / "build_cases.py"
CASE = "ait_russellmitchell"

pytestmark = [
    pytest.mark.skipif(not BUILDER.is_file(), reason="the labelled cases are not beside this repository"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the case and return its folder."""
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run(
        [sys.executable, str(BUILDER), "--only", CASE, "--out", str(folder)], check=True, capture_output=True
    )
    return folder / CASE


def triage(*words: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui"))
    env = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")} | {"PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-m", "triage", *words], env=env, capture_output=True, text=True, check=False
    )


def test_every_alert_of_a_case_has_one_outcome(case: Path, tmp_path: Path) -> None:
    with gzip.open(case / "alerts.ndjson.gz", "rb") as stream:
        wanted = Counter(json.loads(line)["_id"] for line in stream)
    done = triage("run", str(case / "alerts.ndjson.gz"), "--output", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accounted"] is True
    with gzip.open(tmp_path / "out" / "ledger.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert Counter(row["alert_id"] for row in rows) == wanted
    incidents = json.loads((tmp_path / "out" / "incidents.json").read_text(encoding="utf-8"))
    assert {row["incident_id"] for row in rows} - {""} <= {incident["incident_id"] for incident in incidents}
    assert [incident["rank"] for incident in incidents] == list(range(1, len(incidents) + 1))
