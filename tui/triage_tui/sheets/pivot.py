"""Frequency tables: the fields of some alerts, the values of one field, and what is known of one value."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl
from rich.text import Text

from triage.desk.pivots import FieldCount, Frequency, Slice, frequency, per_day
from triage.times import moment
from triage_tui.look import Look, count
from triage_tui.messages import FieldTarget, IncidentTarget, ValueTarget
from triage_tui.sheets.alerts import About, AlertTable
from triage_tui.sheets.base import Builder, Line, ListSheet
from triage_tui.view_state import Row, number, status_word

BAR = 16
RULES = 8
"""Rules named of what is known about a value."""


def share(part: int, total: int) -> str:
    """Return a share in four characters; a small one is not told as none."""
    return " <1%" if 0 < part < total / 100 else f"{part / max(total, 1):4.0%}"


def fields_sheet(found: Sequence[FieldCount], total: int, look: Look, width: int) -> ListSheet:
    """Return one item per field: how many values it has, and the most frequent one."""
    page = Builder(width, look)
    page.plain(
        Text(f"{'field':<11}{'values':>9}  most frequent value; Enter shows all", style=look.styles.muted, end="")
    )
    for one in found:
        page.item(
            Text.assemble(
                look.cell(one.name, 11, look.styles.strong),
                look.cell(f"{one.distinct:,}", 9, right=True),
                "  ",
                (f"{share(one.count, total)} ", look.styles.muted),
                look.cell(one.top, max(page.width - 27, 10), look.styles.accent),
                end="",
            ),
            FieldTarget(one.name),
        )
    if not found:
        page.item(Text("no alerts here", end=""))
    return page.sheet()


class FrequencySheet:
    """The values of one field, drawn when they are looked at."""

    def __init__(self, found: Frequency, look: Look, width: int) -> None:
        self._found = found
        self._look = look
        self._width = width
        self._most = int(found.table["count"][0]) if found.table.height else 1

    def __len__(self) -> int:
        return self._found.table.height

    def line(self, y: int) -> Line:
        """Return one value with its alerts, as a bar, and when it was seen."""
        look, styles = self._look, self._look.styles
        value, alerts, first, last = self._found.table.row(y)
        filled = max(round(alerts / self._most * BAR), 1)
        times = ""
        if self._width >= 100 and first is not None:
            times = f"{moment(first):%m-%d %H:%M} {look.glyphs.arrow} {moment(last):%m-%d %H:%M}"
        rest = max(self._width - 8 - 6 - BAR - 2 - (len(times) + 1 if times else 0), 10)
        text = Text.assemble(
            look.cell(f"{alerts:,}", 8, right=True),
            (f" {share(alerts, self._found.total)} ", styles.muted),
            (look.glyphs.full * filled, styles.accent),
            (look.glyphs.empty * (BAR - filled), styles.muted),
            " ",
            look.cell(value, rest),
            (f" {times}" if times else "", styles.muted),
            end="",
        )
        return Line(text, y, ValueTarget(self._found.field, value))


def slice_table(found: Slice) -> AlertTable:
    """Return the alerts of a slice as the alerts table shows them."""
    columns = ("fact", "rule", "principal", "severity", "detector")
    frame = found.alerts.select("time", "index", "id", pl.col("fact").alias("activity"))
    return AlertTable(frame, {key: About(*rest) for key, *rest in found.facts.select(columns).iter_rows()})


class Known(NamedTuple):
    """What is known of some alerts beyond themselves."""

    incidents: Mapping[str, int]
    """Incident id -> alerts of the slice in it."""


def known(found: Slice, placed: Mapping[str, str]) -> Known:
    """Return in which incidents the alerts of a slice are; ``placed``: activity -> incident id."""
    counted: dict[str, int] = {}
    for activity, alerts in found.alerts.group_by("activity").agg(pl.len()).sort("activity").iter_rows():
        name = placed.get(activity, "")
        counted[name] = counted.get(name, 0) + alerts
    return Known({name: counted[name] for name in sorted(counted, key=lambda name: (-counted[name], name)) if name})


def seen_sheet(
    found: Slice, told: Known, rows: Mapping[str, Row], look: Look, width: int, asked: str = ""
) -> ListSheet:
    """Return whether, when, where and in which incidents something was seen before; an incident can be opened.

    ``asked``: the sentence that is checked, shown above the answer.
    """
    page = Builder(width, look)
    if asked:
        page.item(look.text(asked, 2000, look.styles.muted))
        page.heading("What is stored says")
    if not found.alerts.height:
        page.item(Text("no such alert in any run that is stored", style=look.styles.strong, end=""))
        return page.sheet()
    _when(page, found)
    _where(page, found)
    page.heading(f"In {number(len(told.incidents), 'incident')} or benign groups")
    for name, alerts in told.incidents.items():
        page.item(_incident(name, alerts, rows.get(name), look), IncidentTarget(name), hang=8)
    page.heading("By rule")
    for value, alerts, *_ in frequency(found, "rule").table.head(RULES).iter_rows():
        page.item(Text.assemble(f"{alerts:7,} ", look.text(value, 200), end=""), ValueTarget("rule", value), hang=8)
    return page.sheet()


def _when(page: Builder, found: Slice) -> None:
    look, days = page.look, per_day(found)
    total = number(found.alerts.height, "alert")
    span = f" on {number(len(days), 'day')}, {_span(found)}"
    page.item(Text.assemble((total, look.styles.strong), span, end=""))
    page.item(Text.assemble(("per day  ", look.styles.muted), sparkline(days, look, page.width - 10), end=""))


def _where(page: Builder, found: Slice) -> None:
    hosts = frequency(found, "host")
    if hosts.distinct:
        names = ", ".join(hosts.table["value"].head(6).to_list())
        more = f" +{hosts.distinct - 6:,}" if hosts.distinct > 6 else ""
        page.item(page.look.text(f"on {number(hosts.distinct, 'host')}: {names}{more}", 400), hang=4)


def _span(found: Slice) -> str:
    first, last = found.alerts["time"].min(), found.alerts["time"].max()
    if not isinstance(first, int) or not isinstance(last, int):
        return "without a time"
    return f"first {moment(first):%Y-%m-%d %H:%M}, last {moment(last):%Y-%m-%d %H:%M} UTC"


def _incident(name: str, alerts: int, row: Row | None, look: Look) -> Text:
    head = f"{alerts:7,} "
    if row is None:
        return Text.assemble(head, look.text(f"{name}, of an earlier run", 100, look.styles.muted), end="")
    told = row.incident
    return Text.assemble(
        head,
        (f"#{told.rank:<5}", look.styles.muted),
        look.cell(told.disposition, 11, look.styles.of(told.disposition)),
        look.cell(status_word(row), 8, look.styles.accent),
        look.text(told.title, 200),
        end="",
    )


def sparkline(days: Mapping[str, int], look: Look, width: int) -> Text:
    """Return alerts per day, the last ``width`` days that have any, each one cell high by its logarithm."""
    if not days:
        return Text("no day", style=look.styles.muted, end="")
    shown = list(days.items())[-max(width - 26, 5) :]
    ramp = look.glyphs.ramp
    bars = "".join(ramp[min(alerts.bit_length(), len(ramp)) - 1] for _, alerts in shown)
    text = Text.assemble((shown[0][0][5:], look.styles.muted), " ", (bars, look.styles.accent), end="")
    text.append(f" {shown[-1][0][5:]}  most {count(max(alerts for _, alerts in shown))}", look.styles.muted)
    return text
