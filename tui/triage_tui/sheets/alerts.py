"""Every alert of an incident as a table over a frame: a row is drawn only when it is looked at."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl
from rich.text import Text

from triage.models import AlertRef
from triage.times import moment
from triage_tui.look import Look
from triage_tui.messages import AlertTarget
from triage_tui.sheets.base import Line


class About(NamedTuple):
    """What is known of an alert through its activity."""

    rule: str
    principal: str
    severity: float | None
    detector: str


class AlertTable(NamedTuple):
    """The alerts of an incident and what they are about."""

    frame: pl.DataFrame
    """time (µs), index, id, activity; oldest first."""
    about: Mapping[str, About]
    """Activity key -> what its alerts say."""


def alert_table(alerts: pl.DataFrame, activities: pl.DataFrame) -> AlertTable:
    """Join alerts and activities by key, leaving both as they are."""
    rows = activities.select("activity", "rule", "principal", "severity", "detector").iter_rows()
    return AlertTable(alerts, {key: About(*rest) for key, *rest in rows})


class AlertSheet:
    """The table; it costs the same for ten alerts and for a million."""

    def __init__(self, table: AlertTable, look: Look, width: int) -> None:
        self._table = table
        self._look = look
        self._width = width

    def __len__(self) -> int:
        return self._table.frame.height

    def line(self, y: int) -> Line:
        """Return one alert."""
        time, index, name, activity = self._table.frame.row(y)
        about = self._table.about.get(activity, About("", "", None, ""))
        look, styles = self._look, self._look.styles
        when = moment(time or 0)
        severity = "" if about.severity is None else f"{about.severity:.0f}"
        rest = max(self._width - 24 - 4, 20)
        rule, principal = (rest * 3 // 5, rest * 2 // 5) if self._width < 130 else (rest * 2 // 5, rest // 4)
        text = Text.assemble(
            (f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}", styles.muted),
            " ",
            look.cell(severity, 3, styles.urgency(about.severity or 0), right=True),
            " ",
            look.cell(about.rule, rule - 1),
            " ",
            look.cell(about.principal, principal - 1, styles.accent),
            end="",
        )
        if self._width >= 130:
            text.append_text(Text(" "))
            text.append_text(look.cell(f"{about.detector} {index}/{name}", rest - rule - principal - 1, styles.muted))
        return Line(text, y, AlertTarget(index, name))


def only(table: AlertTable, activity: str) -> AlertTable:
    """Return the alerts of one activity."""
    return AlertTable(table.frame.filter(pl.col("activity") == activity), table.about)


def among(table: AlertTable, refs: Sequence[AlertRef]) -> AlertTable:
    """Return those alerts that are referred to."""
    wanted = pl.DataFrame(list(refs), schema={"index": pl.String, "id": pl.String}, orient="row")
    keys = [pl.col("index").cast(pl.String), pl.col("id")]
    return AlertTable(table.frame.join(wanted, on=keys, how="semi", maintain_order="left"), table.about)
