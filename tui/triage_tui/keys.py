"""The key map as data: bindings, footer and help are all made from it, so that they cannot differ."""

from collections.abc import Iterator
from typing import NamedTuple

from textual.binding import Binding


class Key(NamedTuple):
    """One thing a key does."""

    keys: str
    """As Textual names them, comma-separated."""
    shown: str
    """As the footer and the help print it."""
    action: str
    label: str
    """One or two words, for the footer."""
    help: str
    places: str
    """Where it is valid: q(ueue), i(ncident), r(ows), comma-free."""
    main: bool = False
    """Shown in the footer."""


KEYS = (
    Key("j,down", "j", "down", "down", "next line", "r"),
    Key("k,up", "k", "up", "up", "line before", "r"),
    Key("g,home", "g", "first", "first", "first line", "r"),
    Key("G,end", "G", "last", "last", "last line", "r"),
    Key("ctrl+d,pagedown", "^d", "page(1)", "page", "page down", "r"),
    Key("ctrl+u,pageup", "^u", "page(-1)", "page", "page up", "r"),
    Key(
        "enter,o",
        "o",
        "open",
        "open",
        "open what the cursor is on; in an incident: follow a citation, see documents",
        "r",
        main=True,
    ),
    Key("escape", "esc", "back", "back", "back; clears selection and filter in the queue", "qi"),
    Key("q", "q", "leave", "quit", "back to the queue; from there: quit", "qi"),
    Key(
        "e",
        "e",
        "close",
        "close",
        "close; then t true positive, b benign true positive, f false positive, d duplicate; "
        "a capital letter asks for a note as well",
        "qi",
        main=True,
    ),
    Key("a", "a", "acknowledge", "ack", "acknowledge: somebody has seen it", "qi", main=True),
    Key("A", "A", "assign", "assign", "assign to somebody; empty gives it back", "qi"),
    Key("s", "s", "escalate", "escalate", "escalate", "qi", main=True),
    Key("S", "S", "snooze", "snooze", "snooze for some hours or days", "qi"),
    Key("R", "R", "reopen", "reopen", "open again what was closed, snoozed or judged benign", "qi"),
    Key("n", "n", "note", "note", "write a note; one note on many when some are selected", "qi", main=True),
    Key("z", "z", "undo", "undo", "undo the last decision, whatever it was", "qi", main=True),
    Key("ctrl+z", "^z", "redo", "redo", "make it again", "qi"),
    Key("x,space", "x", "select", "select", "select this one", "q", main=True),
    Key("v", "v", "range", "range", "select from here to where v is pressed again", "q"),
    Key("asterisk", "*", "many", "many", "then a all shown, n none, 1 all with this rule", "q"),
    Key(
        "slash",
        "/",
        "filter",
        "filter",
        'filter while typing: host:dc01 urgency:>60 -is:closed "free text"',
        "q",
        main=True,
    ),
    Key("slash", "/", "find", "find", "find words on this page; again for the next place", "i", main=True),
    Key("less_than_sign", "<", "sort(-1)", "sort", "sort by the column before", "q"),
    Key("greater_than_sign", ">", "sort(1)", "sort", "sort by the next column", "q"),
    Key("equals_sign", "=", "reverse", "reverse", "sort the other way round", "q"),
    Key("left_square_bracket,shift+tab", "[", "tab(-1)", "tab", "tab before", "qi"),
    Key("right_square_bracket,tab", "]", "tab(1)", "tab", "next tab", "qi"),
    Key("1", "1-8", "tab_number(1)", "tab", "tab by its number", "qi"),
    *(Key(str(n), "", f"tab_number({n})", "", "", "qi") for n in range(2, 9)),
    Key("J", "J", "neighbour(1)", "next", "next incident of the queue", "i"),
    Key("K", "K", "neighbour(-1)", "previous", "incident before", "i"),
    Key("y", "y", "copy", "copy", "copy menu: id, indicators, query, Markdown, JSON", "qi", main=True),
    Key("ctrl+s", "^s", "export", "export", "write what is shown to files", "qi"),
    Key("at", "@", "log", "log", "what was decided, by whom, and what was undone", "qi"),
    Key("colon", ":", "command", "command", ":q :open :mine :closed :benign :dead :incident ID :theme NAME", "qi"),
    Key("question_mark", "?", "help", "help", "keys that work here", "qi", main=True),
)
"""Everything, in the order of the help page."""


def bindings(place: str) -> list[Binding]:
    """Return the bindings of a place: q queue, i incident, r any list of rows."""
    return [Binding(key.keys, key.action, key.label or key.action, show=False) for key in KEYS if place in key.places]


def helped(place: str) -> Iterator[Key]:
    """Yield what the help page of a place shows, the movements first."""
    yield from (key for key in KEYS if key.shown and (place in key.places or "r" in key.places))


def footer(place: str) -> Iterator[Key]:
    """Yield what the last line shows, most used first."""
    yield from (key for key in helped(place) if key.main)
