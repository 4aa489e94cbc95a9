"""Working one incident: following what is cited, looking further, and going on to the next."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import BindingType

from triage.desk.flip import question
from triage.desk.pivots import Question
from triage.models import Narrative
from triage_tui.keys import bindings
from triage_tui.messages import (
    ActivityTarget,
    AlertTarget,
    CampaignTarget,
    Cite,
    EntityTarget,
    EvidenceTarget,
    FlipTarget,
    IncidentTarget,
    Opened,
    StepTarget,
    Target,
)
from triage_tui.screens.answer import AnswerPaper
from triage_tui.screens.dialogs import Ask
from triage_tui.screens.draft import DraftPaper
from triage_tui.screens.incident_view import ALERTS, DOCUMENT, PLAN, SUMMARY, TABS, TIMELINE, IncidentView, Place
from triage_tui.screens.regrouping import RegroupFlow
from triage_tui.screens.step import StepPaper
from triage_tui.sheets.alerts import among, only
from triage_tui.sheets.base import ListSheet, find
from triage_tui.sheets.document import pretty
from triage_tui.sheets.timeline import Zoom
from triage_tui.view_state import number
from triage_tui.widgets.rows import Rows


class IncidentScreen(IncidentView):
    """Reads one incident; a decision brings the next one of the queue."""

    PLACE = "i"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("i")]

    # --- moving about -----------------------------------------------------------------------------------------------

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
            case StepTarget(at):
                self.app.push_screen(StepPaper(self.incident, at, self.look, self._plan_changed))
            case CampaignTarget(name):
                self.triage.open_campaign(name)

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

    def _plan_changed(self) -> None:
        """Read anew where the steps stand."""
        self._standing = None
        if self.tab == PLAN:
            self._rows.show(self._make(PLAN), self._rows.cursor)

    # --- looking further --------------------------------------------------------------------------------------------

    def _flip(self, sentence: str) -> None:
        asked = question(sentence)
        if asked is None:
            self.tell("this sentence has no query that can be run here", self.look.styles.warn)
            return
        self.triage.look_up(asked, sentence)

    def action_regroup(self) -> None:
        """Ask what belongs together and what does not; what would come of it is shown before it is kept."""
        RegroupFlow(self).ask(self.incident_id, self._target(), tuple(self.marked))

    def action_mark(self) -> None:
        """Mark the activity under the cursor, or not any more, for what is split off."""
        target = self._target()
        if not isinstance(target, ActivityTarget):
            self.tell("x marks activities on the timeline, to be split off together", self.look.styles.warn)
            return
        if target.activity in self.marked:
            del self.marked[target.activity]
        else:
            self.marked[target.activity] = None
        rows = self._rows
        rows.show(self._make(self.tab), rows.cursor)
        rows.action_down()
        self.tell(f"{number(len(self.marked), 'activity')} marked; m s splits them off")

    def regrouped(self, sentence: str) -> None:
        """Show what is left of this incident, else the one the cursor is on."""
        self.forget()
        queue = self.desk.queue
        if queue.row(self.incident_id) is None and queue.cursor:
            self.show_incident(queue.cursor)
        super().regrouped(sentence)

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

    def action_draft(self) -> None:
        """Draft a rule exception for this incident, which must be harmless."""
        port, name = self.desk.port, self.incident_id
        self.app.push_screen(DraftPaper(lambda: port.suppression_draft(name), self.triage.folder, self.look))

    def action_ask(self) -> None:
        """Ask the configured language model about this incident."""
        if not self.desk.port.can_ask:
            self.tell("no language model is configured: model.name in the settings names one", self.look.styles.warn)
            return
        hint = "Enter alone shows the last answer again" if self.incident_id in self._answers else ""
        self.app.push_screen(Ask("Ask about this incident:", self.look, hint=hint), self._asked)

    def _asked(self, question: str | None) -> None:
        if question is None:
            return
        if asked := question.strip():
            paper = AnswerPaper(asked, partial(self._answer, self.incident_id, asked), self.look, self._follow)
            self.app.push_screen(paper)
        elif self.incident_id in self._answers:
            asked, answer = self._answers[self.incident_id]
            self.app.push_screen(AnswerPaper(asked, lambda: answer, self.look, self._follow))

    def _answer(self, name: str, asked: str) -> Narrative:
        answer = self.desk.port.ask(name, asked)
        self._answers[name] = asked, answer
        return answer

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
        self.forget()
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
