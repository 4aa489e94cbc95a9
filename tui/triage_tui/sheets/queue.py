"""The queue as a table: which columns a width has room for, and what stands in them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from rich.text import Text

from triage.desk.filter_fields import Told
from triage.judgement.confidence import Calibration
from triage.judgement.confidence import state as stated
from triage_tui.look import Look, ago, count
from triage_tui.sheets.base import Line
from triage_tui.view_state import (
    ASSETS,
    SERVICE_LEVELS,
    Levels,
    QueueState,
    Row,
    allowed,
    number,
    overdue,
    status_word,
    waiting,
)


class Moment(NamedTuple):
    """What ages are measured against."""

    now: datetime
    brought: datetime | None
    """When the last run started."""
    levels: Levels = SERVICE_LEVELS
    """How long an incident may wait."""
    calibration: Calibration | None = None
    """How likely an incident of some urgency is a real attack."""


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
    late = overdue(row, waited, moment.levels)
    text = ago(waited) + ("!" if late else " ")
    return look.cell(text, width, look.styles.warn if late else look.styles.muted, right=True)


def _due(row: Row, look: Look, width: int, moment: Moment) -> Text:
    limit = allowed(row, moment.levels)
    if limit is None:
        return look.cell("", width)
    left = limit - waiting(row, moment.now, moment.brought)
    late = left < timedelta()
    text = f"{ago(-left)} late" if late else f"in {ago(left)}"
    return look.cell(text, width, look.styles.bad if late else look.styles.muted, right=True)


def _changed(row: Row, look: Look, width: int, _: Moment) -> Text:
    words = {"new": "new", "grown": "grown", "reranked": "ranked"}
    return look.cell(words.get(row.change, ""), width, look.styles.warn)


def _status(row: Row, look: Look, width: int, _: Moment) -> Text:
    word = status_word(row)
    style = {"open": look.styles.muted, "escal.": look.styles.attack, "FP": look.styles.muted, "TP": look.styles.attack}
    noted = f"{word} {len(row.status.notes)}n" if row.status.notes and width >= len(word) + 3 else word
    return look.cell(noted, width, style.get(word, look.styles.accent))


def _who(row: Row, look: Look, width: int, _: Moment) -> Text:
    return look.cell(row.status.assignee, width, look.styles.accent)


def _real(row: Row, look: Look, width: int, moment: Moment) -> Text:
    found = stated(row.incident, moment.calibration).probability if moment.calibration else None
    return look.cell("" if found is None else f"{found:.0%}", width, look.styles.muted, right=True)


COLUMNS = (
    Column("#", "rank", 3, 0, _rank, right=True),
    Column("urgency", "urgency", 9, 0, _urgency),
    Column("verdict", "verdict", 10, 100, _verdict),
    Column("verdict", "verdict", 7, -100, _verdict),
    Column("real?", "worth", 5, 170, _real, right=True),
    Column("incident", "title", 0, 0, _title, weight=3),
    Column("about", "", 0, 160, _about, weight=2),
    Column("kill chain", "chain", 14, 100, _chain),
    Column("alerts", "alerts", 6, 0, _alerts, right=True),
    Column("activ.", "", 6, 220, _activities, right=True),
    Column("first (UTC)", "first", 11, 160, _first),
    Column("last", "last", 11, 130, _last),
    Column("change", "", 6, 140, _changed),
    Column("wait ", "", 6, 90, _wait, right=True),
    Column("due", "", 9, 150, _due, right=True),
    Column("status", "status", 8, 0, _status),
    Column("who", "who", 8, 125, _who),
)
"""All columns, left to right; a negative room means: only on screens narrower than that."""

MARKS = 3
"""Cells before the first column: what is selected, what the last run did, and whether it is of a campaign."""


class Layout(NamedTuple):
    """Columns of one width with the cells each has."""

    columns: tuple[tuple[Column, int], ...]


def names() -> tuple[str, ...]:
    """Return what columns may be chosen by: their heading's first word."""
    return tuple(dict.fromkeys(_id(one) for one in COLUMNS))


