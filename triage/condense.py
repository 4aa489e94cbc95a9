"""Alerts become signatures and activities: the burst of 400,000 becomes one row.

A signature is what kind of alert it is (detector, rule, masked message). An activity is alerts of one
signature about one principal entity without a silence longer than the gap. Both have stable keys, so a
later run continues an activity that an earlier run began, and a week at once equals seven nights.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import NamedTuple

import polars as pl

from triage.columns import ACTIVITIES, ENTITY, Batch
from triage.config import CondenseSettings
from triage.times import span

MASKS: tuple[tuple[str, str], ...] = (
    (r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?", "<guid>"),
    (r"S-1-[0-9]+(?:-[0-9]+)+", "<sid>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}\S*", "<time>"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<mailbox>"),
    (r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?(?::[0-9]+)?\b", "<address>"),
    (r"\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b", "<address>"),
    (r"\b(?:0x)?[0-9a-fA-F]{16,}\b", "<hash>"),
    (r"\b0x[0-9a-fA-F]+\b", "<number>"),
    (r"[0-9]+", "<number>"),
)
"""Ordered masks, most specific first; what is left of a message says what kind of thing happened."""

_SHORTEST_MASKED = 3
_PATTERNS = tuple((re.compile(pattern), mask) for pattern, mask in MASKS)


class Condensed(NamedTuple):
    """Result of condensing one run's alerts."""

    signatures: pl.DataFrame
    """signature, detector, rule, message (masked): one row per kind of alert."""
    activities: pl.DataFrame
    """columns.ACTIVITIES: new activities, and earlier ones that grew, with their new totals."""
    membership: pl.Series
    """activity key per alert row, in the batch's order."""


def mask(message: str, entities: Iterable[Mapping[str, str]]) -> str:
    """Replace what varies between alerts of one kind: the alert's own entities, then numbers, ids, times."""
    by_length = sorted({(e["value"], e["kind"]) for e in entities}, key=lambda pair: (-len(pair[0]), pair))
    for value, kind in by_length:
        if len(value) >= _SHORTEST_MASKED and _may_hold(message, value):
            message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"<{kind}>", message, flags=re.IGNORECASE)
    for pattern, replacement in _PATTERNS:
        message = pattern.sub(replacement, message)
    return message


def _may_hold(message: str, value: str) -> bool:
    """Tell whether a value may be in a message, in any case: most are not, and a pattern is slow to compile."""
    return value.lower() in message.lower() or not (message.isascii() and value.isascii())


