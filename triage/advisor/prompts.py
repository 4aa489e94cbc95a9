"""The prompts: one file per question in ``prompts/``, which begins with its version."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from triage.errors import ConfigError

QUESTIONS = ("look_up", "narrate", "doubt", "raise", "answer")
"""What a model is asked; the names of the files."""
_HEAD = re.compile(r"<!-- version (\d+) -->\n")


class Template(NamedTuple):
    """A prompt before it is filled."""

    name: str
    version: int
    text: str


@cache
def template(name: str) -> Template:
    """Return a prompt by name. Raises ConfigError for a file that cannot be read or does not say its version."""
    inside = files("triage") / "prompts" / f"{name}.md"
    beside = Path(__file__).parents[2] / "prompts" / f"{name}.md"
    try:
        text = (inside if inside.is_file() else beside).read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"prompts/{name}.md: {exc.strerror}; without it no model can be asked, reinstall") from exc
    head = _HEAD.match(text)
    if head is None:
        raise ConfigError(f"prompts/{name}.md does not begin with its version")
    return Template(name, int(head[1]), text[head.end() :])


def check_prompts() -> None:
    """Read every prompt, so that one which is missing is told before a run begins. Raises ConfigError."""
    for name in QUESTIONS:
        template(name)