def _id(column: Column) -> str:
    return column.name.split()[0]


def layout(width: int, chosen: Sequence[str] = ()) -> Layout:
    """Return the columns that fit a width, or of those that were chosen, from the left; free cells are shared out."""
    fits = [one for one in COLUMNS if (width >= one.room if one.room >= 0 else width < -one.room)]
    if chosen:
        by_name = {_id(one): one for one in (*reversed(COLUMNS), *fits)}
        fits = _fitting([by_name[name] for name in chosen if name in by_name], width)
    left = width - MARKS - sum(one.width + 1 for one in fits)
    weights = sum(one.weight for one in fits if not one.width)
    return Layout(tuple((one, one.width or max(left * one.weight // weights, 4)) for one in fits))


LEAST = 12
"""Cells that a column without a width of its own needs."""


def _fitting(wanted: Sequence[Column], width: int) -> list[Column]:
    fits, used = [], MARKS
    for column in wanted:
        used += (column.width or LEAST) + 1
        if used <= width:
            fits.append(column)
    return fits


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
    """The rows in view, drawn when they are looked at; with a heading above each group."""

    def __init__(self, queue: QueueState, look: Look, width: int, moment: Moment) -> None:
        self._queue = queue
        self._look = look
        self._moment = moment
        self.plan = layout(width, queue.columns)
        self._headings: dict[int, Text] = {}
        self._at: list[int] = []
        if queue.group:
            self._group()

    def _group(self) -> None:
        """Find out on which line each row is, and which lines are headings."""
        rows = self._queue.rows
        sizes = Counter(map(self._queue.group_of, rows))
        alerts: Counter[str] = Counter()
        for row in rows:
            alerts[self._queue.group_of(row)] += row.incident.alert_count
        before: str | None = None
        for row in rows:
            name = self._queue.group_of(row)
            if name != before:
                line = len(self._at) + len(self._headings)
                words = f"{name}  {number(sizes[name])}, {alerts[name]:,} alerts"
                self._headings[line] = self._look.text(words, 200, self._look.styles.heading)
                before = name
            self._at.append(len(self._at) + len(self._headings))

    def __len__(self) -> int:
        return len(self._queue.rows) + len(self._headings)

    def line_of(self, position: int) -> int:
        """Return the line of a row."""
        return self._at[position] if position < len(self._at) else position

    def line(self, y: int) -> Line:
        """Return one incident as a line, or a heading."""
        if y in self._headings:
            return Line(self._headings[y])
        position = bisect_left(self._at, y) if self._at else y
        row, look = self._queue.rows[position], self._look
        text = Text.assemble(*self._marks(row), end="")
        for column, width in self.plan.columns:
            text.append_text(column.draw(row, look, width, self._moment))
            text.append(" ")
        if row.id in self._queue.selected:
            text.stylize(look.styles.picked)
        return Line(text, position)

    def _marks(self, row: Row) -> Sequence[tuple[str, str]]:
        look = self._look
        begun = row.id == self._queue.range_from
        picked = (look.glyphs.selected if row.id in self._queue.selected else "v" if begun else " ", look.styles.good)
        change = {"new": "+", "grown": look.glyphs.grown, "reranked": look.glyphs.moved}.get(row.change, " ")
        linked = look.glyphs.linked if self._queue.campaigns_of(row.id) else " "
        return picked, (change, look.styles.warn), (linked, look.styles.accent)


def about(incident: Told, shown: int = 2) -> str:
    """Return a few entities, assets and people first, and how many more there are."""
    told = [(entity.kind not in ASSETS, entity.value) for entity in incident.entities]
    told.sort(key=lambda one: one[0])
    names = ", ".join(value for _, value in told[:shown])
    more = len(incident.entities) - shown
    return f"{names} +{more}" if more > 0 else names
