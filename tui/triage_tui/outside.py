"""Programs of the analyst's own: $PAGER to read in, $EDITOR to write in. What they are given holds no escape."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from triage.trust.untrusted import clean

CHARS = 5_000_000
"""Characters that a pager is given."""


class EditorError(OSError):
    """The editor failed after it was started; says where the text is."""


def page(text: str) -> None:
    """Show a text in $PAGER, cleaned. Raises OSError when it cannot be started."""
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        _run(os.environ.get("PAGER") or "less", _written(folder, text, "text.md"))


def edited(text: str) -> str:
    """Let a text be written in $VISUAL or $EDITOR; return it without the lines that begin with #.

    Raises OSError when the editor cannot be started, and EditorError when it fails: what was written by then is in the
    file that the error names.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        path = _written(folder, text, "note.txt")
        code = _run(editor, path)
        written = path.read_text(encoding="utf-8", errors="replace")
    if code:
        raise EditorError(f"editor ended with {code}, no note kept; its text is in {_kept(written)}")
    return "\n".join(line for line in written.splitlines() if not line.startswith("#")).strip()


def _written(folder: str, text: str, name: str) -> Path:
    path = Path(folder) / name
    path.write_text(clean(text, CHARS, lines=True), encoding="utf-8")
    return path


def _run(command: str, path: Path) -> int:
    """Run a command on a file and return its exit code. Raises OSError also for a command that cannot be read."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise OSError(f"{clean(command, 80)!r} is no command: {error}") from error
    return subprocess.run((*words, str(path)), check=False).returncode  # noqa: S603 - the analyst's own choice


def _kept(text: str) -> str:
    """Keep a text in a file of the analyst alone and return its path."""
    number, path = tempfile.mkstemp(prefix="triage-", suffix=".txt")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    return path