def stable_key(*parts: str) -> str:
    """Return a 16-hex-digit key that is the same on every machine and in every run."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def condense(batch: Batch, earlier: pl.DataFrame, settings: CondenseSettings) -> Condensed:
    """Condense a merged batch; ``earlier`` are activities (columns.ACTIVITIES) that new alerts may continue.

    ``batch.alerts`` must be sorted by (time, index, id), as ``normalise.merge`` leaves it.
    """
    facts = _sign(batch.facts)
    rows = _with_groups(batch.alerts, facts, settings.gap)
    names = _name_groups(rows, facts, earlier, settings.gap)
    rows = rows.join(names.select("group", "activity"), on="group", maintain_order="left")
    activities = _describe(rows, facts, earlier, settings.entities_kept)
    signatures = facts.select("signature", "detector", "rule", "message").unique("signature").sort("signature")
    return Condensed(signatures, activities, rows.sort("row")["activity"])


def _sign(facts: pl.DataFrame) -> pl.DataFrame:
    """Give every fact its masked message and signature key; each distinct text is masked once."""
    masked = [
        mask(message, entities or ()) if message else ""
        for message, entities in zip(facts["message"].to_list(), facts["entities"].to_list(), strict=True)
    ]
    keys = [stable_key(*triple) for triple in zip(facts["detector"], facts["rule"], masked, strict=True)]
    return facts.with_columns(message=pl.Series(masked, dtype=pl.String), signature=pl.Series(keys, dtype=pl.String))


def _with_groups(alerts: pl.DataFrame, facts: pl.DataFrame, gap: timedelta) -> pl.DataFrame:
    """Number the runs of alerts that have one signature and principal and no longer silence than the gap."""
    pairs = facts.select("signature", "principal").unique().sort("signature", "principal").with_row_index("pair")
    pair_of_fact = facts.join(pairs, on=["signature", "principal"]).select("fact", "pair")
    rows = alerts.with_row_index("row").join(pair_of_fact, on="fact", maintain_order="left").sort("pair", "row")
    silent = pl.col("time") - pl.col("time").shift(1) > span(gap)
    breaks = (pl.col("pair") != pl.col("pair").shift(1)) | silent
    return rows.with_columns(group=breaks.fill_null(value=True).cum_sum())


def _name_groups(rows: pl.DataFrame, facts: pl.DataFrame, earlier: pl.DataFrame, gap: timedelta) -> pl.DataFrame:
    """Give each group the key of the earlier activity it continues, or a new one from its first alert."""
    groups = rows.group_by("group", maintain_order=True).agg(
        pl.col("fact", "index", "id").first(), first=pl.col("time").first(), last=pl.col("time").last()
    )
    groups = groups.join(facts.select("fact", "signature", "principal"), on="fact", maintain_order="left")
    continued = _continued(groups, earlier, span(gap))
    names = zip(
        groups["signature"],
        groups["principal"],
        groups["first"].cast(pl.String),
        groups["index"],
        groups["id"],
        strict=True,
    )
    fresh = pl.Series("fresh", [stable_key(*parts) for parts in names], dtype=pl.String)
    named = groups.with_columns(fresh).join(continued, on="group", how="left", maintain_order="left")
    return named.select("group", pl.coalesce("continues", "fresh").alias("activity"), "signature", "principal")


def _continued(groups: pl.DataFrame, earlier: pl.DataFrame, gap: int) -> pl.DataFrame:
    """Find the earliest earlier activity within the gap of each group: columns group, continues."""
    near = (pl.col("first") <= pl.col("last_right") + gap) & (pl.col("last") >= pl.col("first_right") - gap)
    known = earlier.select("signature", "principal", "first", "last", "activity").rename(
        {"first": "first_right", "last": "last_right"}
    )
    matches = groups.join(known, on=["signature", "principal"]).filter(near).sort("group", "first_right", "activity")
    return matches.group_by("group", maintain_order=True).agg(pl.col("activity").first().alias("continues"))


def _describe(rows: pl.DataFrame, facts: pl.DataFrame, earlier: pl.DataFrame, kept: int) -> pl.DataFrame:
    """Aggregate the named rows, together with what is known of the activities they continue."""
    said = rows.group_by("activity", "fact").agg(
        pl.len().alias("alerts"), first=pl.col("time").min(), last=pl.col("time").max()
    )
    said = said.join(facts.drop("rule_id", "family"), on="fact").rename({"alerts": "count"}).drop("fact")
    grown = earlier.join(said.select("activity").unique(), on="activity", how="semi")
    said = said.with_columns(pl.lit(1, pl.UInt32).alias("variety"), pl.lit(0, pl.UInt32).alias("entity_total"))
    parts = pl.concat([said, grown.select(said.columns)], how="vertical_relaxed")
    parts = parts.sort("activity", "first", "last", "count")
    whole = parts.group_by("activity", maintain_order=True).agg(
        pl.col("signature", "detector", "rule", "message", "principal").first(),
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("count", "variety").sum(),
        pl.col("severity", "entity_total").max(),
    )
    for column in ("techniques", "tactics", "flags"):
        whole = whole.join(_union(parts, column), on="activity", how="left", maintain_order="left")
    whole = whole.join(_entities(parts, kept), on="activity", how="left", maintain_order="left")
    return _conform(whole)


def _union(parts: pl.DataFrame, column: str) -> pl.DataFrame:
    """Sorted union of a list column per activity."""
    values = parts.lazy().select("activity", column).explode(column).drop_nulls().unique().sort("activity", column)
    return values.group_by("activity", maintain_order=True).agg(column).collect()


def _entities(parts: pl.DataFrame, kept: int) -> pl.DataFrame:
    """Entities per activity: the first ``kept`` of each kind in order of value (a bound that merges over runs)."""
    each = parts.lazy().select("activity", "entities").explode("entities").drop_nulls().unnest("entities").unique()
    ordered = each.sort("activity", "kind", "value", "role")
    bounded = ordered.filter(pl.col("value").cum_count().over("activity", "kind") <= kept)
    total = each.group_by("activity").agg(pl.len().cast(pl.UInt32).alias("distinct"))
    lists = bounded.group_by("activity", maintain_order=True).agg(pl.struct("kind", "role", "value").alias("entities"))
    return lists.join(total, on="activity").collect()


def _conform(whole: pl.DataFrame) -> pl.DataFrame:
    """Bring the aggregate to the schema, ordered by first alert."""
    filled = whole.with_columns(
        pl.col("techniques", "tactics", "flags").fill_null([]),
        pl.col("entities").fill_null(pl.lit([], pl.List(ENTITY))),
        pl.max_horizontal("entity_total", pl.col("distinct").fill_null(0)).alias("entity_total"),
    )
    return filled.select(ACTIVITIES.names()).cast(ACTIVITIES).sort("first", "activity")
