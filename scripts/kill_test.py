"""Kill a run at random moments, repeat the same command each time, and compare with a run that nobody disturbed.

    python scripts/kill_test.py SOURCE [--index PATTERN] [--times 20] [--seed 1] [--folder DIR]

SOURCE is what ``triage run`` takes: a file, or the URL of an Elasticsearch with --index. Each kill is a SIGKILL to the
whole process group at a moment drawn from the duration of the undisturbed run. Exits 1 when a result differs.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ("incidents.json", "ledger.csv.gz")
TRIES_PER_KILL = 5
"""A run that ends before its kill does not count; it is begun anew on an empty state."""


def command(words: Sequence[str], output: Path) -> list[str]:
    """Return the command line of a run into ``output``."""
    return [sys.executable, "-m", "triage", "run", *words, "--output", str(output), "--json", "--no-progress"]


def start(words: Sequence[str], output: Path) -> "subprocess.Popen[bytes]":
    """Start a run as leader of its own process group."""
    paths = os.pathsep.join(str(ROOT / part) for part in (".", "tools", "evals", "tui"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    return subprocess.Popen(
        command(words, output),
        env=kept | {"PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def finish(words: Sequence[str], output: Path) -> float:
    """Run to the end and return the seconds. Exits when the run fails."""
    began = time.monotonic()
    if code := start(words, output).wait():
        sys.exit(f"the run ended with exit code {code}")
    return time.monotonic() - began


def kill_after(seconds: float, words: Sequence[str], output: Path) -> bool:
    """Start a run and kill its process group after ``seconds``; False when it had ended before."""
    process = start(words, output)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def differences(wanted: Path, found: Path) -> list[str]:
    """Return the names of the results that are not the same byte for byte."""
    return [name for name in RESULTS if (wanted / name).read_bytes() != (found / name).read_bytes()]


def kill_test(words: Sequence[str], folder: Path, times: int, seed: int) -> list[str]:
    """Do it all, tell of each kill, and return what differs in the end."""
    dice = random.Random(seed)  # noqa: S311 - which moment is no secret
    undisturbed = folder / "undisturbed"
    duration = finish(words, undisturbed)
    print(f"undisturbed run: {duration:.1f} s", flush=True)
    different: list[str] = []
    killed = attempt = 0
    while killed < times and attempt < TRIES_PER_KILL * times:
        output = folder / f"killed-{attempt}"
        attempt += 1
        while killed < times:
            moment = dice.uniform(0, duration)
            if not kill_after(moment, words, output):
                break
            killed += 1
            print(f"kill {killed}: after {moment:.2f} s", flush=True)
        finish(words, output)
        different += differences(undisturbed, output)
    print(f"{killed} kills, {attempt} runs brought to their end; {different or 'all results are identical'}")
    return different


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--index", default="")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the results; default: a temporary one")
    options = parser.parse_args()
    words = [options.source, *(("--index", options.index) if options.index else ())]
    with tempfile.TemporaryDirectory(prefix="kill-test-") as scratch:
        if kill_test(words, options.folder or Path(scratch), options.times, options.seed):
            sys.exit(1)


if __name__ == "__main__":
    main()
