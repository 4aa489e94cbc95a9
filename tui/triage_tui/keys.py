"""The key map as data: bindings, footer and help are all made from it, so that they cannot differ."""

from collections.abc import Iterator, Mapping
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
    """Where it is valid: q(ueue), i(ncident), p(ivot), r(ows)."""
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
    Key("escape", "esc", "back", "back", "back; clears selection and filter in the queue", "qip"),
    Key("q", "q", "leave", "quit", "back to the queue; from there: quit", "qip"),
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
    Key("slash", "/", "find", "find", "find words on this page; again for the next place", "ip", main=True),
    Key(
        "f",
        "f",
        "pivot",
        "fields",
        "how often each value of each field occurs: in the night, the incident, or what is shown; Enter drills in",
        "qip",
        main=True,
    ),
    Key("a", "a", "alerts", "alerts", "the alerts behind this sheet one by one", "p", main=True),
    Key(
        "w",
        "w",
        "seen",
        "seen before",
        "was the value under the cursor seen before, when, in which incidents",
        "ip",
        main=True,
    ),
    Key("F", "F", "flip", "flip", "run the query that would flip the verdict over all that is stored", "i", main=True),
    Key(
        "m",
        "m",
        "regroup",
        "regroup",
        "merge what is selected; in an incident: split, move, merge, exclude, what if. First shown, kept with Y",
        "qi",
        main=True,
    ),
    Key("x", "x", "mark", "mark", "timeline: mark an activity, to be split off with m s", "i"),
    Key("i", "i", "ask", "ask", "ask the configured language model about this incident; its words are checked", "i"),
    Key("D", "D", "draft", "exception", "draft a rule exception for a harmless incident, with what it would hide", "i"),
    Key("B", "B", "samples", "samples", "blind samples of what was judged benign: was it?", "q"),
    Key("plus", "+", "zoom(2)", "zoom in", "timeline: nearer", "i"),
    Key("minus", "-", "zoom(-2)", "zoom out", "timeline: further", "i"),
    Key("h,left", "h", "pan(-1)", "earlier", "timeline: earlier", "i"),
    Key("l,right", "l", "pan(1)", "later", "timeline: later", "i"),
    Key("t", "t", "group", "group", "group by verdict, rule, asset, tactic, status, change; again for the next", "q"),
    Key("C", "C", "columns", "columns", "choose the columns by name; empty for those that fit", "q"),
    Key("V", "V", "views", "views", "go to a saved view; :save NAME keeps the one that is shown", "q"),
    Key("r", "r", "run", "run", "start a run over new alerts; its progress is on the second line", "q"),
    Key("X", "X", "cancel_run", "cancel", "cancel the run; the same one goes on later where it stopped", "q"),
    Key("E", "E", "pager", "pager", "read the incident, or the document shown, in $PAGER", "qi"),
    Key("N", "N", "note_in_editor", "note", "write a long note in $EDITOR", "qi"),
    Key("less_than_sign", "<", "sort(-1)", "sort", "sort by the column before", "q"),
    Key("greater_than_sign", ">", "sort(1)", "sort", "sort by the next column", "q"),
    Key("equals_sign", "=", "reverse", "reverse", "sort the other way round", "q"),
    Key("left_square_bracket,shift+tab", "[", "tab(-1)", "tab", "tab before", "qi"),
    Key("right_square_bracket,tab", "]", "tab(1)", "tab", "next tab", "qi"),
    Key("1", "1-9", "tab_number(1)", "tab", "tab by its number", "qi"),
    *(Key(str(n), "", f"tab_number({n})", "", "", "qi") for n in range(2, 10)),
    Key("J", "J", "neighbour(1)", "next", "next incident of the queue", "i"),
    Key("K", "K", "neighbour(-1)", "previous", "incident before", "i"),
    Key("y", "y", "copy", "copy", "copy menu: id, indicators, query, Markdown, JSON", "qi", main=True),
    Key("ctrl+s", "^s", "export", "export", "write what is shown to files", "qi"),
    Key("at", "@", "log", "log", "what was decided, by whom, and what was undone", "qip"),
    Key(
        "colon",
        ":",
        "command",
        "command",
        ":q :open :mine :closed :benign :dead :campaigns :samples :incident ID :seen VALUE :view NAME :save NAME"
        " :columns NAMES :run SOURCE :cancel :theme NAME",
        "qip",
    ),
    Key("question_mark", "?", "help", "help", "keys that work here", "qip", main=True),
)
"""Everything, in the order of the help page."""


def name(key: Key) -> str:
    """Return what the preferences call a key: its action, with its argument where it has one."""
    return key.action.replace("(", "_").replace(")", "").replace("-", "minus_")


def bindings(place: str) -> list[Binding]:
    """Return the bindings of a place: q queue, i incident, p pivot, r any list of rows."""
    return [
        Binding(key.keys, key.action, key.label or key.action, show=False, id=name(key))
        for key in KEYS
        if place in key.places
    ]


Chosen = Mapping[str, str]
"""Name of a key -> keys that were chosen for it instead."""


def known_names() -> frozenset[str]:
    """Return the names that keys can be chosen for."""
    return frozenset(name(key) for key in KEYS)


def helped(place: str, chosen: Chosen) -> Iterator[Key]:
    """Yield what the help page of a place shows, the movements first."""
    for key in KEYS:
        if key.shown and (place in key.places or "r" in key.places):
            yield key._replace(shown=chosen.get(name(key), key.shown))


def footer(place: str, chosen: Chosen) -> Iterator[Key]:
    """Yield what the last line shows, most used first."""
    yield from (key for key in helped(place, chosen) if key.main)
