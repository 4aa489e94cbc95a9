"""Batches: building the facts table of one page, and merging the batches of many pages into one."""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from triage.columns import ALERTS, DEAD_LETTERS, DOUBTS, ENTITY, FACTS, Batch, Facts

# Cleaned text has no control characters, so these separate without doubt.
_FIELD, _ITEM, _PART = "\x1d", "\x1e", "\x1f"


class Merged(NamedTuple):
    """Many batches as one."""

    batch: Batch
    repeated: int
    """Documents left out because one with the same (index, id) is kept."""


def facts_frame(facts: Iterable[Facts]) -> pl.DataFrame:
    """Return facts as a table in the given order, numbered from 0."""
    rows = list(facts)
    columns = {name: [_plain(getattr(row, name)) for row in rows] for name in FACTS if name not in {"fact", "entities"}}
    schema = {name: pl.String if isinstance(FACTS[name], pl.List) else FACTS[name] for name in columns}
    frame = pl.DataFrame(columns, schema=schema).with_row_index("fact")
    frame = frame.with_columns(_split(name) for name in columns if isinstance(FACTS[name], pl.List))
    owners = [number for number, row in enumerate(rows) for _ in row.entities]
    refs = [ref for row in rows for ref in row.entities]
    names = {name: [getattr(ref, name) for ref in refs] for name in ("kind", "role", "value")}
    entities = (
        pl.DataFrame({"fact": owners, **names}, schema={"fact": pl.UInt32, **dict.fromkeys(names, pl.String)})
        .group_by("fact", maintain_order=True)
        .agg(entities=pl.struct("kind", "role", "value"))
    )
    joined = frame.join(entities, on="fact", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(ENTITY))
    return joined.with_columns(pl.col("entities").fill_null(empty)).select(FACTS.names()).cast(FACTS)


def _plain(value: object) -> object:
    """Return a list as one text: polars takes a column of texts much faster than a column of lists."""
    return _ITEM.join(value) if isinstance(value, tuple) else value


def _split(name: str) -> pl.Expr:
    empty = pl.lit([], dtype=pl.List(pl.String))
    return pl.when(pl.col(name) == "").then(empty).otherwise(pl.col(name).str.split(_ITEM)).alias(name)


def merge(batches: Iterable[Batch]) -> Merged:
    """Return all batches as one: equal facts once, alerts by (time, index, id), the first of equal (index, id) kept.

    Facts are numbered by their canonical text, so the result does not depend on how alerts were cut into pages nor on
    their order; only ``part`` and ``line`` say where a document was.
    """
    parts = list(batches)
    facts, codes = _merge_facts([batch.facts for batch in parts])
    alerts = _recoded([batch.alerts for batch in parts], codes, ALERTS)
    alerts = alerts.sort("time", "index", "id", "fact", "part", "line")
    kept = _first_of_each(alerts)
    doubts = _recoded([batch.doubts for batch in parts], codes, DOUBTS).unique().sort("fact", "passage")
    batch = _compact(Batch(kept, facts, _merge_dead([batch.dead_letters for batch in parts]), doubts))
    return Merged(batch, alerts.height - kept.height)


def _recoded(tables: list[pl.DataFrame], codes: list[pl.Series], schema: pl.Schema) -> pl.DataFrame:
    """Return tables that point at facts as one that points at the merged facts."""
    recoded = [
        table.with_columns(fact=pl.lit(code).gather(pl.col("fact"))) for table, code in zip(tables, codes, strict=True)
    ]
    return pl.concat([pl.DataFrame(schema=schema), *recoded])


def _first_of_each(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return the first alert of each (index, id). Where all hashes differ none is repeated, and hashes take little."""
    identity = pl.struct("index", "id")
    if alerts.select(identity.hash().n_unique()).item() == alerts.height:
        return alerts
    return alerts.unique(["index", "id"], keep="first", maintain_order=True)


def _merge_facts(tables: list[pl.DataFrame]) -> tuple[pl.DataFrame, list[pl.Series]]:
    """Return the distinct facts in canonical order, and for each table the new number of each of its facts."""
    whole = pl.concat([pl.DataFrame(schema=FACTS), *tables]).with_columns(text=_canonical_text())
    distinct = whole.unique("text", keep="first", maintain_order=True).sort("text").drop("fact").with_row_index("fact")
    numbers = whole.select("text").join(distinct.select("text", "fact"), on="text", how="left", maintain_order="left")
    codes, start = [], 0
    for table in tables:
        codes.append(numbers["fact"].slice(start, table.height))
        start += table.height
    return distinct.select(FACTS.names()), codes


def _canonical_text() -> pl.Expr:
    """Return an expression for one text per fact; equal texts mean equal facts."""
    entity = pl.concat_str([pl.element().struct.field(name) for name in ("kind", "role", "value")], separator=_PART)
    columns = [
        pl.col("entities").list.eval(entity).list.join(_ITEM)
        if name == "entities"
        else pl.col(name).list.join(_ITEM)
        if isinstance(dtype, pl.List)
        else pl.col(name).cast(pl.String).fill_null("")
        for name, dtype in FACTS.items()
        if name != "fact"
    ]
    return pl.concat_str(columns, separator=_FIELD)


def _compact(batch: Batch) -> Batch:
    """Drop facts that no alert says any more, and number the others anew without gaps."""
    used = batch.facts.join(batch.alerts.select("fact").unique(), on="fact", how="semi", maintain_order="left")
    if used.height == batch.facts.height:
        return batch
    renumbered = used.select(pl.col("fact").alias("old")).with_row_index("fact")
    alerts = batch.alerts.rename({"fact": "old"}).join(renumbered, on="old", how="left", maintain_order="left")
    doubts = batch.doubts.rename({"fact": "old"}).join(renumbered, on="old", maintain_order="left")
    facts = used.drop("fact").with_row_index("fact").select(FACTS.names())
    return Batch(alerts.select(ALERTS.names()), facts, batch.dead_letters, doubts.select(DOUBTS.names()))


def _merge_dead(tables: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=DEAD_LETTERS), *tables]).sort(DEAD_LETTERS.names())
