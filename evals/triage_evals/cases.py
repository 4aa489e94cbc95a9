"""Labelled cases: a folder with alerts, truth and case.json; truth never reaches the pipeline.

Columns of ``Case.alerts``: id, rule, host, attack ('' = benign), phase, certain (False: counts neither way).
"""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

ALERTS_FILE = "alerts.ndjson.gz"
TRUTH_FILE = "truth.csv.gz"

_LABELS = pl.Schema({"id": pl.String, "attack": pl.String, "phase": pl.String, "certain": pl.Boolean})


class Case(NamedTuple):
    """One labelled case."""

    name: str
    source: Path
    """The file that ``triage run`` reads."""
    alerts: pl.DataFrame


def find_cases(folder: Path) -> list[Path]:
    """Return the folders below that hold a case, in order of name."""
    return sorted(path.parent for path in folder.glob(f"*/{ALERTS_FILE}") if (path.parent / TRUTH_FILE).exists())


def load_case(folder: Path) -> Case:
    """Read a case folder. Raises FileNotFoundError where a file is missing, ValueError where a line is broken."""
    labels = pl.DataFrame(list(_labels(folder / TRUTH_FILE)), schema=_LABELS, orient="row")
    with gzip.open(folder / ALERTS_FILE, "rb") as lines:
        rows = [_pair(orjson.loads(line)) for line in lines]
    alerts = pl.DataFrame(rows, schema={"id": pl.String, "rule": pl.String, "host": pl.String}, orient="row")
    joined = alerts.join(labels, on="id", how="left", maintain_order="left")
    filled = joined.with_columns(pl.col("attack", "phase").fill_null(""), pl.col("certain").fill_null(value=True))
    return Case(folder.name, folder / ALERTS_FILE, filled)


def _labels(path: Path) -> Iterator[tuple[str, str, str, bool]]:
    with gzip.open(path, "rt", newline="") as text:
        for row in csv.DictReader(text):
            yield row["id"], row["attack"], row["phase"], row["certain"] == "1"


def _pair(hit: dict[str, Any]) -> tuple[str, str, str]:
    """The (rule, host) of a document, by the definition of the data sets' own measures."""
    source = hit["_source"]
    rule = source.get("kibana.alert.rule.name") or (source.get("rule") or {}).get("name") or source.get("AlertName", "")
    host = (source.get("host") or {}).get("name") or source.get("CompromisedEntity", "")
    return hit["_id"], rule, host
