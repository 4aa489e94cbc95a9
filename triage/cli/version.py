"""``triage version``."""

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import click

from triage.cli.common import print_json, with_json

LIBRARIES: Final = ("langgraph", "elasticsearch", "polars", "pydantic", "sentence-transformers", "torch", "faiss-cpu")


@click.command("version")
@with_json
def version_command(as_json: bool) -> None:
    """Show the versions of the program and what it runs on."""
    found = {"soc-triage": _version("soc-triage"), "python": platform.python_version()}
    found |= {"sqlite": sqlite3.sqlite_version} | {name: _version(name) for name in LIBRARIES}
    if as_json:
        print_json(found)
        return
    for name, number in found.items():
        click.echo(f"{name:<22} {number}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
