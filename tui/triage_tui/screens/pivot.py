"""Looking further: from some alerts to their fields, from a field to its values, from a value to its alerts."""

from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from triage.desk.pivots import OF_FACT, Question, Slice, fields, frequency, narrowed
from triage_tui.keys import bindings
from triage_tui.messages import AlertTarget, FieldTarget, IncidentTarget, Opened, ValueTarget
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.dialogs import Ask
from triage_tui.screens.pager import Pager
from triage_tui.sheets.alerts import AlertSheet
from triage_tui.sheets.base import Line, find
from triage_tui.sheets.document import document_sheet
from triage_tui.sheets.pivot import FrequencySheet, Known, fields_sheet, known, seen_sheet, slice_table
from triage_tui.sheets.preview import cut
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Make, Rows

Kind = Literal["seen", "fields", "values", "alerts"]
Load = Callable[[], Slice]


class Level(NamedTuple):
    """One sheet of the stack."""

    kind: Kind
    title: str
    found: Slice
    field: str = ""
    cursor: int = 0


class PivotScreen(WorkScreen):
    """A stack of sheets over one slice; the slice is read in the background."""

    PLACE = "p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("p")]
    DEFAULT_CSS = """
    PivotScreen { layout: vertical; background: $background; }
    PivotScreen #title { background: $panel; }
    PivotScreen #message { background: $surface; }
    """

    def __init__(self, title: str, load: Load, kind: Kind = "fields", explanation: str = "") -> None:
        super().__init__()
        self._first = title
        self._load = load
        self._kind: Kind = kind
        self._explanation = explanation
        self._known = Known({})
        self.levels: list[Level] = []

    def compose(self) -> ComposeResult:
        """Lay out title, list and lines."""
        yield TextLine(id="title")
        yield Rows(self.look, id="rows")
        yield TextLine(id="message")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Begin to read."""
        self._rows.focus()
        self._show_title(f" {self._first}  reading")
        self._read()

    def on_resize(self) -> None:
        """Lay everything out anew."""
        self.call_after_refresh(self.show)

    @work(thread=True, exclusive=True, exit_on_error=False, group="pivot")
    def _read(self) -> None:
        found = self._load()
        placed = (
            self.desk.port.archive.placed(found.alerts["activity"].unique().to_list()) if self._kind == "seen" else {}
        )
        self.app.call_from_thread(self._take, found, known(found, placed))

    def _take(self, found: Slice, told: Known) -> None:
        self._known = told
        self.levels = [Level(self._kind, self._first, found)]
        self.show()

    @property
    def _rows(self) -> Rows:
        return self.query_one("#rows", Rows)

    def targets(self) -> tuple[str, ...]:
        """Return nothing: no decision is made here."""
        return ()

    # --- drawing ----------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Draw the sheet on top of the stack."""
        self.show_footer()
        if not self.levels:
            return
        level = self.levels[-1]
        total = level.found.alerts.height
        self._show_title(f" {level.title}  {total:,} alert{'s' * (total != 1)}")
        self._rows.show(self._make(level), level.cursor)

    def _show_title(self, words: str) -> None:
        text = self.look.text(words, 400, self.look.styles.strong)
        self.query_one("#title", TextLine).tell(cut(text, max(self.size.width, 10), self.look))

    def _make(self, level: Level) -> Make:
        look, found = self.look, level.found
        if level.kind == "values":
            return lambda width: FrequencySheet(frequency(found, level.field), look, width)
        if level.kind == "alerts":
            return lambda width: AlertSheet(slice_table(found), look, width)
        if level.kind == "seen":
            rows = {row.id: row for name in self._known.incidents if (row := self.desk.queue.row(name))}
            return lambda width: seen_sheet(found, self._known, rows, look, width, self._explanation)
        listed = fields(found)
        return lambda width: fields_sheet(listed, found.alerts.height, look, width)

    # --- moving about -----------------------------------------------------------------------------------------------

    def _push(self, level: Level) -> None:
        self.levels[-1] = self.levels[-1]._replace(cursor=self._rows.cursor)
        self.levels.append(level)
        self.show()

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        if not self.levels:
            return
        top = self.levels[-1]
        arrow = f" {self.look.glyphs.arrow} "
        match event.target:
            case FieldTarget(name):
                self._push(Level("values", f"{top.title}{arrow}{name}", top.found, name))
            case ValueTarget(name, value):
                title = f"{top.title.removesuffix(arrow + name)}{arrow}{name}:{value}"
                self._push(Level("fields", title, narrowed(top.found, name, value)))
            case AlertTarget() as target:
                self._show_document(target)
            case IncidentTarget(name) if self.desk.queue.row(name):
                self.triage.open_incident(name)
            case _:
                self.tell("there is nothing behind this line")

    def _show_document(self, target: AlertTarget) -> None:
        raw = self.desk.port.document(target.index, target.id)
        self.app.push_screen(Pager("Document", lambda width: document_sheet(target, raw, self.look, width), self.look))

    def action_alerts(self) -> None:
        """Show the alerts of this sheet one by one."""
        if self.levels and self.levels[-1].kind != "alerts":
            top = self.levels[-1]
            self._push(Level("alerts", f"{top.title} {self.look.glyphs.arrow} alerts", top.found))

    def action_pivot(self) -> None:
        """Show the fields of this sheet's alerts."""
        if self.levels and self.levels[-1].kind != "fields":
            top = self.levels[-1]
            self._push(Level("fields", top.title, top.found))

    def action_seen(self) -> None:
        """Ask what else is known of the value under the cursor."""
        line = self._line()
        if line is not None and isinstance(line.target, ValueTarget) and line.target.field in OF_FACT:
            self.triage.look_up(Question(line.target.field, line.target.value))
        else:
            self.tell("put the cursor on a value of a field", self.look.styles.warn)

    def _line(self) -> Line | None:
        sheet = self._rows.sheet
        return sheet.line(self._rows.cursor) if len(sheet) else None

    def action_find(self) -> None:
        """Ask for words and go to the next line that has them."""
        self.app.push_screen(Ask("Find in this sheet:", self.look), self._found)

    def _found(self, words: str | None) -> None:
        line = find(self._rows.sheet, words, self._rows.cursor) if words and len(self._rows.sheet) else None
        if line is not None:
            self._rows.move(line)
        elif words:
            self.tell(f"{words!r} is not in this sheet", self.look.styles.warn)

    def action_back(self) -> None:
        """Go back a sheet; from the first one, to where this began."""
        if len(self.levels) <= 1:
            self.dismiss(None)
            return
        self.levels.pop()
        self.show()

    async def action_leave(self) -> None:
        """Go to where this began."""
        self.dismiss(None)
