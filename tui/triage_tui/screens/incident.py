"""One incident: a head that stays, tabs, and beside each other what belongs together where there is room."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from triage.desk.cards import Card
from triage.desk.filter_fields import Told
from triage.desk.flip import question
from triage.desk.pivots import History, Question, histories
from triage.desk.similar import similar
from triage.errors import TriageError
from triage.models import Incident
from triage_tui.keys import bindings
from triage_tui.look import count
from triage_tui.messages import (
    ActivityTarget,
    AlertTarget,
    Cite,
    EntityTarget,
    EvidenceTarget,
    FlipTarget,
    IncidentTarget,
    Opened,
    Target,
)
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.dialogs import Ask
from triage_tui.sheets.alerts import AlertSheet, AlertTable, alert_table, among, only
from triage_tui.sheets.attack import attack_sheet
from triage_tui.sheets.base import Line, ListSheet, Sheet, find
from triage_tui.sheets.document import document_sheet, pretty
from triage_tui.sheets.entities import entities_sheet, named
from triage_tui.sheets.notes import notes_sheet
from triage_tui.sheets.plan import plan_sheet
from triage_tui.sheets.preview import cut, facts
from triage_tui.sheets.similar import similar_sheet
from triage_tui.sheets.summary import summary_sheet
from triage_tui.sheets.timeline import Zoom, timeline_sheet
from triage_tui.view_state import Row, status_word
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Make, Rows
from triage_tui.widgets.tabs import Title, tabs_text

TABS = ("summary", "timeline", "entities", "alerts", "ATT&CK", "plan", "notes", "document", "similar")
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


class IncidentScreen(WorkScreen):
    """Reads one incident; a decision brings the next one of the queue."""

    PLACE = "i"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("i")]
    DEFAULT_CSS = """
    IncidentScreen { layout: vertical; background: $background; }
    IncidentScreen #title { background: $panel; }
    IncidentScreen #side { display: none; width: 1fr; border-right: solid $panel; }
    IncidentScreen.wide #side { display: block; }
    IncidentScreen #rows { width: 1fr; }
    IncidentScreen #message { background: $surface; }
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
        titles = [Title(name, count(counted[at]) if counted.get(at) else "") for at, name in enumerate(TABS)]
        self.query_one("#tabs", TextLine).tell(tabs_text(titles, self.tab, self.look, self.size.width))

    def _make(self, tab: int) -> Make:
        """Return what builds the sheet of a tab."""
        incident, look = self.incident, self.look
        table = self.triage.techniques
        steps = [step for step in self.desk.port.log(500) if self.incident_id in step.decision.incident_ids]
        makers: dict[int, Make] = {
            SUMMARY: lambda width: summary_sheet(incident, look, width),
            TIMELINE: lambda width: timeline_sheet(
                incident, look, width, 5 if self.size.height < 30 else 10, self._span
            ),
            ENTITIES: lambda width: entities_sheet(
                incident, self._history(), look, width, 1 if self.size.height < 30 else 3
            ),
            ALERTS: self._alert_sheet,
            ATTACK: lambda width: attack_sheet(incident, table, look, width),
            PLAN: lambda width: plan_sheet(incident, look, width),
            NOTES: lambda width: notes_sheet(self.row, steps, look, width),
            DOCUMENT: self._document_sheet,
            SIMILAR: self._similar_sheet,
        }
        return makers[tab]

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

    # --- moving about -----------------------------------------------------------------------------------------------

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

    def action_tab(self, steps: int) -> None:
        """Go some tabs further."""
        self._part = None
        self._places.clear()
        tab = (self.tab + steps) % len(TABS)
        self.show_tab(tab if tab != SUMMARY or not self.wide else (tab + steps) % len(TABS))

    def action_tab_number(self, at: int) -> None:
        """Go to a tab by its number."""
        self._part = None
        self._places.clear()
        self.show_tab(at - 1)

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        if event.target is not None:
            self._follow(event.target)

    def _follow(self, target: Target) -> None:
        place = Place(self.tab, self._rows.cursor)
        match target:
            case Cite(name):
                self._jump_to_evidence(name, place)
            case EvidenceTarget(name):
                self._open_evidence(name, place)
            case AlertTarget():
                self._document = target
                self._places.append(place)
                self.show_tab(DOCUMENT)
            case ActivityTarget(activity, title):
                self._part = lambda table: only(table, activity)
                self._places.append(place)
                self.show_tab(ALERTS)
                self.tell(f"alerts of '{title}' only; esc goes back")
            case EntityTarget(kind, value):
                self.triage.filter_by(kind, value)
            case FlipTarget(sentence):
                self._flip(sentence)
            case IncidentTarget(name):
                self.triage.open_incident(name)

    def _jump_to_evidence(self, name: str, place: Place) -> None:
        rows = self.query_one("#side", Rows) if self.wide else self._rows
        if self.tab != SUMMARY and not self.wide:
            self.show_tab(SUMMARY)
        sheet = rows.sheet
        line = sheet.find(EvidenceTarget(name)) if isinstance(sheet, ListSheet) else None
        if line is None:
            self.tell(f"there is no evidence {name}", self.look.styles.warn)
            return
        if not self.wide:
            self._places.append(place)
        rows.move(line)
        self.tell(f"{name}: Enter shows its documents, esc goes back")

    def _open_evidence(self, name: str, place: Place) -> None:
        found = next((one for one in self.incident.evidence if one.evidence_id == name), None)
        if found is None or not found.alerts:
            self.tell(f"{name} rests on no document of its own", self.look.styles.warn)
            return
        self._places.append(place)
        if len(found.alerts) == 1:
            self._document = AlertTarget(*found.alerts[0])
            self.show_tab(DOCUMENT)
            self.tell(f"document behind {name}; esc goes back")
            return
        self._part = lambda table: among(table, found.alerts)
        self.show_tab(ALERTS)
        of = f" of {found.alert_count:,}" if found.truncated else ""
        self.tell(f"{len(found.alerts):,}{of} documents behind {name}; Enter shows one, esc goes back")

    # --- looking further --------------------------------------------------------------------------------------------

    def _flip(self, sentence: str) -> None:
        asked = question(sentence)
        if asked is None:
            self.tell("this sentence has no query that can be run here", self.look.styles.warn)
            return
        self.triage.look_up(asked, sentence)

    def action_flip(self) -> None:
        """Run the query of the sentence under the cursor, else the first one that would flip the verdict."""
        target = self._target()
        sentences = [one for one in self.incident.would_flip if question(one)]
        if isinstance(target, FlipTarget):
            self._flip(target.sentence)
        elif sentences:
            self._flip(sentences[0])
        else:
            self.tell("nothing here names a query that would flip the verdict", self.look.styles.warn)

    def _target(self) -> Target | None:
        rows = self.focused if isinstance(self.focused, Rows) else self._rows
        return rows.sheet.line(rows.cursor).target if len(rows.sheet) else None

    def action_pivot(self) -> None:
        """Count the values of all fields of this incident's alerts."""
        self.triage.pivot(f"#{self.incident.rank}", partial(self.desk.port.archive.incident, self.incident_id))

    def action_seen(self) -> None:
        """Ask what else is known of the entity or rule under the cursor, else of the incident's main entity."""
        match self._target():
            case EntityTarget(kind, value):
                self.triage.look_up(Question(kind, value))
            case ActivityTarget(_, title):
                self.triage.look_up(Question("rule", title))
            case _ if self.incident.entities:
                first = self.incident.entities[0]
                self.triage.look_up(Question(first.kind, first.value))
            case _:
                self.tell("put the cursor on an entity or an activity", self.look.styles.warn)

    def action_zoom(self, factor: int) -> None:
        """Show less or more time on the timeline, around the middle of what is shown."""
        self._zoom(self._span.zoomed(factor))

    def action_pan(self, steps: int) -> None:
        """Show earlier or later time on the timeline."""
        self._zoom(self._span.panned(steps))

    def _zoom(self, span: Zoom) -> None:
        if self.tab != TIMELINE:
            self.tell("the timeline zooms; 2 shows it", self.look.styles.warn)
            return
        self._span = span
        self._rows.show(self._make(TIMELINE), self._rows.cursor)

    def document(self) -> str:
        """Return the raw document where it is shown, else the incident as Markdown."""
        target = self._document or self._first_alert() if self.tab == DOCUMENT else None
        raw = self.desk.port.document(target.index, target.id) if target else None
        return "\n".join(pretty(raw)) if raw is not None else super().document()

    def action_find(self) -> None:
        """Ask for words and go to the next line that has them."""
        self.app.push_screen(Ask("Find on this page:", self.look, self._words), self._found)

    def _found(self, words: str | None) -> None:
        if not words:
            return
        self._words = words
        line = find(self._rows.sheet, words, self._rows.cursor)
        if line is None:
            self.tell(f"{words!r} is not on this page", self.look.styles.warn)
            return
        self._rows.move(line)
        self.tell(f"{words!r}: / Enter for the next place")

    def action_back(self) -> None:
        """Go back to before the last jump, else to the queue."""
        if not self._places:
            self.dismiss(None)
            return
        place = self._places.pop()
        self._part = None
        self.show_tab(place.tab, place.cursor)
        self.tell("")

    async def action_leave(self) -> None:
        """Go to the queue."""
        self.dismiss(None)

    def action_neighbour(self, steps: int) -> None:
        """Go to the next incident of the queue."""
        queue = self.desk.queue
        if queue.cursor == self.incident_id:
            queue.move_to(queue.position + steps)
        self.show_incident(queue.cursor)

    def show_incident(self, incident_id: str) -> None:
        """Show another incident from its beginning."""
        if not incident_id:
            self.dismiss(None)
            return
        self.incident_id = incident_id
        self.tab = TIMELINE if self.wide else SUMMARY
        self._places, self._alerts, self._part, self._document = [], None, None, None
        self._histories, self._span = None, Zoom()
        self._rows.show(self._make(self.tab))
        if self.wide:
            self.query_one("#side", Rows).show(self._make(SUMMARY))
        self.show()

    def decided(self) -> None:
        """After a close or snooze the queue's cursor is on the next one: show that; else this one anew."""
        queue = self.desk.queue
        if queue.cursor and queue.cursor != self.incident_id:
            self.show_incident(queue.cursor)
        elif not queue.cursor:
            self.dismiss(None)
        else:
            self.show()

    def tell_live(self, sentence: str) -> None:
        """Tell what changed while the screen was open."""
        self.show()
        self.tell(sentence, self.look.styles.accent)
