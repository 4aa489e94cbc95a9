"""A line of tabs: numbers to press, titles, counts; the chosen one stands out without colour too."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from triage_tui.look import Look


class Title(NamedTuple):
    """What stands on a tab."""

    name: str
    counted: str = ""
    """How much is behind it; left out first where there is little room."""
    short: str = ""
    """A shorter word for it, used next; '' = the name."""


class _Fit(NamedTuple):
    counts: bool
    gap: str
    limit: int = 99
    short: bool = True


_FITS = (
    _Fit(True, " ", short=False),
    _Fit(False, " ", short=False),
    _Fit(False, "", short=False),
    _Fit(False, ""),
    _Fit(False, "", 4),
    _Fit(False, "", 3),
)
"""Ways to draw the tabs, the roomiest first; the chosen one is never shortened."""


def tabs_text(titles: Sequence[Title], chosen: int, look: Look, width: int) -> Text:
    """Return the tabs as roomy as the width allows."""
    text = Text(end="")
    for fit in _FITS:
        text = Text(end="")
        for number, title in enumerate(titles):
            mine = number == chosen
            named = (fit.short and title.short) or title.name
            name = title.name if mine else named[: fit.limit]
            counted = f" {title.counted}" if title.counted and (fit.counts or mine) else ""
            style = f"reverse {look.styles.strong}" if mine else look.styles.muted
            key = f"{number + 1} " if fit.counts else f"{number + 1}:"  # without counts, no number may look like one
            text.append(f"{fit.gap or ' ' * (mine or not number)}{key}{name}{counted} ", style)
        if text.cell_len <= width:
            return text
    return text
