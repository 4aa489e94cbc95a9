"""Cases from the project's own generator: companies with attacks, an ordinary week, and harmless twins of attacks.

Over the seeds every family and every twin comes up; which activity a benign alert comes from is kept beside the
truth, so that a false alarm can be traced to what set it off.
"""

import gzip
from pathlib import Path

import polars as pl

from triage.generator import ATTACKS, ROUTINE, TWINS, ScenarioSpec, generate, write

ORIGINS_FILE = "origins.csv.gz"
SIZES = (60, 120, 250)
DAYS = (7, 10, 14)
ATTACKS_EACH = 4
TWINS_EACH = 3


def company(seed: int) -> ScenarioSpec:
    """Return the company of a seed (1 and up): size, length, attacks and twins go round."""
    families, twins = list(ATTACKS), list(TWINS)
    return ScenarioSpec(
        name=f"company_{seed}",
        seed=seed,
        days=DAYS[seed % len(DAYS)],
        entities=SIZES[seed // len(DAYS) % len(SIZES)],
        attacks=tuple(families[(seed * ATTACKS_EACH + n) % len(families)] for n in range(ATTACKS_EACH)),
        benign=(*ROUTINE, *(twins[(seed * TWINS_EACH + n) % len(twins)] for n in range(TWINS_EACH))),
    )


def write_company(folder: Path, seed: int) -> Path:
    """Write the company of a seed into ``folder`` unless it is there; return its case folder."""
    spec = company(seed)
    case = folder / spec.name
    if not (case / ORIGINS_FILE).exists():
        write(generate(spec), case)
        _write_origins(spec, case / ORIGINS_FILE)
    return case


def _write_origins(spec: ScenarioSpec, path: Path) -> None:
    """Write id, origin of the benign alerts; an activity played alone gives the same alerts."""
    rows = [
        (alert.id, name)
        for name in spec.benign
        for alert in generate(spec.model_copy(update={"attacks": (), "benign": (name,)})).alerts()
    ]
    table = pl.DataFrame(rows, schema={"id": pl.String, "origin": pl.String}, orient="row")
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        packed.write(table.write_csv().encode())


def origins(case: Path) -> pl.DataFrame:
    """Return id, origin of a case's benign alerts; empty where the case was not generated here."""
    path = case / ORIGINS_FILE
    if not path.exists():
        return pl.DataFrame(schema={"id": pl.String, "origin": pl.String})
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False)
