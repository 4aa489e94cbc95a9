"""The last line: the main keys that are valid here, as many as there is room for."""

from rich.text import Text

from triage_tui.keys import Chosen, footer
from triage_tui.look import Look


def footer_text(place: str, look: Look, width: int, chosen: Chosen, *, readonly: bool) -> Text:
    """Return the keys of a place; help comes first so that it is never cut off."""
    text = Text(end="")
    decisions = {"close", "acknowledge", "escalate", "note", "undo"}
    for key in sorted(footer(place, chosen), key=lambda key: key.action != "help"):
        if readonly and key.action in decisions:
            continue
        entry = Text.assemble(
            " ",
            (key.shown if key.shown != "enter,o" else "o", f"bold {look.styles.accent}"),
            " ",
            (key.label, look.styles.muted),
            " ",
            end="",
        )
        if text.cell_len + entry.cell_len > width:
            break
        text.append_text(entry)
    return text
