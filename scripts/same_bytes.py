"""Triages a case again and again, each time differently given, and compares the bytes of what comes out.

From a file in its own order and shuffled, with one and two workers, and from a real Elasticsearch (of its own, or
``--url``) in pages of 100 and 10,000. Ends with 1 and a list where any two differ.
"""

import argparse
import gzip
import hashlib
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / part) for part in (".", "tools", "evals", "tui", "tests")]
sys.path[:0] = PATHS

from support.elastic_case import fill, hits  # noqa: E402 - the path has to be set first
from support.elastic_node import server  # noqa: E402

RESULTS = ("incidents.json", "ledger.csv.gz")
PAGES = (100, 10_000)
SEED = 7


def digest(output: Path, words: Sequence[str], settings: Mapping[str, str]) -> str:
    """Run on an empty state; return the hash of the results. Exits with the run's errors when it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    command = [sys.executable, "-m", "triage", "run", *words, "--output", str(output), "--no-progress"]
    environment = {**kept, "PYTHONPATH": os.pathsep.join(PATHS), **settings}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return hashlib.sha256(b"".join((output / name).read_bytes() for name in RESULTS)).hexdigest()


def shuffled(alerts: Path, folder: Path) -> Path:
    """Write the lines of a file in another order, the same one each time."""
    lines = gzip.decompress(alerts.read_bytes()).splitlines(keepends=True)
    random.Random(SEED).shuffle(lines)  # noqa: S311 - an order, no secret
    path = folder / "shuffled.ndjson"
    path.write_bytes(b"".join(lines))
    return path


def from_files(alerts: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    """Yield what each way to read the file is called, and the hash of what it gives."""
    for name, path in (("in order", alerts), ("shuffled", shuffled(alerts, scratch))):
        for workers in (1, 2):
            output = scratch / f"{path.name}-{workers}"
            told = f"file {name}, workers {workers}"
            yield told, digest(output, [str(path)], {"TRIAGE_WORKERS": str(workers)})


def from_server(alerts: Path, url: str, scratch: Path) -> Iterator[tuple[str, str]]:
    """Yield the same for pages from a server, which is filled first."""
    index = fill(url, hits(alerts))
    for size in PAGES:
        settings = {"TRIAGE_ELASTICSEARCH__PAGE_SIZE": str(size), "TRIAGE_ELASTICSEARCH__PUBLISH": "false"}
        told = f"Elasticsearch, pages of {size:,}"
        yield told, digest(scratch / f"pages-{size}", [url, "--index", index], settings)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Path, help="folder with alerts.ndjson.gz, in the form of hits")
    parser.add_argument("--url", help="an Elasticsearch that may be written to; default: one of our own")
    parser.add_argument("--files", action="store_true", help="only from files")
    options = parser.parse_args()
    alerts = options.case / "alerts.ndjson.gz"
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="same-") as name:
        for told, value in from_files(alerts, Path(name)):
            found[told] = value
            print(f"{value[:16]}  {told}", flush=True)
        if not options.files:
            with server(options.url) as url:
                for told, value in from_server(alerts, url, Path(name)):
                    found[told] = value
                    print(f"{value[:16]}  {told}", flush=True)
    if len(set(found.values())) > 1:
        sys.exit("the results differ")
    print("all the same")


if __name__ == "__main__":
    main()
