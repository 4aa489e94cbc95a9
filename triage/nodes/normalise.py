"""Normalise: the raw parts become one columnar batch; what was judged before or lies outside the window is left out."""

from functools import partial

import polars as pl

from triage.columns import Batch
from triage.events import Progress
from triage.models import RunCounts
from triage.nodes.stage import Made
from triage.normalise import merge
from triage.normalise.parts import normalise_part
from triage.normalise.reading import Readings
from triage.ports import Window
from triage.record import ledger
from triage.state import Frames, RunContext, RunState
from triage.times import micros
from triage.workers import map_parts, worker_count


def normalise(state: RunState, context: RunContext) -> Made:
    """Normalise all parts, merge them, and keep the alerts that are new and inside the window."""
    documents = state["pulled"].documents
    merged = merge(_batches(context, documents))
    new, judged, outside = _new_alerts(merged.batch, context)
    letters = _new_letters(merged.batch.dead_letters, context)
    judged += merged.batch.dead_letters.height - letters.height
    context.work.put(Frames.ALERTS, new)
    context.work.put(Frames.FACTS, merged.batch.facts)
    context.work.put(Frames.DOUBTS, _in_play(merged.batch.doubts, new))
    context.work.put(Frames.DEAD_LETTERS, letters)
    counts = RunCounts(
        read=documents,
        already_judged=judged,
        repeated=merged.repeated,
        outside=outside,
        dead_letter=letters.height,
        benign=new.height,  # until the candidates are judged: nothing is an incident yet
    )
    ledger.check(counts)
    return Made({"counts": counts}, {"alerts": new.height, "dead letters": counts.dead_letter, "judged before": judged})


def _in_play(doubts: pl.DataFrame, alerts: pl.DataFrame) -> pl.DataFrame:
    """Return the doubts (columns.DOUBTS) about alerts that are to be judged."""
    return doubts.join(alerts.select("fact").unique(), on="fact", how="semi", maintain_order="left")


def _batches(context: RunContext, documents: int) -> list[Batch]:
    raw = context.work.raw()
    limits, received = context.settings.limits, micros(context.run.started)
    readings = Readings(limits, context.settings.mapping)
    work = partial(normalise_part, raw=raw, limits=limits, received=received, readings=readings)
    batches = []
    done = 0
    for batch in map_parts(work, raw.parts(), worker_count(context.settings.workers)):
        batches.append(batch)
        done += batch.alerts.height + batch.dead_letters.height
        context.tell(Progress("normalise", done, documents))
    return batches


def _new_alerts(batch: Batch, context: RunContext) -> tuple[pl.DataFrame, int, int]:
    """Return the alerts to judge, how many were judged before, and how many lie outside the window."""
    inside = batch.alerts.filter(_inside(context.window))
    known = context.store.judged(ledger.refs(inside))
    return inside.filter(~known), int(known.sum()), batch.alerts.height - inside.height


def _new_letters(letters: pl.DataFrame, context: RunContext) -> pl.DataFrame:
    """Return the dead letters that no earlier run had; a line without an id is known by its place and content."""
    refs = letters.select("index", "id", time=pl.lit(None, pl.Int64))
    return letters.filter(~context.store.judged(refs))


def _inside(window: Window) -> pl.Expr:
    """An alert without any usable time is inside every window: nobody can say that it is not."""
    since = pl.lit(value=True) if window.since is None else pl.col("time") >= micros(window.since)
    until = pl.lit(value=True) if window.until is None else pl.col("time") < micros(window.until)
    return (pl.col("time_source") == "run") | (since & until)
