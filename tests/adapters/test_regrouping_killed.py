"""kill -9 while incidents are regrouped: the queue and the log of decisions always tell the same."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from triage.adapters.database import SqliteState

ROOT = Path(__file__).resolve().parents[2]

ANALYST = """
import dataclasses, sys
from pathlib import Path
from triage.config import Settings
from triage.fakes import HashEmbedder
from triage.ports import Window
from triage.session import Session

light = lambda context: dataclasses.replace(context, embedder=HashEmbedder())
with Session(Settings(state=Path(sys.argv[1]), workers=1), adapt=light) as session:
    if len(sys.argv) > 2:
        list(session.run([sys.argv[2]], Window(None, None), None))
        sys.exit()
    while True:
        if session.regrouping().in_force():
            session.undo()
        else:
            whole = session.top(1)[0].incident_id
            key = session.activities(whole)["activity"][0]
            session.decide(session.regrouping().split(whole, [key]))
        print("told", flush=True)
"""


def command(*words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in (".", "tools"))}
    return subprocess.Popen([sys.executable, "-c", ANALYST, *words], stdout=subprocess.PIPE, text=True, env=env)


def night(folder: Path) -> Path:
    first = datetime(2026, 3, 1, 8, tzinfo=UTC)
    lines = [
        orjson.dumps(
            {
                "_index": "alerts",
                "_id": f"a{number}",
                "_source": {
                    "@timestamp": (first + timedelta(minutes=number)).isoformat(),
                    "event": {"kind": "alert", "module": "endpoint", "severity": 90},
                    "rule": {"name": f"Rule {'abcde'[number]}"},
                    "host": {"name": "fs01"},
                    "message": "what happened",
                },
            }
        )
        for number in range(5)
    ]
    file = folder / "alerts.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_queue_and_the_log_never_differ(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with command(str(folder), str(night(tmp_path))) as started:
        assert started.wait() == 0
    dice, acts = random.Random(5), 0
    for _ in range(4):
        with command(str(folder)) as analyst:
            assert analyst.stdout is not None
            told = sum(1 for _ in range(dice.randrange(1, 4)) if analyst.stdout.readline())
            time.sleep(dice.random() / 4)  # nothing waits for this: it only chooses the moment of the kill
            analyst.send_signal(signal.SIGKILL)
            told += sum(line == "told\n" for line in analyst.stdout)
        with SqliteState(folder) as state:
            entries = [one for one in state.audit_entries(10**6) if one.action.startswith("decision.")]
            parts = [one for one in state.incidents() if one.disposition != "benign"]
            standing = len(state.decisions.constraints())
            ledger = state.ledger(state.last_published() or "")
            assert state.audit_broken_at() is None
        assert len(entries) - acts - told in {0, 1}, "what was told is kept, and at most the act in flight beside it"
        assert len(parts) == (2 if standing else 1)
        assert ledger.height == ledger["alert_id"].n_unique() == 5
        acts = len(entries)
