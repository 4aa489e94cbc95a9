"""The queue: the night in one line, tabs, the ranked incidents, and what the cursor is on."""

from datetime import datetime
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from triage_tui.completion import FilterSuggester
from triage_tui.keys import bindings
from triage_tui.messages import CampaignTarget, Moved, Opened
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.dialogs import Ask, Option, Pick
from triage_tui.screens.pager import Pager
from triage_tui.screens.regrouping import RegroupFlow
from triage_tui.screens.samples import SamplesPaper
from triage_tui.sheets.campaigns import campaigns_sheet
from triage_tui.sheets.dead import dead_sheet, letter_sheet
from triage_tui.sheets.preview import preview
from triage_tui.sheets.queue import Moment, QueueSheet, header, layout, names
from triage_tui.view_state import SERVICE_LEVELS, Row, Tab, number
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.night import night_text
from triage_tui.widgets.rows import Rows
from triage_tui.widgets.tabs import Title, tabs_text

MANY = (
    Option("a", "all shown", "all"),
    Option("n", "none", "none"),
    Option("1", "all with this rule", "rule"),
)
EMPTY_SENTENCES = {
    Tab.OPEN: "nothing is open here",
    Tab.MINE: "nothing is assigned to you; A assigns",
    Tab.CLOSED: "nothing is closed or snoozed",
    Tab.BENIGN: "no benign groups",
    Tab.DEAD: "no dead letters: every document could be read",
    Tab.CAMPAIGNS: "no campaigns: nothing rare is shared by incidents",
}


