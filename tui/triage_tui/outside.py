"""Programs of the analyst's own: $PAGER to read in, $EDITOR to write in. What they are given holds no escape."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from triage.trust.untrusted import clean

CHARS = 5_000_000
"""Characters that a pager is given."""


def page(text: str) -> None:
    """Show a text in $PAGER, cleaned. Raises OSError when it cannot be started."""
    _opened(os.environ.get("PAGER") or "less", clean(text, CHARS, lines=True), ".md")


def edited(text: str) -> str:
    """Let a text be written in $VISUAL or $EDITOR; return it without the lines that begin with #. Raises OSError."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    written = _opened(editor, clean(text, CHARS, lines=True), ".txt")
    return "\n".join(line for line in written.splitlines() if not line.startswith("#")).strip()


def _opened(command: str, text: str, suffix: str) -> str:
    """Run a command on a private file with a text and return what is in the file afterwards."""
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        path = Path(folder) / f"text{suffix}"
        path.write_text(text, encoding="utf-8")
        subprocess.run((*shlex.split(command), str(path)), check=False)  # noqa: S603 - the analyst's own choice
        return path.read_text(encoding="utf-8", errors="replace")
