"""Whole screens as pictures, at the sizes people work at, with and without colour; the clock stands still."""

from collections.abc import Callable
from typing import Any

import pytest

from triage_tui.app import TriageApp

Open = Callable[..., TriageApp]
SIZES = [(80, 24), (120, 40), (200, 50)]
SCREENS = {"queue": [], "incident": ["j", "o"]}


@pytest.mark.parametrize("theme", ["dark", "no-colour"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(open_app: Open, snap_compare: Any, screen: str, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(open_app(theme=theme), press=SCREENS[screen], terminal_size=size)


@pytest.mark.parametrize(
    ("name", "keys"), [("help", ["question_mark"]), ("close", ["asterisk", "a", "e"]), ("alerts", ["o", "4"])]
)
def test_dialogs_in_the_light_theme(open_app: Open, snap_compare: Any, name: str, keys: list[str]) -> None:
    assert name
    assert snap_compare(open_app(theme="light"), press=keys, terminal_size=(80, 24))


def test_ascii_only(open_app: Open, snap_compare: Any) -> None:
    assert snap_compare(open_app(theme="no-colour", ascii_only=True), press=["j", "x"], terminal_size=(80, 24))
