"""What is shown of one incident: a head that stays, tabs, and beside each other what belongs together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal

from triage.desk.cards import Card
from triage.desk.filter_fields import Told
from triage.desk.pivots import History, histories
from triage.desk.similar import similar
from triage.errors import TriageError
from triage.models import Incident, Narrative
from triage_tui.look import count
from triage_tui.messages import AlertTarget
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.step import standing
from triage_tui.sheets.alerts import AlertSheet, AlertTable, alert_table
from triage_tui.sheets.attack import attack_sheet
from triage_tui.sheets.base import Line, ListSheet, Sheet
from triage_tui.sheets.document import document_sheet
from triage_tui.sheets.entities import entities_sheet, named
from triage_tui.sheets.notes import notes_sheet
from triage_tui.sheets.plan import plan_sheet
from triage_tui.sheets.preview import cut, facts
from triage_tui.sheets.similar import similar_sheet
from triage_tui.sheets.step import Standing
from triage_tui.sheets.summary import Beside, summary_sheet
from triage_tui.sheets.timeline import Zoom, timeline_sheet
from triage_tui.view_state import Row, status_word
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Make, Rows
from triage_tui.widgets.tabs import Title, tabs_text

TABS = ("summary", "timeline", "entities", "alerts", "ATT&CK", "plan", "notes", "document", "similar")
_SHORT = ("story", "time", "names", "alerts", "ATT&CK", "plan", "notes", "raw", "alike")
SUMMARY, TIMELINE, ENTITIES, ALERTS, ATTACK, PLAN, NOTES, DOCUMENT, SIMILAR = range(9)
MANY_ALERTS = 5_000
"""Alerts from which on they are read in the background."""
WIDE = 150
"""Cells from which on the summary stands beside the other tabs."""


class Place(NamedTuple):
    """Where the reader was before a jump."""

    tab: int
    cursor: int


Histories = Mapping[tuple[str, str], History]
"""Kind and value -> how the entity was seen in all that is stored."""


class Whole(NamedTuple):
    """An incident, and the card it was read for."""

    of: Told
    incident: Incident


class IncidentView(WorkScreen):
    """Draws one incident and reads what is drawn."""

    DEFAULT_CSS = """
    IncidentView { layout: vertical; background: $background; }
    IncidentView #title { background: $panel; }
    IncidentView #side { display: none; width: 1fr; border-right: solid $panel; }
    IncidentView.wide #side { display: block; }
    IncidentView #rows { width: 1fr; }
    IncidentView #message { background: $surface; }
    """

    def __init__(self, incident_id: str) -> None:
        super().__init__()
        self.incident_id = incident_id
        self.tab = SUMMARY
        self._places: list[Place] = []
        self._alerts: AlertTable | None = None
        self._part: Callable[[AlertTable], AlertTable] | None = None
        self._document: AlertTarget | None = None
        self._words = ""
        self._whole: Whole | None = None
        self._histories: Histories | None = None
        self._span = Zoom()
        self._standing: Standing | None = None
        self.marked: dict[str, None] = {}
        self._answers: dict[str, tuple[str, Narrative]] = {}

    def compose(self) -> ComposeResult:
        """Lay out head, tabs and lists."""
        yield TextLine(id="title")
        yield TextLine(id="facts")
        yield TextLine(id="tabs")
        with Horizontal():
            yield Rows(self.look, id="side")
            yield Rows(self.look, id="rows")
        yield TextLine(id="message")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Put the keyboard on the list."""
        self._rows.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Show the summary beside the tab where there is room."""
        self.set_class(event.size.width >= WIDE, "wide")
        if self.wide and self.tab == SUMMARY:
            self.tab = TIMELINE
        self.call_after_refresh(self.show)

    @property
    def wide(self) -> bool:
        """True when the summary has a list of its own."""
        return self.size.width >= WIDE

    @property
    def _rows(self) -> Rows:
        return self.query_one("#rows", Rows)

    @property
    def row(self) -> Row:
        """Return the incident as it stands now."""
        found = self.desk.queue.row(self.incident_id)
        if found is None:
            raise LookupError(f"incident {self.incident_id!r} is not in the state any more")
        return found

    @property
    def incident(self) -> Incident:
        """Return the whole incident, read once as long as it does not change."""
        row = self.row
        if self._whole is None or self._whole.of is not row.incident:
            self._whole = Whole(row.incident, self.desk.whole([row])[0])
        return self._whole.incident

    def targets(self) -> tuple[str, ...]:
        """Return this incident; a selection in the queue is not meant here."""
        return (self.incident_id,)

    def forget(self) -> None:
        """Forget what was read of the incident, and where the reader was."""
        self._alerts, self._part, self._document, self._histories = None, None, None, None
        self._places, self._span, self._standing, self.marked = [], Zoom(), None, {}

    # --- drawing ----------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Draw everything anew where the reader is."""
        if self.desk.queue.row(self.incident_id) is None:
            self.dismiss(None)
            return
        self._show_head()
        if self.wide:
            side = self.query_one("#side", Rows)
            side.show(self._make(SUMMARY), side.cursor)
        self._rows.show(self._make(self.tab), self._rows.cursor)

    def _show_head(self) -> None:
        row, look, width = self.row, self.look, self.size.width
        incident, queue = self.incident, self.desk.queue
        place = f"{queue.position + 1}/{len(queue.rows)} " if queue.cursor == row.id else ""
        head = Text.assemble(
            f" #{incident.rank} ",
            look.bar(incident.urgency, 8),
            " ",
            look.text(incident.disposition, 20, look.styles.of(incident.disposition)),
            "  ",
            look.text(incident.title, 300, look.styles.strong),
            end="",
        )
        who = f" {row.status.assignee}" if row.status.assignee else ""
        tail = look.text(f"  {status_word(row)}{who}  {place}", 60, look.styles.accent)
        head = cut(head, width - tail.cell_len, look)
        head.append(" " * max(width - tail.cell_len - head.cell_len, 0))
        self.query_one("#title", TextLine).tell(Text.assemble(head, tail))
        self.query_one("#facts", TextLine).tell(Text.assemble(" ", facts(incident, look, width - 1)))
        self._show_tabs()
        self.show_footer()

    def _show_tabs(self) -> None:
        incident, notes = self.incident, len(self.row.status.notes)
        counted = {
            ENTITIES: len(incident.entities),
            ALERTS: incident.alert_count,
            PLAN: len(incident.response_plan),
            NOTES: notes,
        }
        titles = [
            Title(name, count(counted[at]) if counted.get(at) else "", short)
            for at, (name, short) in enumerate(zip(TABS, _SHORT, strict=True))
        ]
        self.query_one("#tabs", TextLine).tell(tabs_text(titles, self.tab, self.look, self.size.width))

    def _make(self, tab: int) -> Make:
        """Return what builds the sheet of a tab."""
        incident, look = self.incident, self.look
        table = self.triage.techniques
        steps = [step for step in self.desk.port.log(500) if self.incident_id in step.decision.incident_ids]
        makers: dict[int, Make] = {
            SUMMARY: lambda width: summary_sheet(incident, self._beside(), look, width),
            TIMELINE: lambda width: timeline_sheet(
                incident, look, width, 5 if self.size.height < 30 else 10, self._span, self.marked
            ),
            ENTITIES: lambda width: entities_sheet(
                incident, self._history(), look, width, 1 if self.size.height < 30 else 3
            ),
            ALERTS: self._alert_sheet,
            ATTACK: lambda width: attack_sheet(incident, table, look, width),
            PLAN: lambda width: plan_sheet(incident, self._requests(), look, width),
            NOTES: lambda width: notes_sheet(self.row, steps, look, width),
            DOCUMENT: self._document_sheet,
            SIMILAR: self._similar_sheet,
        }
        return makers[tab]

    def _beside(self) -> Beside:
        """Return what is known of the incident besides itself."""
        queue = self.desk.queue
        return Beside(queue.confidence(self.row), queue.campaigns_of(self.incident_id))

    def _alert_sheet(self, width: int) -> Sheet:
        """Return the alerts; many of them are read in the background, with a sentence in their place meanwhile."""
        if self._alerts is None and self.incident.alert_count > MANY_ALERTS:
            self._read_alerts(self.incident_id)
            return ListSheet(
                [Line(Text(f"reading {self.incident.alert_count:,} alerts", style=self.look.styles.muted))]
            )
        return AlertSheet(self._alert_table(), self.look, width)

    def _similar_sheet(self, width: int) -> ListSheet:
        queue = self.desk.queue
        others = [subject.incident for subject in queue.subjects()]
        read = [one for one in others if not isinstance(one, Card) or one.loaded]
        found = similar(self.row.incident, read)
        rows = {one.incident_id: row for one in found if (row := queue.row(one.incident_id))}
        return similar_sheet(found, rows, queue.unread, self.look, width)

    def _history(self) -> Histories | None:
        """Return what is known of the incident's entities; None while it is being read."""
        if self._histories is None:
            self._read_history(self.incident_id, named(self.incident))
        return self._histories

    @work(thread=True, exclusive=True, exit_on_error=False, group="history")
    def _read_history(self, incident_id: str, wanted: Sequence[tuple[str, str]]) -> None:
        found = histories(self.desk.port.archive.naming(value for _, value in wanted), wanted)
        self.app.call_from_thread(self._take_history, incident_id, found)

    def _take_history(self, incident_id: str, found: Histories) -> None:
        if incident_id == self.incident_id and self.is_mounted:
            self._histories = found
            if self.tab == ENTITIES:
                self._rows.show(self._make(ENTITIES), self._rows.cursor)

    def _requests(self) -> Standing | None:
        """Return where the requests for the plan's steps stand; None while that is being read."""
        if self._standing is None and self.incident.response_plan:
            self._read_requests(self.incident)
        return self._standing

    @work(thread=True, exclusive=True, exit_on_error=False, group="requests")
    def _read_requests(self, incident: Incident) -> None:
        found = standing(partial(self.desk.port.responses, readonly=self.desk.readonly), incident)
        self.app.call_from_thread(self._take_requests, incident.incident_id, found)

    def _take_requests(self, incident_id: str, found: Standing) -> None:
        if incident_id == self.incident_id and self.is_mounted:
            self._standing = found
            if self.tab == PLAN:
                self._rows.show(self._make(PLAN), self._rows.cursor)

    @work(thread=True, exclusive=True, exit_on_error=False, group="alerts")
    def _read_alerts(self, incident_id: str) -> None:
        table = self._fetch_alerts(incident_id)
        self.app.call_from_thread(self._take_alerts, incident_id, table)

    def _take_alerts(self, incident_id: str, table: AlertTable) -> None:
        if incident_id == self.incident_id and self.is_mounted:
            self._alerts = table
            self._rows.show(self._make(self.tab), self._rows.cursor)

    def _fetch_alerts(self, incident_id: str) -> AlertTable:
        port = self.desk.port
        return alert_table(port.archive.table(incident_id), port.activities(incident_id))

    def _alert_table(self) -> AlertTable:
        """Return the alerts, read when they are first looked at."""
        if self._alerts is None:
            self._alerts = self._fetch_alerts(self.incident_id)
        return self._part(self._alerts) if self._part else self._alerts

    def _document_sheet(self, width: int) -> ListSheet:
        target = self._document or self._first_alert()
        if target is None:
            return ListSheet(())
        return document_sheet(target, self.desk.port.document(target.index, target.id), self.look, width)

    def _first_alert(self) -> AlertTarget | None:
        table = self._alert_table().frame
        return AlertTarget(*table.select("index", "id").row(0)) if table.height else None

    def show_tab(self, tab: int, cursor: int = 0) -> None:
        """Go to a tab."""
        if tab == SUMMARY and self.wide:
            self.query_one("#side", Rows).focus()
            return
        self.tab = tab
        try:
            self._rows.show(self._make(tab), cursor)
        except TriageError as error:
            self.tell_error(error)
        self._rows.focus()
        self._show_tabs()
