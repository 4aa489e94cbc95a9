"""Themes: the colours Textual draws the frame with, and the Look that our lines are drawn with.

The colour-blind themes use blue and orange only; the theme without colour tells everything by words, weight and shape.
"""

from collections.abc import Mapping
from typing import NamedTuple

from textual.theme import Theme

from triage_tui.look import ASCII, Glyphs, Look, Styles


class Named(NamedTuple):
    """A theme and the styles that go with it."""

    theme: Theme
    styles: Styles


_DARK = Named(
    Theme(
        "triage-dark",
        primary="#7aa2f7",
        secondary="#9ece6a",
        accent="#7dcfff",
        warning="#e0af68",
        error="#ff7a85",
        success="#9ece6a",
        foreground="#d5daf0",
        background="#13151f",
        surface="#1b1e2b",
        panel="#242838",
    ),
    Styles(
        attack="bold #ff7a85",
        suspicious="#e8b765",
        benign="#8fc46a",
        accent="#7dcfff",
        muted="#8189ab",
        good="#9ece6a",
        warn="#e8b765",
        bad="bold #ff7a85",
        cursor="on #2e3a5c",
        picked="on #273a33",
        heading="bold #7aa2f7",
    ),
)
_LIGHT = Named(
    Theme(
        "triage-light",
        primary="#1f4fae",
        secondary="#2f6b1d",
        accent="#00618f",
        warning="#8a5200",
        error="#b3132b",
        success="#2f6b1d",
        foreground="#1c2033",
        background="#fbfbfd",
        surface="#f0f1f6",
        panel="#e3e6f0",
        dark=False,
    ),
    Styles(
        attack="bold #b3132b",
        suspicious="#8a5200",
        benign="#2f6b1d",
        accent="#00618f",
        muted="#5c637e",
        good="#2f6b1d",
        warn="#8a5200",
        bad="bold #b3132b",
        cursor="on #cfdcf7",
        picked="on #d9ecd3",
        heading="bold #1f4fae",
    ),
)
_COLOUR_BLIND = Named(
    Theme(
        "triage-colour-blind",
        primary="#56b4e9",
        secondary="#e69f00",
        accent="#f0e442",
        warning="#e69f00",
        error="#ff9d3b",
        success="#56b4e9",
        foreground="#e8e8e8",
        background="#101216",
        surface="#191c22",
        panel="#242830",
    ),
    Styles(
        attack="bold #ffb000",
        suspicious="#f0e442",
        benign="#56b4e9",
        accent="#56b4e9",
        muted="#9aa0ac",
        good="#56b4e9",
        warn="#f0e442",
        bad="bold reverse #ffb000",
        cursor="on #2a3b52",
        picked="on #3a3320",
        heading="bold #56b4e9",
    ),
)
_COLOUR_BLIND_LIGHT = Named(
    Theme(
        "triage-colour-blind-light",
        primary="#005b8f",
        secondary="#8f4a00",
        accent="#005b8f",
        warning="#8f4a00",
        error="#8f3300",
        success="#005b8f",
        foreground="#16181d",
        background="#fcfcfc",
        surface="#f1f2f4",
        panel="#e2e5ea",
        dark=False,
    ),
    Styles(
        attack="bold #a03600",
        suspicious="#7a5200",
        benign="#005b8f",
        accent="#005b8f",
        muted="#565d6b",
        good="#005b8f",
        warn="#7a5200",
        bad="bold reverse #a03600",
        cursor="on #cfe0ee",
        picked="on #f3e3c2",
        heading="bold #005b8f",
    ),
)
_NO_COLOUR = Named(
    Theme(
        "triage-no-colour",
        primary="#ffffff",
        secondary="#ffffff",
        accent="#ffffff",
        warning="#ffffff",
        error="#ffffff",
        success="#ffffff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
    ),
    Styles(
        attack="bold",
        suspicious="",
        benign="",
        accent="underline",
        muted="",
        good="",
        warn="bold",
        bad="bold reverse",
        cursor="reverse",
        picked="bold",
        heading="bold underline",
    ),
)
THEMES: Mapping[str, Named] = {
    "dark": _DARK,
    "light": _LIGHT,
    "colour-blind": _COLOUR_BLIND,
    "colour-blind-light": _COLOUR_BLIND_LIGHT,
    "no-colour": _NO_COLOUR,
}
"""Name on the command line -> theme."""


def look(name: str, *, ascii_only: bool) -> Look:
    """Return the Look of a theme by its name."""
    return Look(THEMES[name].styles, ASCII if ascii_only else Glyphs())
