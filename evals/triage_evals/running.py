"""Runs one case in a state of its own, in a process of its own, and keeps what it cost.

A finished run is found again by its fingerprint (case, code, settings, ablation), so that an interrupted evaluation
goes on where it stopped and scoring anew costs no run.
"""

import gzip
import hashlib
import random
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import orjson

import triage
import triage_tools
from triage.atomic import replacing
from triage.config import Settings
from triage.ports import Window
from triage.session import Session
from triage.state import RunContext
from triage_evals.ablations import ABLATIONS
from triage_evals.cases import ALERTS_FILE, ASSETS_FILE, CALENDAR_FILE

SHUFFLE_SEED = 7
_KEPT = ("incidents.json", "ledger.csv.gz", "summary.json")


class Job(NamedTuple):
    """One run to make."""

    case: Path
    """The case folder."""
    folder: Path
    """Where its results are kept."""
    without: str = ""
    """Name of an ablation; '' = the program as it is."""
    shuffled: bool = False
    """Read the alerts in another order."""


class Ran(NamedTuple):
    """What a run cost and where its results are."""

    output: Path
    seconds: float
    peak_mb: float
    """Highest resident memory of the process or of one of its workers, whichever is larger."""
    tokens: int
    """Tokens of a language model; none is used so far."""


def code_version() -> str:
    """Return the SHA-256 of all code and data that make a result."""
    digest = hashlib.sha256()
    for package in (triage, triage_tools):
        for root in map(Path, package.__path__):
            for path in sorted(root.rglob("*")):
                if (
                    path.suffix in {".py", ".csv", ".json", ".md", ".toml"}
                    and path.is_file()
                    and not _aside(path, root)
                ):
                    digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _aside(path: Path, root: Path) -> bool:
    """Tell what shows or makes alerts but judges none, so that a change of it costs no new evaluation."""
    return path.relative_to(root).parts[0] in {"cli", "generator", "report"}


def fingerprint(job: Job, code: str) -> str:
    """Return what makes two runs the same run."""
    digest = hashlib.sha256(code.encode())
    for name in (ALERTS_FILE, ASSETS_FILE, CALENDAR_FILE):
        if (job.case / name).exists():
            digest.update((job.case / name).read_bytes())
    digest.update(f"{job.case.name}|{job.without}|{job.shuffled}".encode())
    return digest.hexdigest()[:20]


def known(job: Job, code: str) -> Ran | None:
    """Return a finished run of this job; None when it must be made."""
    folder = job.folder / fingerprint(job, code)
    record = folder / "ran.json"
    if not record.exists():
        return None
    return Ran(folder, **orjson.loads(record.read_bytes()))


def run(job: Job, code: str) -> Ran:
    """Run the program on a case, in a process of its own. Raises TriageError when the run fails."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run_here, job, job.folder / fingerprint(job, code)).result()


def _run_here(job: Job, folder: Path) -> Ran:
    work = folder / "work"
    shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True)
    source = _shuffled(job.case / ALERTS_FILE, work) if job.shuffled else job.case / ALERTS_FILE
    began = time.perf_counter()
    _triage(job, source, work)
    seconds = round(time.perf_counter() - began, 2)
    for name in _KEPT:
        (work / "out" / name).rename(folder / name)
    shutil.rmtree(work)
    ran = Ran(folder, seconds, _peak_mb(), 0)
    with replacing(folder / "ran.json") as file:
        file.write(orjson.dumps({"seconds": ran.seconds, "peak_mb": ran.peak_mb, "tokens": ran.tokens}))
    return ran


def _triage(job: Job, source: Path, work: Path) -> None:
    flags = {"output": work / "out", "state": work / "state"}
    beside = {"assets": job.case / ASSETS_FILE, "calendar": job.case / CALENDAR_FILE}
    context = {section: {"file": path} for section, path in beside.items() if path.exists()}
    settings = Settings.model_validate(flags | context)
    with Session(settings, adapt=ABLATIONS[job.without].adapt if job.without else _as_it_is) as session:
        for _ in session.run([str(source)], Window(None, None), settings.output):
            pass


def _as_it_is(context: RunContext) -> RunContext:
    return context


def _shuffled(source: Path, work: Path) -> Path:
    path = work / "shuffled.ndjson.gz"
    with gzip.open(source, "rb") as lines:
        rows = list(lines)
    random.Random(SHUFFLE_SEED).shuffle(rows)  # noqa: S311 - an order to test with, no secret
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(rows)
    return path


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(most * unit / 1e6, 1)


def same_result(left: Path, right: Path) -> Iterator[str]:
    """Yield the names of the result files that differ between two runs, apart from run id and times of the run."""
    if _incidents(left) != _incidents(right):
        yield "incidents.json"
    if _ledger(left) != _ledger(right):
        yield "ledger.csv.gz"


def _incidents(folder: Path) -> bytes:
    return (folder / "incidents.json").read_bytes()


def _ledger(folder: Path) -> bytes:
    return gzip.decompress((folder / "ledger.csv.gz").read_bytes())
