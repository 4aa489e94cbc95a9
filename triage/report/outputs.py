"""The files of a run, a contract that outside scorers read. Each replaces its predecessor whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from triage.atomic import replacing
from triage.errors import TriageError
from triage.models import Incident
from triage.record import ledger
from triage.report import html, markdown
from triage.report.content import report

_JSON = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def write_outputs(folder: Path, incidents: Sequence[Incident], rows: pl.DataFrame, summary: Mapping[str, Any]) -> None:
    """Write incidents.json, ledger.csv.gz, summary.json, report.md and report.html into the folder, made if needed.

    ``incidents`` are ordered by rank; ``rows`` is a ledger as the state returns it. Raises TriageError.
    """
    chosen = report(incidents, summary)
    contents = {
        "incidents.json": orjson.dumps([incident.model_dump(mode="json") for incident in incidents], option=_JSON),
        "ledger.csv.gz": ledger.csv_gz(rows),
        "summary.json": orjson.dumps(dict(summary), option=_JSON),
        "report.md": markdown.render(chosen).encode(),
        "report.html": html.render(chosen).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            with replacing(folder / name) as file:
                file.write(content)
    except OSError as error:
        reason = error.strerror or error
        raise TriageError(
            f"cannot write the results to {folder}: {reason}; check disk space and permissions"
        ) from error
