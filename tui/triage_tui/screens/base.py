"""What the queue and the incident share: deciding, copying, the log, help and the command line."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.app import SuspendNotSupported
from textual.screen import Screen

from triage.desk.decisions import Kind, Step
from triage.errors import TriageError
from triage_tui.desk import Desk
from triage_tui.look import Look
from triage_tui.outside import EditorError, edited, page
from triage_tui.screens.dialogs import Ask, Option, Pick
from triage_tui.screens.pager import Pager
from triage_tui.screens.paper import in_background
from triage_tui.sheets.guide import help_sheet, log_sheet
from triage_tui.view_state import Row, number
from triage_tui.widgets.footer import footer_text
from triage_tui.widgets.line import TextLine
from triage_tui.widgets.rows import Rows

if TYPE_CHECKING:
    from triage_tui.app import TriageApp

REASONS = (
    Option("t", "true positive", "true_positive"),
    Option("b", "benign true positive", "benign_true_positive"),
    Option("f", "false positive", "false_positive"),
    Option("d", "duplicate", "duplicate"),
)
NOTED = Option("capital", "with a note", "")
SNOOZES = (
    Option("1", "1 hour", "1"),
    Option("4", "4 hours", "4"),
    Option("8", "8 hours", "8"),
    Option("d", "1 day", "24"),
    Option("w", "1 week", "168"),
)


class WorkScreen(Screen[None]):
    """A screen on which incidents are decided on."""

    PLACE: ClassVar[str] = ""

    @property
    def triage(self) -> "TriageApp":
        """Return the app with its own type."""
        return cast("TriageApp", self.app)

    @property
    def desk(self) -> Desk:
        """Return the desk."""
        return self.triage.desk

    @property
    def look(self) -> Look:
        """Return how things look."""
        return self.triage.look

    @property
    def drawable(self) -> bool:
        """True between the first drawing and the end of the program, which workers may outlive."""
        return bool(self.query("#message"))

    def targets(self) -> tuple[str, ...]:
        """Return the incidents an action works on."""
        return self.desk.queue.targets()

    def show(self) -> None:
        """Draw everything anew."""
        raise NotImplementedError

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, sentence: str, style: str = "") -> None:
        """Show a sentence on the message line."""
        self.query_one("#message", TextLine).tell(Text.assemble(" ", self.look.text(sentence, 400, style)))

    def tell_error(self, error: Exception) -> None:
        """Show what went wrong; the session goes on."""
        self.tell(str(error), self.look.styles.bad)

    def show_footer(self) -> None:
        """Show the main keys."""
        line, chosen = self.query_one("#footer", TextLine), self.triage.preferences.keys
        line.tell(footer_text(self.PLACE, self.look, self.size.width, chosen, readonly=self.desk.readonly))

    # --- deciding ---------------------------------------------------------------------------------------------------

    def attempt(self, act: Callable[[], str], *, undo: bool = True) -> None:
        """Do something with the state and tell what was done, or why it was not."""
        try:
            sentence = act()
        except TriageError as error:
            self.tell_error(error)
            return
        self.decided()
        self.tell(f"{sentence}{'   z undoes it' if undo else ''}", self.look.styles.good)

    def decided(self) -> None:
        """Draw what a decision changed."""
        self.show()

    def decide(self, kind: Kind, **values: Any) -> None:  # noqa: ANN401 - fields of a decision
        """Make a decision on this screen's targets."""
        targets = self.targets()
        self.attempt(lambda: self.desk.decide(kind, targets, **values))

    def _may(self) -> bool:
        """Tell whether a decision can be made here at all, and say so if not."""
        if self.desk.readonly:
            self.tell("read-only: decisions are switched off (started with --readonly)", self.look.styles.bad)
        elif not self.targets():
            self.tell("there is no incident here to decide on", self.look.styles.warn)
        return not self.desk.readonly and bool(self.targets())

    def _what(self) -> str:
        """Return what an action is about: its count, or its title."""
        targets = self.targets()
        row = self.desk.queue.row(targets[0])
        return (
            number(len(targets)) if len(targets) > 1 or row is None else f"'{self.look.clean(row.incident.title, 60)}'"
        )

    def regrouped(self, sentence: str) -> None:
        """Draw what a regrouping made of the queue, and tell it."""
        self.show()
        self.tell(f"{sentence}   z undoes it", self.look.styles.good)

    def action_close(self) -> None:
        """Ask for the reason and close."""
        if not self._may():
            return
        own = self.triage.preferences.reasons.items()
        reasons = (*REASONS, *(Option(key, word.replace("_", " "), word) for key, word in own), NOTED)
        noted = tuple(Option(one.key.upper(), "", "note:" + one.value) for one in reasons if one.value)
        self.app.push_screen(Pick(f"Close {self._what()} as", (*reasons, *noted), self.look), self._reason_given)

    def _reason_given(self, reason: str | None) -> None:
        if reason is None:
            return
        if not reason.startswith("note:"):
            self.decide("close", reason=reason)
            return
        word = reason.removeprefix("note:")
        title = f"Close {self._what()} as {word.replace('_', ' ')}. Note:"
        self.app.push_screen(Ask(title, self.look), lambda text: self._close_with(word, text))

    def _close_with(self, reason: str, text: str | None) -> None:
        if text is not None:
            self.decide("close", reason=reason, text=text)

    def action_acknowledge(self) -> None:
        """Acknowledge."""
        if self._may():
            self.decide("acknowledge")

    def action_escalate(self) -> None:
        """Escalate."""
        if self._may():
            self.decide("escalate")

    def action_reopen(self) -> None:
        """Open again."""
        if self._may():
            self.decide("reopen")

    def action_assign(self) -> None:
        """Ask to whom, and assign."""
        if self._may():
            ask = Ask(f"Assign {self._what()} to (empty gives it back):", self.look, self.desk.queue.me)
            self.app.push_screen(ask, self._assigned)

    def _assigned(self, name: str | None) -> None:
        if name is not None:
            self.decide("assign", assignee=name.strip())

    def action_snooze(self) -> None:
        """Ask for how long, and snooze."""
        if self._may():
            self.app.push_screen(Pick(f"Snooze {self._what()} for", SNOOZES, self.look), self._snoozed)

    def _snoozed(self, hours: str | None) -> None:
        if hours is not None:
            self.decide("snooze", until=self.desk.now() + timedelta(hours=int(hours)))

    def action_note(self) -> None:
        """Ask for a note and keep it."""
        if self._may():
            self.app.push_screen(Ask(f"Note on {self._what()}:", self.look), self._noted)

    def action_pivot(self) -> None:
        """Count the values of all fields."""
        self.triage.pivot("this night", self.desk.port.archive.night)

    def _noted(self, text: str | None) -> None:
        if text is not None and text.strip():
            self.decide("note", text=text)

    def action_undo(self) -> None:
        """Take back the last decision."""
        self.turn(redo=False)

    def action_redo(self) -> None:
        """Make it again."""
        self.turn(redo=True)

    def turn(self, *, redo: bool) -> None:
        """Undo or redo; where that takes a while, in a thread, one after the other."""
        if self.triage.turning is not None:
            self.triage.turning.append(redo)
        elif self.desk.readonly or not self.desk.turns_slowly(redo=redo):
            self.attempt(self.desk.redo if redo else self.desk.undo, undo=redo)
        else:
            self.triage.turning = []
            self.tell("judging anew what was regrouped")
            in_background(
                self,
                "turn",
                lambda: self.desk.turn(redo=redo),
                lambda step: self._turned(step, redo=redo),
                self._not_turned,
            )

    def _turned(self, step: Step | None, *, redo: bool) -> None:
        self._in_front().attempt(lambda: self.desk.turned(step, redo=redo), undo=redo)
        self._turn_next()

    def _not_turned(self, error: TriageError) -> None:
        self._in_front().tell_error(error)
        self._turn_next()

    def _turn_next(self) -> None:
        waiting, self.triage.turning = self.triage.turning or [], None
        for redo in waiting:
            self._in_front().turn(redo=redo)

    def _in_front(self) -> "WorkScreen":
        """Return the screen of this kind that is seen now; this one may have been left."""
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, WorkScreen))

    # --- looking ----------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys that work here."""
        chosen = self.triage.preferences.keys
        self.app.push_screen(
            Pager("Keys that work here", lambda width: help_sheet(self.PLACE, chosen, self.look, width), self.look)
        )

    def action_log(self) -> None:
        """Show what was decided."""
        steps = self.desk.port.log(500)
        self.app.push_screen(
            Pager("Decisions, newest first", lambda width: log_sheet(steps, self.look, width), self.look)
        )

    def action_command(self) -> None:
        """Ask for a command."""
        hint = (
            "q  open  mine  closed  benign  dead  incident ID  seen VALUE  view NAME  save NAME  run SOURCE  theme NAME"
        )
        self.app.push_screen(Ask("Command:", self.look, hint=hint), self._commanded)

    def _commanded(self, text: str | None) -> None:
        if text and text.strip():
            self.triage.command(text.strip())

    def rows_to_take(self) -> list[Row]:
        """Return the rows that copying and exporting work on."""
        found = (self.desk.queue.row(name) for name in self.targets())
        return [row for row in found if row is not None]

    def rows_to_export(self) -> list[Row]:
        """Return the rows a file is to hold."""
        return self.rows_to_take()

    def change_look(self) -> None:
        """Draw everything with another theme."""
        for rows in self.query(Rows):
            rows.set_look(self.look)
        self.show()

    def document(self) -> str:
        """Return what the pager is to show."""
        from triage.desk.takeaway import copy

        items = self.triage.items(self.rows_to_take())
        return "\n".join(copy(item, "markdown") for item in items)

    def action_pager(self) -> None:
        """Read in $PAGER."""
        if text := self.document():
            self._outside(lambda: page(text))

    def action_note_in_editor(self) -> None:
        """Write a note in $EDITOR and keep it."""
        if self._may():
            self._outside(lambda: self._noted(edited(f"\n# Note on {self._what()}. Lines that begin with # go.\n")))

    def _outside(self, act: Callable[[], None]) -> None:
        """Leave the terminal to another program for a while."""
        try:
            with self.app.suspend():
                act()
        except EditorError as error:
            self.tell_error(error)
        except (SuspendNotSupported, OSError) as error:
            self.tell(f"another program cannot be started here: {error}", self.look.styles.warn)

    def action_copy(self) -> None:
        """Show the copy menu."""
        self.triage.copy_menu(self)

    def action_export(self) -> None:
        """Write what is shown to files."""
        self.triage.export(self)
