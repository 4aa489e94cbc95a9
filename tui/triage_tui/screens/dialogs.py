"""Small dialogs at the foot of the screen: pick by a single key, or type a line."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from triage_tui.look import Look


class Option(NamedTuple):
    """What one key stands for."""

    key: str
    label: str
    value: str


class Pick(ModalScreen[str | None]):
    """Waits for one key. Gives the option's value, or None for any other key."""

    DEFAULT_CSS = """
    Pick { align: left bottom; background: $background 0%; }
    Pick Static { width: 1fr; height: auto; background: $panel; padding: 0 1; border-top: solid $primary; }
    Pick.ascii Static { border-top: ascii $primary; }
    """

    def __init__(self, title: str, options: Sequence[Option], look: Look) -> None:
        super().__init__(classes="ascii" if look.plain else "")
        self._title = title
        self._options = options
        self._look = look

    def compose(self) -> ComposeResult:
        """Show the question and the keys."""
        styles = self._look.styles
        parts: list[Text | str] = [Text(self._look.clean(self._title, 200), style=styles.strong), "\n"]
        for option in (one for one in self._options if one.label):
            parts += [Text(f" {option.key} ", style=f"bold {styles.accent}"), Text(f"{option.label}   ")]
        parts.append(Text("esc not now", style=styles.muted))
        yield Static(Text.assemble(*parts), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Take the key, whatever it is."""
        event.stop()
        event.prevent_default()
        self.choose(event)

    def choose(self, event: events.Key) -> None:
        """Answer with what a key stands for."""
        found = [option for option in self._options if option.key in {event.key, event.character}]
        self.call_later(self._answer, found[0].value if found else None)

    def _answer(self, value: str | None) -> None:
        self.dismiss(value)  # not awaited: a screen cannot wait for its own end


class Ask(ModalScreen[str | None]):
    """Asks for one line. Gives None when it was given up."""

    DEFAULT_CSS = """
    Ask { align: left bottom; background: $background 0%; }
    Ask Vertical { height: auto; background: $panel; padding: 0 1; border-top: solid $primary; }
    Ask.ascii Vertical { border-top: ascii $primary; }
    Ask Static { height: auto; }
    Ask Input { border: none; height: 1; padding: 0; background: $panel; }
    Ask Input:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "not now", show=False)]

    def __init__(self, title: str, look: Look, value: str = "", hint: str = "") -> None:
        super().__init__(classes="ascii" if look.plain else "")
        self._title = title
        self._look = look
        self._value = value
        self._hint = hint
        self._ahead = ""

    def compose(self) -> ComposeResult:
        """Show the question above the line."""
        with Vertical():
            yield Static(Text(self._look.clean(self._title, 300), style=self._look.styles.strong), markup=False)
            yield Input(self._value, placeholder=self._hint, select_on_focus=False, max_length=10_000)

    def type_ahead(self, character: str) -> None:
        """Take what was typed before the line was there."""
        self._ahead += character

    def on_mount(self) -> None:
        """Be ready to type."""
        self.query_one(Input).insert_text_at_cursor(self._ahead)
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
