"""The queue as a table: which columns a width has room for, and what stands in them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.text import Text

from triage.models import Incident
from triage_tui.look import Look, ago, count
from triage_tui.sheets.base import Line
from triage_tui.view_state import QueueState, Row, overdue, status_word, waiting

ASSETS = {"host", "user", "mailbox", "device", "cloud", "model", "service"}


class Moment(NamedTuple):
    """What ages are measured against."""

    now: datetime
    brought: datetime | None
    """When the last run started."""


class Column(NamedTuple):
    """One column. ``width`` 0 takes what is left; several such share it by weight."""

    name: str
    sort: str
    width: int
    room: int
    """Characters a screen must have for this column to be shown."""
    draw: Callable[[Row, Look, int, Moment], Text]
    right: bool = False
    weight: int = 1


def _rank(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(str(row.incident.rank), width, look.styles.muted, right=True)


def _urgency(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.bar(row.incident.urgency, width - 4)


def _verdict(row: Row, look: Look, width: int, _: Moment) -> Text:
    word = row.incident.disposition if width >= 10 else row.incident.disposition.replace("suspicious", "suspect")
    return look.cell(word, width, look.styles.of(row.incident.disposition))


def _title(row: Row, look: Look, width: int, _: Moment) -> Text:
    style = look.styles.muted if row.status.state == "closed" or row.incident.disposition == "benign" else ""
    return look.cell(row.incident.title, width, style)


def _about(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(about(row.incident, 3), width, look.styles.muted)


def _chain(row: Row, look: Look, _width: int, _: Moment) -> Text:
    return look.strip(row.incident.tactics, look.styles.of(row.incident.disposition))


def _alerts(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(count(row.incident.alert_count), width, right=True)


def _activities(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(count(row.incident.activity_count), width, look.styles.muted, right=True)


def _first(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(f"{row.incident.first_seen:%m-%d %H:%M}", width, look.styles.muted)


def _last(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(f"{row.incident.last_seen:%m-%d %H:%M}", width, look.styles.muted)


def _wait(row: Row, look: Look, width: int, moment: Moment) -> Text:
    waited = waiting(row, moment.now, moment.brought)
    late = overdue(row, waited)
    text = ago(waited) + ("!" if late else " ")
    return look.cell(text, width, look.styles.warn if late else look.styles.muted, right=True)


def _status(row: Row, look: Look, width: int, _: Moment) -> Text:
    word = status_word(row)
    style = {"open": look.styles.muted, "escal.": look.styles.attack, "FP": look.styles.muted, "TP": look.styles.attack}
    noted = f"{word} {len(row.status.notes)}n" if row.status.notes and width >= len(word) + 3 else word
    return look.cell(noted, width, style.get(word, look.styles.accent))


def _who(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(row.status.assignee, width, look.styles.accent)


COLUMNS = (
    Column("#", "rank", 3, 0, _rank, right=True),
    Column("urgency", "urgency", 9, 0, _urgency),
    Column("verdict", "verdict", 10, 100, _verdict),
    Column("verdict", "verdict", 7, -100, _verdict),
    Column("incident", "title", 0, 0, _title, weight=3),
    Column("about", "", 0, 160, _about, weight=2),
    Column("kill chain", "chain", 14, 100, _chain),
    Column("alerts", "alerts", 6, 0, _alerts, right=True),
    Column("activ.", "", 6, 220, _activities, right=True),
    Column("first (UTC)", "first", 11, 160, _first),
    Column("last", "last", 11, 130, _last),
    Column("wait ", "", 6, 90, _wait, right=True),
    Column("status", "status", 8, 0, _status),
    Column("who", "who", 8, 125, _who),
)
"""All columns, left to right; a negative room means: only on screens narrower than that."""

MARKS = 2
"""Cells before the first column: what is selected, and what the last run did."""


class Layout(NamedTuple):
    """Columns of one width with the cells each has."""

    columns: tuple[tuple[Column, int], ...]


def layout(width: int) -> Layout:
    """Return the columns that fit a width, the free cells shared out."""
    fits = [one for one in COLUMNS if (width >= one.room if one.room >= 0 else width < -one.room)]
    left = width - MARKS - sum(one.width + 1 for one in fits)
    weights = sum(one.weight for one in fits if not one.width)
    return Layout(tuple((one, one.width or max(left * one.weight // weights, 4)) for one in fits))


def header(plan: Layout, queue: QueueState, look: Look) -> Text:
    """Return the line above the table; the sorted column is marked."""
    text = Text(" " * (MARKS + 1), end="")
    for column, width in plan.columns:
        name = column.name
        chosen = column.sort == queue.sort.name and bool(column.sort)
        if chosen:
            name = name.strip() + ("v" if queue.sort.falling != queue.turned else "^")
        style = look.styles.accent if chosen else look.styles.muted
        text.append_text(look.cell(name, width, style, right=column.right))
        text.append(" ")
    return text


class QueueSheet:
    """The rows in view, drawn when they are looked at."""

    def __init__(self, queue: QueueState, look: Look, width: int, moment: Moment) -> None:
        self._queue = queue
        self._look = look
        self._moment = moment
        self.plan = layout(width)

    def __len__(self) -> int:
        return len(self._queue.rows)

    def line(self, y: int) -> Line:
        """Return one incident as a line."""
        row, look = self._queue.rows[y], self._look
        text = Text.assemble(*self._marks(row), end="")
        for column, width in self.plan.columns:
            text.append_text(column.draw(row, look, width, self._moment))
            text.append(" ")
        if row.id in self._queue.selected:
            text.stylize(look.styles.picked)
        return Line(text, y)

    def _marks(self, row: Row) -> Sequence[tuple[str, str]]:
        look = self._look
        begun = row.id == self._queue.range_from
        picked = (look.glyphs.selected if row.id in self._queue.selected else "v" if begun else " ", look.styles.good)
        change = {"new": "+", "grown": look.glyphs.grown, "reranked": look.glyphs.moved}.get(row.change, " ")
        return picked, (change, look.styles.warn)


def about(incident: Incident, shown: int = 2) -> str:
    """Return a few entities, assets and people first, and how many more there are."""
    told = sorted(incident.entities, key=lambda entity: entity.kind not in ASSETS)
    names = ", ".join(entity.value for entity in told[:shown])
    more = len(incident.entities) - shown
    return f"{names} +{more}" if more > 0 else names
