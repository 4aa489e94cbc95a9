"""What an analyst sets once: theme, keys, columns, views, close reasons, service levels. Read from ``tui.toml``.

The file lies in ``$XDG_CONFIG_HOME/triage/`` and is never written by the program; views saved from within the program
are kept with its memory.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self

from platformdirs import user_config_path
from pydantic import Field, ValidationError, field_validator, model_validator

from triage.config import parse_duration
from triage.errors import UsageError
from triage.models import Model

ONE_WORD = r"^[a-z][a-z0-9_]{0,39}$"
TAKEN = "tbfd"
"""Keys of the close reasons every team has."""


class View(Model):
    """A way to look at the queue, under a name."""

    filter: str = ""
    tab: str = Field("", description="open, mine, closed, benign or dead; '' = the one that is shown")
    sort: str = Field("", description="a column; '' = by rank")
    turned: bool = Field(default=False, description="sorted the other way round")
    group: str = ""
    columns: tuple[str, ...] = Field((), description="names of columns; () = those that fit")


class Preferences(Model):
    """Everything that may be set; all of it may be left out."""

    theme: str = ""
    ascii: bool = False
    columns: tuple[str, ...] = ()
    sort: str = ""
    group: str = ""
    keys: Mapping[str, str] = Field(default_factory=dict, description="action -> keys, comma-separated")
    reasons: Mapping[str, str] = Field(default_factory=dict, description="one lower-case letter -> own close reason")
    views: Mapping[str, View] = Field(default_factory=dict)
    service_levels: Mapping[str, str] = Field(
        default_factory=dict, description="urgency from which on -> how long an untouched incident may wait"
    )

    @field_validator("reasons")
    @classmethod
    def _letters(cls, reasons: Mapping[str, str]) -> Mapping[str, str]:
        import re

        for key, word in reasons.items():
            if len(key) != 1 or not key.isalpha() or not key.islower() or key in TAKEN:
                raise ValueError(f"{key!r} should be one lower-case letter, and none of {', '.join(TAKEN)}")
            if not re.match(ONE_WORD, word):
                raise ValueError(f"{word!r} should be one word such as penetration_test")
        return reasons

    @model_validator(mode="after")
    def _levels_are_readable(self) -> Self:
        self.levels()
        return self

    def levels(self) -> tuple[tuple[float, timedelta], ...]:
        """Return urgency and time allowed, the most urgent first; () = as built in."""
        found = [(float(urgency), parse_duration(text)) for urgency, text in self.service_levels.items()]
        if found and min(urgency for urgency, _ in found) > 0:
            raise ValueError("service_levels: one should begin at urgency 0")
        return tuple(sorted(found, reverse=True))


def preferences_file() -> Path:
    """Return where the preferences are looked for."""
    return Path(user_config_path("triage")) / "tui.toml"


def read_preferences(path: Path) -> Preferences:
    """Return what a file sets, the defaults where there is none. Raises UsageError that names file and key."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    try:
        return Preferences.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
