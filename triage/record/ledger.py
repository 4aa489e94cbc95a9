"""The ledger: exactly one outcome for every alert of a run, and the sums that prove it.

Pure functions over columnar frames. A dead letter is in the ledger like any other document.
"""

import gzip
import io
from collections.abc import Sequence

import polars as pl

from triage.errors import TriageError
from triage.models import DeadLetter, Incompleteness, RunCounts

OUTCOMES = ("incident", "benign", "duplicate", "dead_letter")

LEDGER = pl.Schema(
    {
        "index": pl.String,
        "id": pl.String,
        "time": pl.Int64,  # microseconds; null for a dead letter and for an alert without any usable time
        "activity": pl.String,  # '' for a dead letter
        "outcome": pl.String,  # one of OUTCOMES
        "incident_id": pl.String,  # '' for a dead letter
    }
)
"""What ``ports.Publication.alerts`` holds."""

_ORDER = ("time", "index", "id")
_IN_GROUP = ("group", "incident_id")


class ConservationError(TriageError):
    """Alerts are missing from the ledger or in it twice: a defect of this program, never of the data."""


def refs(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return index, id, time of alerts (columns.ALERTS) as the state remembers them.

    A document without any usable time was placed at the time of the run, which is another one in the next run: its
    time is null, so that it is recognised all the same.
    """
    own_time = pl.when(pl.col("time_source") != "run").then(pl.col("time"))
    return alerts.select("index", "id", own_time.alias("time"))


def outcomes(
    alerts: pl.DataFrame,
    membership: pl.Series,
    facts: pl.DataFrame,
    placements: pl.DataFrame,
    dead_letters: Sequence[DeadLetter],
) -> pl.DataFrame:
    """Return one LEDGER row per alert and dead letter, by time, index and id; without a time last.

    ``membership`` is the activity of each row of ``alerts`` (columns.ALERTS), ``placements`` says activity,
    incident_id and outcome (incident or benign). Building blocks of a sequence alert in the same incident are
    duplicates of it. Raises ConservationError when an alert is in no placed activity.
    """
    placed = refs(alerts).with_columns(fact=alerts["fact"], activity=membership)
    placed = placed.join(placements.select("activity", "incident_id", "outcome"), on="activity", how="left")
    if placed.height != alerts.height or placed["outcome"].null_count():
        raise ConservationError(
            f"{alerts.height} alerts, but {placed.height - placed['outcome'].null_count()} placements of them"
        )
    letters = pl.DataFrame(
        {"index": [d.index for d in dead_letters], "id": [d.alert_id for d in dead_letters]},
        schema={"index": pl.String, "id": pl.String},
    ).with_columns(time=None, activity=pl.lit(""), outcome=pl.lit("dead_letter"), incident_id=pl.lit(""))
    both = [part.select(LEDGER.names()).cast(LEDGER) for part in (_with_duplicates(placed, facts), letters)]
    return pl.concat(both).sort(_ORDER, nulls_last=True)


def _with_duplicates(placed: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Mark the building blocks for which a sequence alert of their group, in the same incident, counts."""
    block, sequence = (pl.col("flags").list.contains(flag) for flag in ("building_block", "sequence"))
    heads = _groups(facts.filter(sequence))
    if heads.is_empty():
        return placed
    headed = placed.join(heads, on="fact").select(_IN_GROUP).unique()
    blocks = placed.join(_groups(facts.filter(block & ~sequence)), on="fact")
    covered = blocks.join(headed, on=_IN_GROUP, how="semi").select("fact", "incident_id").unique()
    covered = covered.with_columns(covered=True)
    said = placed.join(covered, on=["fact", "incident_id"], how="left", maintain_order="left")
    duplicate = pl.col("covered").fill_null(value=False)
    return said.with_columns(outcome=pl.when(duplicate).then(pl.lit("duplicate")).otherwise("outcome"))


def _groups(facts: pl.DataFrame) -> pl.DataFrame:
    """Return fact, group: the sequences that each fact belongs to; a building block may be in several."""
    named = facts.select("fact", "entities").explode("entities").drop_nulls().unnest("entities")
    in_sequence = (pl.col("kind") == "lineage") & (pl.col("role") == "sequence")
    return named.filter(in_sequence).select("fact", group="value").unique()


def count(ledger: pl.DataFrame, read: int, already_judged: int, repeated: int, outside: int = 0) -> RunCounts:
    """Return the sums of a ledger and of what was read but is not in it, checked. Raises ConservationError."""
    found = dict(ledger.group_by("outcome").len().iter_rows())
    counts = RunCounts(read=read, already_judged=already_judged, repeated=repeated, outside=outside, **found)
    check(counts, ledger)
    return counts


def check(counts: RunCounts, ledger: pl.DataFrame | None = None) -> None:
    """Raise ConservationError unless every document read has exactly one outcome and no alert is in it twice."""
    if not counts.accounted:
        raise ConservationError(f"the sums of the ledger do not add up: {sums(counts)}")
    if ledger is not None:
        alerts = ledger.filter(pl.col("outcome") != "dead_letter").select("index", "id")
        if alerts.hash_rows().n_unique() == alerts.height:
            return  # no two hashes alike, so no two alerts; comparing the names themselves takes four times as long
        if twice := alerts.height - alerts.n_unique():
            raise ConservationError(f"{twice} alerts are in the ledger more than once")


def sums(counts: RunCounts) -> str:
    """Return the sums as one line, e.g. '10 read = 2 in incidents + 8 benign + ...'."""
    parts = [
        (counts.incident, "in incidents"),
        (counts.benign, "benign"),
        (counts.duplicate, "duplicates"),
        (counts.dead_letter, "dead letters"),
        (counts.already_judged, "judged before"),
        (counts.repeated, "given again"),
        (counts.outside, "outside the window"),
    ]
    return f"{counts.read:,} read = " + " + ".join(f"{number:,} {name}" for number, name in parts)


def explain_zero(counts: RunCounts, problems: Sequence[Incompleteness]) -> str:
    """Say why a run has no incident in its new alerts; '' when it has one."""
    if counts.incident:
        return ""
    judged = counts.benign + counts.duplicate
    if problems:
        return f"The run is incomplete ({'; '.join(p.reason for p in problems)}): no incident does not mean no attack."
    if not counts.read:
        return "No document was read: the source holds nothing in this window. Check window, index and query."
    if counts.read == counts.already_judged + counts.repeated:
        return f"Nothing new: all {counts.read:,} documents were judged before."
    if not judged:
        return (
            f"None of the {counts.dead_letter:,} new documents could be parsed; see the dead letters for the reasons."
        )
    unparsed = f" {counts.dead_letter:,} could not be parsed." if counts.dead_letter else ""
    return f"All {judged:,} new alerts were judged benign or duplicates; the benign groups say by which rule.{unparsed}"


def csv_gz(ledger: pl.DataFrame) -> bytes:
    """Return ``alert_id,outcome,incident_id`` as gzipped CSV, the same bytes for the same rows.

    ``ledger`` has LEDGER or ``StateStore.ledger`` columns. Ids are kept exactly, so that they can be looked up again.
    """
    alert_id = pl.col("alert_id" if "alert_id" in ledger.columns else "id").alias("alert_id")
    text = ledger.select(alert_id, "outcome", "incident_id").write_csv(quote_style="necessary").encode()
    packed = io.BytesIO()
    # GzipFile, unlike gzip.compress, writes the same header on every platform.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=2, fileobj=packed, mtime=0) as file:
        file.write(text)
    return packed.getvalue()
