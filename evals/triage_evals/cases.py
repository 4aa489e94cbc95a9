"""Labelled cases: a folder with alerts, truth and perhaps an inventory; truth never reaches the pipeline.

``Case.alerts`` has a row per alert: id, rule, host, time (µs since the epoch), severity (0-100, null = the vendor
gives none), attack ('' = benign), phase, certain (False: counts neither way).
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

ALERTS_FILE = "alerts.ndjson.gz"
TRUTH_FILE = "truth.csv.gz"
ASSETS_FILE = "assets.csv"
CALENDAR_FILE = "calendar.csv"

_LABELS = pl.Schema({"id": pl.String, "attack": pl.String, "phase": pl.String, "certain": pl.Boolean})
_ALERTS = pl.Schema({"id": pl.String, "rule": pl.String, "host": pl.String, "time": pl.Int64, "severity": pl.Float64})

_RULE_ELSEWHERE = ("rule.description", "alert.signature", "event.action", "message")
_HOST_ELSEWHERE = ("agent.name", "source.user.name", "user.name", "source.ip", "src_ip", "client.ip")
"""Where documents lie that name no rule or host the usual way, so that they do not all count as one pair."""
_WORDS = {"informational": 10.0, "low": 21.0, "medium": 47.0, "high": 73.0, "critical": 99.0}


class Case(NamedTuple):
    """One labelled case."""

    name: str
    source: Path
    """The file that ``triage run`` reads."""
    alerts: pl.DataFrame

    @property
    def assets(self) -> Path | None:
        """The asset inventory beside the alerts, which the pipeline may read."""
        path = self.source.parent / ASSETS_FILE
        return path if path.exists() else None

    @property
    def calendar(self) -> Path | None:
        """The calendar of planned work beside the alerts, which the pipeline may read."""
        path = self.source.parent / CALENDAR_FILE
        return path if path.exists() else None

    @property
    def attacks(self) -> tuple[str, ...]:
        """The attacks that are certain, in order of name."""
        certain = self.alerts.filter(pl.col("certain") & (pl.col("attack") != ""))
        return tuple(certain["attack"].unique().sort().to_list())


def find_cases(folder: Path) -> list[Path]:
    """Return the folders below that hold a case, or the folder itself, in order of name."""
    if (folder / TRUTH_FILE).exists():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{ALERTS_FILE}") if (path.parent / TRUTH_FILE).exists())


def load_case(folder: Path) -> Case:
    """Read a case folder. Raises FileNotFoundError where a file is missing, ValueError where a line is broken."""
    labels = pl.DataFrame(list(_labels(folder / TRUTH_FILE)), schema=_LABELS, orient="row")
    with gzip.open(folder / ALERTS_FILE, "rb") as lines:
        rows = [_row(orjson.loads(line)) for line in lines]
    alerts = pl.DataFrame(rows, schema=_ALERTS, orient="row")
    joined = alerts.join(labels, on="id", how="left", maintain_order="left")
    filled = joined.with_columns(pl.col("attack", "phase").fill_null(""), pl.col("certain").fill_null(value=True))
    return Case(folder.name, folder / ALERTS_FILE, filled)


def _labels(path: Path) -> Iterator[tuple[str, str, str, bool]]:
    with gzip.open(path, "rt", newline="") as text:
        for row in csv.DictReader(text):
            yield row["id"], row["attack"], row["phase"], row["certain"] == "1"


def _row(hit: Mapping[str, Any]) -> tuple[str, str, str, int, float | None]:
    source = hit["_source"]
    rule, host = pair(source)
    return hit["_id"], rule, host, _micros(source), vendor_severity(source)


def pair(source: Mapping[str, Any]) -> tuple[str, str]:
    """Return the (rule, host) of a document, by the definition of the data sets' own measures."""
    rule = source.get("kibana.alert.rule.name") or dig(source, "rule.name") or source.get("AlertName")
    host = dig(source, "host.name") or source.get("CompromisedEntity")
    return str(rule or _first(source, _RULE_ELSEWHERE)), str(host or _first(source, _HOST_ELSEWHERE))


def vendor_severity(source: Mapping[str, Any]) -> float | None:
    """Return the severity a person would sort by, 0-100; Wazuh's 0-15 and Suricata's 1-3 are stretched."""
    for field in ("kibana.alert.risk_score", "event.severity"):
        if isinstance(found := dig(source, field), int | float):
            return float(found)
    if isinstance(level := dig(source, "rule.level"), int):
        return level * 100 / 15
    if isinstance(rank := dig(source, "alert.severity"), int):
        return {1: 73.0, 2: 47.0}.get(rank, 21.0)
    return _WORDS.get(str(source.get("AlertSeverity", "")).lower())


def dig(source: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value of a dotted path, whether its keys are nested or written as one; None where there is none."""
    if path in source:
        return source[path]
    head, _, tail = path.partition(".")
    inside = source.get(head)
    return dig(inside, tail) if tail and isinstance(inside, Mapping) else None


def _first(source: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    return next((str(found) for path in paths if (found := dig(source, path))), "")


def _micros(source: Mapping[str, Any]) -> int:
    moment = datetime.fromisoformat(source.get("@timestamp") or source["timestamp"])
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1_000_000)
