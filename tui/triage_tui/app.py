"""The terminal UI: opens the screens, polls the state, and carries out commands."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.filter import Monochrome
from textual.screen import Screen
from textual.widgets import Input

from triage.attack import TechniqueTable, load_techniques
from triage.errors import TriageError
from triage_tui.desk import Desk
from triage_tui.look import Look
from triage_tui.memory import Memory
from triage_tui.port import SessionPort
from triage_tui.screens.base import WorkScreen
from triage_tui.screens.dialogs import Ask, Pick
from triage_tui.screens.incident import IncidentScreen
from triage_tui.screens.pager import Tour
from triage_tui.screens.queue import QueueScreen
from triage_tui.taking import FORMS, copied, export, write_copy
from triage_tui.themes import THEMES, look
from triage_tui.view_state import Tab

POLL_SECONDS = 2.0
COMMANDS = {"open": Tab.OPEN, "mine": Tab.MINE, "closed": Tab.CLOSED, "benign": Tab.BENIGN, "dead": Tab.DEAD}


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
    ) -> None:
        super().__init__()
        self.desk = Desk(port, me, now, readonly=readonly)
        self.memory = memory or Memory()
        self._ascii = ascii_only
        self._folder = folder or Path.cwd()
        self._poll = poll
        self.look: Look = look(theme, ascii_only=ascii_only)
        for named in THEMES.values():
            self.register_theme(named.theme)
        self.use_theme(theme)

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
        """Show the queue at once, then read the state."""
        self.push_screen(QueueScreen())
        if not self.memory.tour_seen():
            self.push_screen(Tour(self.look), self._tour_ended)
        self.call_after_refresh(self._first_load)
        if self._poll:
            self.set_interval(self._poll, self._poll_state)

    def _tour_ended(self, _: None) -> None:
        self.memory.remember_tour()

    def _first_load(self) -> None:
        try:
            self.desk.load()
        except TriageError as error:
            self._queue_screen().tell_error(error)
            return
        self._queue_screen().show()

    def _queue_screen(self) -> QueueScreen:
        return next(screen for screen in self.screen_stack if isinstance(screen, QueueScreen))

    def _poll_state(self) -> None:
        """Look for a new run or somebody else's decision; never while a question is open."""
        screen = self.screen_stack[-1] if self.screen_stack else None  # none any more while the program ends
        if not isinstance(screen, QueueScreen | IncidentScreen):
            return
        try:
            sentence = self.desk.poll()
        except TriageError as error:
            screen.tell_error(error)
            return
        if sentence:
            screen.tell_live(sentence)

    # --- going places -----------------------------------------------------------------------------------------------

    def open_incident(self, incident_id: str) -> None:
        """Open an incident."""
        self.push_screen(IncidentScreen(incident_id))

    def filter_by(self, kind: str, value: str) -> None:
        """Show every open incident that names an entity."""
        while isinstance(self.screen, IncidentScreen):
            self.pop_screen()
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        self._queue_screen().apply_filter(f"entity:{quoted}" if kind else quoted)

    def command(self, text: str) -> None:
        """Carry out a line of the command line; the queue's screen says what was wrong with it."""
        word, _, rest = text.removeprefix(":").partition(" ")
        screen = self.screen
        if word in {"q", "quit"}:
            self.exit()
        elif word in COMMANDS:
            while isinstance(self.screen, IncidentScreen):
                self.pop_screen()
            self._queue_screen().show_tab(COMMANDS[word])
        elif word in {"incident", "i"}:
            self._open_named(rest.strip())
        elif word == "theme" and rest.strip() in THEMES:
            self.change_theme(rest.strip())
        elif isinstance(screen, WorkScreen):
            words = "q, open, mine, closed, benign, dead, incident ID, theme " + "|".join(THEMES)
            screen.tell(f"no command {word!r}; there are: {words}", self.look.styles.warn)

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
            yield SystemCommand("Export", "JSONL, CSV, Markdown, STIX", screen.action_export)
        yield SystemCommand("Quit", "leave the program", self.exit)

    # --- taking away ------------------------------------------------------------------------------------------------

    def copy_menu(self, screen: WorkScreen) -> None:
        """Ask in which form, and copy."""
        rows = screen.rows_to_take()
        if rows:
            self.push_screen(Pick("Copy", FORMS, self.look), lambda form: self._copy(screen, form))

    def _copy(self, screen: WorkScreen, form: str | None) -> None:
        if form is None:
            return
        text = copied(screen.rows_to_take(), form)
        self.copy_to_clipboard(text)
        try:
            path = write_copy(text, self.memory.folder)
        except OSError as error:
            screen.tell(f"copied to the terminal's clipboard only: {error}", self.look.styles.warn)
            return
        screen.tell(f"copied {text.count(chr(10)) + 1:,} lines, also in {path}", self.look.styles.good)

    def export(self, screen: WorkScreen) -> None:
        """Write the selection, or everything in view, in all formats."""
        try:
            sentence = export(screen.rows_to_export(), self._folder, self.desk.now())
        except OSError as error:
            screen.tell(f"could not write: {error}", self.look.styles.bad)
            return
        screen.tell(sentence, self.look.styles.good)
