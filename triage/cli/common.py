"""What every sub-command shares: its options, the settings and the session behind them, and how it prints."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from triage.config import Settings
    from triage.session import Session
    from triage.settings_io import Loaded

Command = TypeVar("Command", bound=Callable[..., Any])

_FOLDER = click.Path(file_okay=False, path_type=Path)


def with_json(command: Command) -> Command:
    """Add ``--json`` as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def with_settings(command: Command) -> Command:
    """Add the options that say which settings and which state a command works on: ``config``, ``state``, ``output``."""
    for option in (
        click.option("--output", type=_FOLDER, help="Folder of the results; its state is in DIR/state."),
        click.option("--state", type=_FOLDER, help="Folder of the state, when it is not in the output folder."),
        click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Use this triage.toml."),
    ):
        command = option(command)
    return command


def load(config: Path | None, flags: Mapping[str, object]) -> "Loaded":
    """Return the effective settings of this process."""
    from triage.settings_io import load_settings

    return load_settings(config, os.environ, flags)


def open_session(config: Path | None, state: Path | None, output: Path | None) -> "Session":
    """Return a session on the state that the options name."""
    return session_of(load(config, {"state": state, "output": output}).settings)


def session_of(settings: "Settings") -> "Session":
    """Return a session, made by what ``main`` was given for it: a test gives a maker of its own."""
    maker: Callable[[Settings], Session] | None = click.get_current_context().find_root().obj
    if maker:
        return maker(settings)
    from triage import session

    return session.Session(settings)


def print_json(value: object) -> None:
    """Print JSON; everything but ASCII is escaped, so that no alert text can act on a terminal."""
    click.echo(json.dumps(value, indent=2, default=str))


def console(*, err: bool = False) -> "Console":
    """Return a console that colours only on a terminal, honours NO_COLOR, and cuts nothing off in a pipe."""
    from rich.console import Console

    plain = Console(stderr=err, markup=False, highlight=False, emoji=False)
    if plain.is_terminal:
        return plain
    return Console(stderr=err, markup=False, highlight=False, emoji=False, width=1000, soft_wrap=True)


def safe(text: str, limit: int = 500, style: str = "") -> "Text":
    """Return alert text that is fit for a terminal; markup in it stays text."""
    from rich.text import Text

    from triage.trust.untrusted import for_terminal

    return Text(for_terminal(text, limit), style=style)
