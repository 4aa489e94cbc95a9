"""The terminal UI: opens the screens, polls the state, and carries out commands."""

import gc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import App, SystemCommand
from textual.filter import Monochrome
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState, get_current_worker

from triage.attack import TechniqueTable, load_techniques
from triage.desk.pivots import Question, Slice
from triage.errors import TriageError, UsageError
from triage_tui.desk import Desk, Loaded
from triage_tui.keys import known_names
from triage_tui.look import Look
from triage_tui.memory import Memory
from triage_tui.port import SessionPort
from triage_tui.preferences import Preferences, View
from triage_tui.running import Running
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.campaign import CampaignPaper
from triage_tui.screens.dialogs import Ask, Pick
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.pager import Tour
from triage_tui.screens.queue import QueueScreen
from triage_tui.screens.samples import SamplesPaper
from triage_tui.sheets.queue import names
from triage_tui.taking import FORMS, copied, export, write_copy
from triage_tui.themes import THEMES, look
from triage_tui.view_state import Row, Tab

if TYPE_CHECKING:
    from triage.desk.takeaway import Item

POLL_SECONDS = 2.0
SWITCH_SECONDS = 0.001
"""After which a thread in the background lets go of the interpreter when the screen wants it."""
COMMANDS = {
    "open": Tab.OPEN,
    "mine": Tab.MINE,
    "closed": Tab.CLOSED,
    "benign": Tab.BENIGN,
    "dead": Tab.DEAD,
    "campaigns": Tab.CAMPAIGNS,
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _bounds(question: Question) -> str:
    since = f" from {question.since:%Y-%m-%d %H:%M}" if question.since else ""
    return since + (f" until {question.until:%Y-%m-%d %H:%M}" if question.until else "")


class TriageApp(App[None]):
    """Works a queue of incidents by keyboard."""

    TITLE = "triage"
    CSS = "Screen { layers: base; }"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar = []

    def __init__(  # noqa: PLR0913 - everything a test wants to hold still
        self,
        port: SessionPort,
        me: str,
        *,
        now: Callable[[], datetime] = _utc_now,
        readonly: bool = False,
        ascii_only: bool = False,
        theme: str = "dark",
        memory: Memory | None = None,
        folder: Path | None = None,
        poll: float = POLL_SECONDS,
        preferences: Preferences | None = None,
        run_command: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.preferences = preferences or Preferences()
        self._runs = Running(self, run_command)
        self.desk = Desk(port, me, now, readonly=readonly)
        self.turning: list[bool] | None = None
        """Undo (False) and redo (True) that wait for one that takes a while; None where none does."""
        self.memory = memory or Memory()
        self._ascii = ascii_only
        self._folder = folder or Path.cwd()
        self._poll = poll
        self._apply_preferences()
        self.look: Look = look(theme, ascii_only=ascii_only)
        for named in THEMES.values():
            self.register_theme(named.theme)
        self.use_theme(theme)

    def _apply_preferences(self) -> None:
        """Take over keys, columns and order. Raises UsageError for a name that is not known."""
        chosen, queue = self.preferences, self.desk.queue
        for name in chosen.keys:
            if name not in known_names():
                raise UsageError(
                    f"tui.toml: keys: {name!r} is no action; there are: {', '.join(sorted(known_names()))}"
                )
        self.set_keymap(dict(chosen.keys))
        queue.show(View(columns=chosen.columns, sort=chosen.sort, group=chosen.group))

    @cached_property
    def techniques(self) -> TechniqueTable:
        """Return the ATT&CK table, read when it is first needed."""
        return load_techniques()

    def use_theme(self, name: str) -> None:
        """Change the colours; KeyError for an unknown name."""
        self.look = look(name, ascii_only=self._ascii)
        self.theme = THEMES[name].theme.name
        if name == "no-colour" and not any(isinstance(one, Monochrome) for one in self._filters):
            self._filters.append(Monochrome())

    def on_key(self, event: events.Key) -> None:
        """Give a key that was typed ahead to the question or line that opened meanwhile.

        A question and a line stop the keys that reach them, so one that arrives here was sent to what lies below.
        """
        screen, line = self.screen, self.focused
        if isinstance(screen, Pick):
            event.prevent_default()
            screen.choose(event)
        elif event.is_printable and event.character and isinstance(line, Input):
            event.prevent_default()
            line.insert_text_at_cursor(event.character)
        elif event.is_printable and event.character and isinstance(screen, Ask):
            event.prevent_default()
            screen.type_ahead(event.character)

    # --- start and poll ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Read what the queue shows and show it; all else is read meanwhile."""
        failed = self._first_load()
        self.push_screen(QueueScreen())
        if failed:
            self.call_after_refresh(self._tell_error, failed)
        if not self.memory.tour_seen():
            self.push_screen(Tour(self.look), self._tour_ended)
        self.call_after_refresh(self._started)
        if self._poll:
            self.set_interval(self._poll, self._poll_state)

    def _started(self) -> None:
        """Go on with what can wait until something is on the screen."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self.read_ahead()

    def _tour_ended(self, _: None) -> None:
        self.memory.remember_tour()

    def _first_load(self) -> TriageError | None:
        try:
            self.desk.load()
        except TriageError as error:
            return error
        return None

    def _tell_error(self, error: TriageError) -> None:
        self.queue_screen().tell_error(error)

    def queue_screen(self) -> QueueScreen:
        """Return the first screen, whatever lies above it."""
        return next(screen for screen in self.screen_stack if isinstance(screen, QueueScreen))

    @work(thread=True, exclusive=True, exit_on_error=False, group="read ahead")
    def read_ahead(self) -> None:
        """Read the bodies of all incidents, then filter again with what is known now."""
        worker = get_current_worker()
        gc.disable()  # many objects are made and nearly all stay; collecting among them would hold up the keys
        try:
            self.desk.read_ahead(lambda: worker.is_cancelled)
        except TriageError as error:
            self.call_from_thread(self._tell_error, error)
            return
        finally:
            gc.freeze()  # what is here now stays: no collection has to look at it again
            gc.enable()
        if not worker.is_cancelled:
            self.call_from_thread(self._read_all)

    def _read_all(self) -> None:
        queue = self.desk.queue
        if queue.filter or queue.needs_bodies:
            queue.refresh()
        if self.queue_screen().drawable:
            self.queue_screen().show()

    def _poll_state(self) -> None:
        """Look for a new run or somebody else's decision; never while a question is open."""
        if isinstance(self._working_screen(), WorkScreen):
            self.look_for_news()

    @work(thread=True, exclusive=True, exit_on_error=False, group="poll")
    def look_for_news(self) -> None:
        """Read anew, in a thread, what a run or somebody else changed."""
        try:
            loaded = self.desk.news()
        except TriageError as error:
            self.call_from_thread(self._tell_error, error)
            return
        if loaded is not None:
            self.call_from_thread(self._take_news, loaded)

    @on(Worker.StateChanged)
    def _worker_failed(self, event: Worker.StateChanged) -> None:
        """Say that something in the background failed; what is shown stays, and so does the session."""
        screen = self._working_screen()
        if event.state is WorkerState.ERROR and screen is not None:
            error = event.worker.error
            screen.tell(f"{event.worker.group} failed: {type(error).__name__}: {error}", self.look.styles.bad)

    def _take_news(self, loaded: Loaded) -> None:
        screen = self._working_screen()
        if screen is None:
            return
        sentence = self.desk.take(loaded)
        if sentence:
            screen.tell_live(sentence)
            self.read_ahead()

    def _working_screen(self) -> QueueScreen | IncidentScreen | None:
        """Return the screen that may be drawn anew now; None while a question is open or the program ends."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        return screen if isinstance(screen, QueueScreen | IncidentScreen) and screen.drawable else None

    # --- going places -----------------------------------------------------------------------------------------------

    def open_incident(self, incident_id: str) -> None:
        """Open an incident."""
        self.push_screen(IncidentScreen(incident_id))

    def open_campaign(self, campaign_id: str) -> None:
        """Open a campaign."""
        found = next((one for one in self.desk.queue.snapshot.campaigns if one.campaign_id == campaign_id), None)
        if found is not None:
            self.push_screen(CampaignPaper(found, self.look))

    @property
    def folder(self) -> Path:
        """Return the folder that files are written to."""
        return self._folder

    def filter_by(self, kind: str, value: str) -> None:
        """Show every open incident that names an entity."""
        self._to_queue()
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        self.queue_screen().apply_filter(f"entity:{quoted}" if kind else quoted)

    def command(self, text: str) -> None:
        """Carry out a line of the command line; the screen says what was wrong with it."""
        word, _, rest = text.removeprefix(":").partition(" ")
        rest = rest.strip()
        if word in COMMANDS:
            self._to_queue().show_tab(COMMANDS[word])
            return
        acts: Mapping[str, Callable[[], object]] = {
            "q": self.leave,
            "quit": self.leave,
            "incident": lambda: self._open_named(rest),
            "i": lambda: self._open_named(rest),
            "seen": lambda: self.look_up(Question("entity", rest)),
            "view": lambda: self.show_view(rest),
            "save": lambda: self._save_view(rest),
            "columns": lambda: self._choose_columns(rest),
            "group": lambda: self._show(View(group=rest)),
            "samples": lambda: self.push_screen(SamplesPaper(self.look)),
            "run": lambda: self.start_run(rest),
            "cancel": self.cancel_run,
            "theme": lambda: self.change_theme(rest),
        }
        if word not in acts or (word == "theme" and rest not in THEMES):
            words = f"{', '.join(COMMANDS)}, samples, incident ID, seen VALUE, view NAME, save NAME, columns NAMES"
            self.say(f"no command {word!r}; there are: q, {words}, group NAME, run, cancel, theme {'|'.join(THEMES)}")
            return
        try:
            acts[word]()
        except TriageError as error:
            self.say(str(error))

    def say(self, sentence: str) -> None:
        """Tell something on the screen in front, where it has a line for that."""
        if isinstance(self.screen, WorkScreen):
            self.screen.tell(sentence, self.look.styles.warn)

    def _to_queue(self) -> QueueScreen:
        """Leave whatever is above the queue."""
        while not isinstance(self.screen, QueueScreen) and len(self.screen_stack) > 1:
            self.pop_screen()
        return self.queue_screen()

    # --- views ------------------------------------------------------------------------------------------------------

    def views(self) -> Mapping[str, View]:
        """Return the views of the preferences and those that were saved here."""
        return {**self.preferences.views, **self.memory.views()}

    def show_view(self, name: str) -> None:
        """Show a view by its name."""
        found = self.views().get(name)
        if found is None:
            self.say(f"no view {name!r}; there are: {', '.join(self.views()) or 'none yet, :save NAME keeps one'}")
            return
        screen = self._to_queue()
        try:
            self.desk.queue.show(found)
            if found.tab:
                self.desk.queue.show_tab(COMMANDS[found.tab])
        except (UsageError, KeyError) as error:
            self.say(f"view {name!r}: {error}")
        screen.apply_filter(found.filter)

    def _show(self, view: View) -> None:
        self.desk.queue.show(view)
        self._to_queue().show()

    def _choose_columns(self, text: str) -> None:
        chosen = tuple(text.split())
        unknown = [name for name in chosen if name not in names()]
        if unknown:
            raise UsageError(f"no column {unknown[0]!r}; there are: {' '.join(names())}")
        self.desk.queue.columns = () if chosen == names() else chosen
        self._to_queue().show()

    def _save_view(self, name: str) -> None:
        if not name:
            raise UsageError("a view needs a name: save NAME")
        queue = self.desk.queue
        tab = next(word for word, tab in COMMANDS.items() if tab is queue.tab)
        self.memory.save_view(name, queue.view(tab))
        self.say(f"view {name!r} is kept; V or :view {name} shows it")

    # --- looking further --------------------------------------------------------------------------------------------

    def pivot(self, title: str, load: Callable[[], Slice]) -> None:
        """Show the fields of some alerts, which are read in the background."""
        from triage_tui.screens.pivot import PivotScreen

        self.push_screen(PivotScreen(title, load))

    def look_up(self, question: Question, explanation: str = "") -> None:
        """Show whether, when and where something was seen in all that is stored."""
        from triage_tui.screens.pivot import PivotScreen

        if not question.value:
            self.say("seen needs a value: seen 203.0.113.7")
            return
        title = f"{question.field}:{question.value}" + _bounds(question)
        load = partial(self.desk.port.archive.ask, question)
        self.push_screen(PivotScreen(title, load, "seen", explanation))

    # --- a run ------------------------------------------------------------------------------------------------------

    def start_run(self, sources: str) -> None:
        """Start a run over what was typed; '' = as configured."""
        self._runs.start(sources)

    def cancel_run(self) -> None:
        """Interrupt the run; the same one goes on later where it stopped."""
        self._runs.cancel()

    def leave(self) -> None:
        """End the program; every way out comes here, so that no run is stopped or left behind unasked."""
        self._runs.leave()

    async def action_quit(self) -> None:
        """End the program."""
        self.leave()

    def on_unmount(self) -> None:
        """Stop a run that was started here: nothing goes on unseen."""
        self._runs.stop()

    def _open_named(self, name: str) -> None:
        row = self.desk.queue.find(name)
        if row is not None:
            if any(candidate.id == row.id for candidate in self.desk.queue.rows):
                self.desk.queue.cursor = row.id
            self.open_incident(row.id)
        elif isinstance(self.screen, WorkScreen):
            self.screen.tell(f"no incident {name!r}, or more than one begins like this", self.look.styles.warn)

    def change_theme(self, name: str) -> None:
        """Change the theme and draw everything anew."""
        self.use_theme(name)
        for screen in self.screen_stack:
            if isinstance(screen, WorkScreen):
                screen.change_look()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer tabs, themes and the actions of the screen in the command palette."""
        for word, tab in COMMANDS.items():
            yield SystemCommand(f"Show {tab.title}", "a tab of the queue", lambda word=word: self.command(word))
        for name in THEMES:
            yield SystemCommand(f"Theme {name}", "colours", lambda name=name: self.change_theme(name))
        if isinstance(screen, WorkScreen):
            yield SystemCommand("Keys", "what works here", screen.action_help)
            yield SystemCommand("Log", "what was decided", screen.action_log)
            yield SystemCommand("Export", "JSONL, CSV, Markdown, HTML, STIX", screen.action_export)
            yield SystemCommand("Fields", "how often each value occurs", screen.action_pivot)
        for name in self.views():
            yield SystemCommand(f"View {name}", "a saved view", lambda name=name: self.show_view(name))
        yield SystemCommand("Quit", "leave the program", self.leave)

    # --- taking away ------------------------------------------------------------------------------------------------

    def copy_menu(self, screen: WorkScreen) -> None:
        """Ask in which form, and copy."""
        rows = screen.rows_to_take()
        if rows:
            self.push_screen(Pick("Copy", FORMS, self.look), lambda form: self._copy(screen, form))

    def _copy(self, screen: WorkScreen, form: str | None) -> None:
        if form is None:
            return
        text = copied(self.items(screen.rows_to_take()), form)
        self.copy_to_clipboard(text)
        try:
            path = write_copy(text, self.memory.folder)
        except OSError as error:
            screen.tell(f"copied to the terminal's clipboard only: {error}", self.look.styles.warn)
            return
        screen.tell(f"copied {text.count(chr(10)) + 1:,} lines, also in {path}", self.look.styles.good)

    def items(self, rows: Sequence[Row]) -> "list[Item]":
        """Return rows as what is taken away."""
        from triage.desk.takeaway import Item  # reports and their parts are not wanted before

        return [Item(one, row.status) for one, row in zip(self.desk.whole(rows), rows, strict=True)]

    def export(self, screen: WorkScreen) -> None:
        """Write the selection, or everything in view, in all formats."""
        try:
            sentence = export(self.items(screen.rows_to_export()), self._folder, self.desk.now())
        except OSError as error:
            screen.tell(f"could not write: {error}", self.look.styles.bad)
            return
        screen.tell(sentence, self.look.styles.good)
