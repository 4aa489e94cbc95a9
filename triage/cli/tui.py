"""``triage tui``: the terminal UI on the state of the last run."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from triage.cli.common import load, session_of, with_settings
from triage.errors import UsageError

if TYPE_CHECKING:
    from triage.config import Settings

THEME_NAMES: Final[Sequence[str]] = ("dark", "light", "colour-blind", "colour-blind-light", "no-colour")


@click.command("tui")
@with_settings
@click.option("--readonly", is_flag=True, help="Look only: every decision is refused.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Write nothing but ASCII.")
@click.option("--theme", type=click.Choice(THEME_NAMES), help="Colours; default: dark, or none with NO_COLOR.")
@click.option("--serve", is_flag=True, help="Show it in a browser on this machine instead, same keys (extra 'web').")
@click.option("--port", type=click.IntRange(1024, 65535), default=8025, show_default=True, help="Port for --serve.")
def tui_command(  # noqa: PLR0913 - one argument per option of the command line
    *,
    config: Path | None,
    state: Path | None,
    output: Path | None,
    readonly: bool,
    ascii_only: bool,
    theme: str | None,
    serve: bool,
    port: int,
) -> None:
    """Work the incidents of the last run by keyboard; ? shows the keys."""
    flags = [
        *(("--config", str(config)) if config else ()),
        *(("--state", str(state)) if state else ()),
        *(("--output", str(output)) if output else ()),
    ]
    program = (sys.executable, "-m", "triage")
    if serve:
        looks = [*(("--theme", theme) if theme else ()), *(("--readonly",) if readonly else ())]
        serve_on(port, (*program, "tui", *flags, *looks, *(("--ascii",) if ascii_only else ())))
        return
    show(
        load(config, {"state": state, "output": output}).settings,
        readonly=readonly,
        ascii_only=ascii_only,
        theme=theme,
        run_command=(*program, "run", "--events", "--no-progress", *flags),
    )


def serve_on(port: int, command: Sequence[str]) -> None:
    """Serve the terminal UI to browsers of this machine until interrupted. Raises UsageError without the extra.

    textual-serve has no login: it listens on the loopback address only, and there is no option for another one.
    """
    import shlex

    try:
        from textual_serve.server import Server
    except ImportError as error:
        raise UsageError("--serve needs the extra 'web': pip install 'soc-triage[web]'") from error
    Server(shlex.join(command), host="127.0.0.1", port=port, title="triage").serve()


def show(
    settings: "Settings",
    *,
    readonly: bool = False,
    ascii_only: bool = False,
    theme: str | None = None,
    run_command: Sequence[str] = (),
) -> None:
    """Open the terminal UI and return when it is left. ``run_command``: what starts a run, before its sources."""
    import gc
    import os

    gc.disable()  # starting makes many objects and drops few; the app turns it on again when all is read
    from triage.session import user
    from triage_tui.app import TriageApp
    from triage_tui.preferences import preferences_file, read_preferences

    preferences = read_preferences(preferences_file())
    chosen = theme or ("no-colour" if os.environ.get("NO_COLOR") else preferences.theme or "dark")
    if chosen not in THEME_NAMES:
        raise UsageError(f"tui.toml: theme: {chosen!r} should be one of {', '.join(THEME_NAMES)}")
    with session_of(settings) as session:
        TriageApp(
            session,
            user(),
            readonly=readonly,
            ascii_only=ascii_only or preferences.ascii,
            theme=chosen,
            folder=settings.output or Path.cwd(),
            preferences=preferences,
            run_command=run_command,
        ).run()