class QueueScreen(WorkScreen):
    """The first screen."""

    PLACE = "q"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("q")]
    DEFAULT_CSS = """
    QueueScreen { layout: vertical; background: $background; }
    QueueScreen #night { background: $panel; }
    QueueScreen #run { display: none; background: $surface; }
    QueueScreen #run.shown { display: block; }
    QueueScreen #preview { height: 4; background: $surface; padding: 0 1; }
    QueueScreen #filter { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    QueueScreen #filter.shown { display: block; }
    QueueScreen #filter:focus { border: none; }
    QueueScreen #filter > .input--suggestion { color: $secondary; }
    QueueScreen #filter.wrong { color: $error; text-style: underline; }
    QueueScreen #message { background: $surface; }
    """

    def compose(self) -> ComposeResult:
        """Lay out the lines from top to bottom."""
        yield TextLine(id="night")
        yield TextLine(id="run")
        yield TextLine(id="tabs")
        yield TextLine(id="header")
        yield Rows(self.look, id="rows")
        yield Static("", id="preview", markup=False)
        yield Input(
            id="filter",
            placeholder='host:dc01 urgency:>60 -is:closed "free text"; right arrow completes',
            select_on_focus=False,
            suggester=FilterSuggester(lambda: self.desk.vocabulary),
        )
        yield TextLine(id="message")
        yield TextLine(id="footer")

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.query_one("#filter", Input).cursor_blink = False
        self.query_one(Rows).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Give the preview what the height allows."""
        self.query_one("#preview").styles.height = 4 if event.size.height < 30 else event.size.height * 3 // 10
        self.call_after_refresh(self.show)

    # --- drawing ----------------------------------------------------------------------------------------------------

    def _moment(self) -> Moment:
        started = self.desk.queue.snapshot.summary.get("started")
        levels = self.triage.preferences.levels() or SERVICE_LEVELS
        return Moment(
            self.desk.now(),
            datetime.fromisoformat(started) if started else None,
            levels,
            self.desk.queue.snapshot.calibration,
        )

    def action_samples(self) -> None:
        """Show the blind samples of what was judged benign."""
        self.app.push_screen(SamplesPaper(self.look))

    def show(self) -> None:
        """Draw everything anew; the cursor stays on its incident."""
        queue, look, moment = self.desk.queue, self.look, self._moment()
        rows = self.query_one(Rows)
        if queue.tab is Tab.DEAD:
            rows.show(lambda width: dead_sheet(queue.snapshot.dead_letters, look, width), rows.cursor)
        elif queue.tab is Tab.CAMPAIGNS:
            rows.show(lambda width: campaigns_sheet(queue.snapshot.campaigns, look, width), rows.cursor)
        else:
            sheet = QueueSheet(queue, look, rows.room, moment)
            rows.show(lambda width: QueueSheet(queue, look, width, moment), sheet.line_of(queue.position))
        self._show_lines()
        self.show_cursor()

    def _show_lines(self) -> None:
        queue, look, width = self.desk.queue, self.look, self.size.width
        self.query_one("#night", TextLine).tell(night_text(queue.snapshot, look, width))
        counts = queue.counts()
        titles = [Title(tab.title, f"{counts[tab]:,}") for tab in Tab]
        tail = self._tail()
        tabs = Text.assemble(tabs_text(titles, queue.tab, look, width - tail.cell_len), tail)
        self.query_one("#tabs", TextLine).tell(tabs)
        head = (
            header(layout(max(width - 2, 20), queue.columns), queue, look)
            if queue.tab.of_incidents
            else Text(" campaign" if queue.tab is Tab.CAMPAIGNS else " reason")
        )
        self.query_one("#header", TextLine).tell(head)
        if not self.query_one("#filter").has_focus:
            self.show_footer()

    def _tail(self) -> Text:
        """Return what narrows the view or the keys: selection, filter, read-only."""
        queue, look, text = self.desk.queue, self.look, Text(end="")
        if queue.selected:
            text.append(f"  {len(queue.selected):,} selected", look.styles.good)
        if queue.filter_text:
            text.append_text(Text.assemble(("  / ", look.styles.accent), look.text(queue.filter_text, 30), end=""))
        if self.desk.readonly:
            text.append("  read-only", look.styles.warn)
        return text

    def show_cursor(self) -> None:
        """Draw what depends on the cursor alone."""
        box = self.query_one("#preview", Static)
        queue = self.desk.queue
        if not queue.tab.of_incidents or not queue.rows:
            empty = not queue.counts()[queue.tab] or queue.tab.of_incidents
            filtered = "nothing here fits the filter; esc clears it"
            sentence = filtered if queue.filter_text else EMPTY_SENTENCES[queue.tab]
            box.update(Text(sentence if empty else "", style=self.look.styles.muted), layout=False)
            return
        height = int(box.styles.height.value) if box.styles.height else 4
        box.update(preview(queue.current, self.look, max(self.size.width - 2, 10), height), layout=False)

    @on(Moved)
    def _moved(self, event: Moved) -> None:
        if self.desk.queue.tab.of_incidents:
            self.desk.queue.move_to(self.query_one(Rows).sheet.line(event.line).item)
            self.show_cursor()

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        if self.desk.queue.tab is Tab.DEAD:
            self._open_letter()
        elif isinstance(event.target, CampaignTarget):
            self.triage.open_campaign(event.target.campaign_id)
        elif self.desk.queue.current:
            self.triage.open_incident(self.desk.queue.cursor)

    def _open_letter(self) -> None:
        """Show a document that could not be read, as much of it as was kept."""
        rows = self.query_one(Rows)
        letters = self.desk.queue.snapshot.dead_letters
        if letters:
            letter = letters[rows.sheet.line(rows.cursor).item]
            self.app.push_screen(Pager("Dead letter", lambda width: letter_sheet(letter, self.look, width), self.look))

    # --- selection --------------------------------------------------------------------------------------------------

    def action_select(self) -> None:
        """Select the cursor's incident and go on to the next."""
        self.desk.queue.toggle()
        self.desk.queue.move_to(self.desk.queue.position + 1)
        self.show()

    def action_regroup(self) -> None:
        """Show what would come of making the selected incidents one."""
        chosen = tuple(self.desk.queue.selected)
        if len(chosen) < 2:
            self.tell("select two or more with x to merge them; open one to split it", self.look.styles.warn)
            return
        RegroupFlow(self).merge(chosen)

    def regrouped(self, sentence: str) -> None:
        """The merged ones are not selected any more."""
        self.desk.queue.clear_selection()
        super().regrouped(sentence)

    def action_range(self) -> None:
        """Begin or end a range."""
        found = self.desk.queue.range()
        self.show()
        self.tell(f"{number(found)} selected" if found else "range begins here; move, then v again")

    def action_many(self) -> None:
        """Ask which ones to select."""
        self.app.push_screen(Pick("Select", MANY, self.look), self._many)

    def _many(self, which: str | None) -> None:
        queue = self.desk.queue
        if which == "all":
            queue.select_all()
        elif which == "none":
            queue.clear_selection()
        rule = queue.select_same_rule() if which == "rule" else ""
        self.show()
        if which:
            self.tell(f"{number(len(queue.selected))} selected{f' with rule {rule!r}' if rule else ''}")

    # --- view -------------------------------------------------------------------------------------------------------

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab."""
        self.desk.queue.show_tab(tab)
        self.show()

    def action_tab(self, steps: int) -> None:
        """Go some tabs further."""
        self.show_tab(Tab((self.desk.queue.tab + steps) % len(Tab)))

    def action_tab_number(self, at: int) -> None:
        """Go to a tab by its number."""
        if at <= len(Tab):
            self.show_tab(Tab(at - 1))

    def action_sort(self, steps: int) -> None:
        """Sort by another column."""
        self.desk.queue.sort_by(steps)
        self.show()
        self.tell(f"sorted by {self.desk.queue.sort.name}; = turns it round")

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.desk.queue.turn()
        self.show()

    def show_run(self, text: Text | None) -> None:
        """Show how far a run is, on a line of its own; None when there is none."""
        line = self.query_one("#run", TextLine)
        line.set_class(text is not None, "shown")
        if text is not None:
            line.tell(text)

    def action_run(self) -> None:
        """Ask what to read, and start a run."""
        if self.desk.readonly:
            self.tell("read-only: no run is started (started with --readonly)", self.look.styles.bad)
            return
        hint = "files, globs or an Elasticsearch URL; empty: as configured"
        self.app.push_screen(Ask("Triage new alerts of:", self.look, hint=hint), self._run_over)

    def _run_over(self, sources: str | None) -> None:
        if sources is not None:
            self.triage.start_run(sources)

    def action_cancel_run(self) -> None:
        """Stop the run."""
        self.triage.cancel_run()

    def action_group(self) -> None:
        """Group by the next thing."""
        name = self.desk.queue.next_group()
        self.show()
        self.tell(f"grouped by {name}; t for the next" if name else "not grouped")

    def action_columns(self) -> None:
        """Ask which columns to show."""
        shown = " ".join(self.desk.queue.columns or names())
        self.app.push_screen(Ask("Columns, from the left (empty: those that fit):", self.look, shown), self._columns)

    def _columns(self, text: str | None) -> None:
        if text is not None:
            self.triage.command(f"columns {text}")

    def action_views(self) -> None:
        """Ask which saved view to show."""
        found = list(self.triage.views())[:9]
        if not found:
            self.tell("no view is saved yet; :save NAME keeps what is shown")
            return
        options = [Option(str(at), name, name) for at, name in enumerate(found, start=1)]
        self.app.push_screen(Pick("Show the view", options, self.look), self._view)

    def _view(self, name: str | None) -> None:
        if name is not None:
            self.triage.show_view(name)

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.add_class("shown")
        line.value = self.desk.queue.filter_text
        line.cursor_position = len(line.value)
        self.set_focus(line)  # at once: the next keys may be waiting already
        hint = Text(" right arrow completes   Enter keeps   esc clears", style=self.look.styles.muted)
        self.query_one("#footer", TextLine).tell(hint)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.apply_filter(event.value)

    def apply_filter(self, text: str) -> None:
        """Filter by a text, or say why it cannot be read."""
        queue = self.desk.queue
        good = queue.set_filter(text, self.desk.port.filter)
        self.query_one("#filter").set_class(not good, "wrong")
        self.show()
        if good:
            unread = f"; {queue.unread:,} are still being read" if text and queue.unread else ""
            self.tell(f"{number(len(queue.rows))} shown{unread}" if text else "")
        else:
            self.tell(f"not a filter yet: {queue.filter_error}", self.look.styles.warn)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self.query_one("#filter").remove_class("shown")
        self.query_one(Rows).focus()
        self.show_footer()

    def action_back(self) -> None:
        """Close the filter line, else clear selection, else clear the filter."""
        queue = self.desk.queue
        if queue.selected or queue.range_from:
            queue.clear_selection()
            self.show()
        elif queue.filter_text or self.query_one("#filter").has_class("shown"):
            self.apply_filter("")
        self._filter_kept()

    def rows_to_export(self) -> list[Row]:
        """Return the selection, else everything in view."""
        return self.rows_to_take() if self.desk.queue.selected else self.desk.queue.rows

    async def action_leave(self) -> None:
        """Quit."""
        self.triage.leave()

    def decided(self) -> None:
        """Draw the queue after a decision; the cursor is on the next one."""
        self.show()

    def tell_live(self, sentence: str) -> None:
        """Tell what changed while the screen was open."""
        self.show()
        self.tell(sentence, self.look.styles.accent)

    def on_screen_resume(self, _: Any) -> None:  # noqa: ANN401 - Textual's event
        """Draw what was decided in an incident."""
        if self.is_mounted and self.size.width:
            self.show()
