"""``triage tui``: the terminal UI on the state of the last run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from triage.cli.common import load, session_of, with_settings

if TYPE_CHECKING:
    from triage.config import Settings

THEME_NAMES: Final[Sequence[str]] = ("dark", "light", "colour-blind", "no-colour")


@click.command("tui")
@with_settings
@click.option("--readonly", is_flag=True, help="Look only: every decision is refused.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Write nothing but ASCII.")
@click.option("--theme", type=click.Choice(THEME_NAMES), help="Colours; default: dark, or none with NO_COLOR.")
def tui_command(
    *, config: Path | None, state: Path | None, output: Path | None, readonly: bool, ascii_only: bool, theme: str | None
) -> None:
    """Work the incidents of the last run by keyboard; ? shows the keys."""
    show(
        load(config, {"state": state, "output": output}).settings, readonly=readonly, ascii_only=ascii_only, theme=theme
    )


def show(settings: "Settings", *, readonly: bool = False, ascii_only: bool = False, theme: str | None = None) -> None:
    """Open the terminal UI and return when it is left."""
    import os

    from triage.session import user
    from triage_tui.app import TriageApp

    chosen = theme or ("no-colour" if os.environ.get("NO_COLOR") else "dark")
    with session_of(settings) as session:
        folder = settings.output or Path.cwd()
        TriageApp(session, user(), readonly=readonly, ascii_only=ascii_only, theme=chosen, folder=folder).run()
