"""One raw document: pretty JSON, every line cleaned, long ones wrapped; with the query that fetches it again."""

import orjson
from rich.text import Text

from triage_tui.look import Look
from triage_tui.messages import AlertTarget
from triage_tui.sheets.base import Builder, ListSheet

LINES = 5000
"""Lines shown of one document; how many there are is said."""
CHARS = 4000
"""Characters shown of one line."""


def document_sheet(target: AlertTarget, raw: bytes | None, look: Look, width: int) -> ListSheet:
    """Return the document behind an alert, or the sentence that there is none."""
    page = Builder(width, look)
    query = f"GET {target.index}/_doc/{target.id}"
    page.item(Text.assemble(("query  ", look.styles.muted), look.text(query, 500, look.styles.accent), end=""), hang=7)
    page.plain(Text("", end=""))
    if raw is None:
        page.item(Text("this document is not in the state any more", style=look.styles.warn, end=""))
        return page.sheet()
    lines = pretty(raw)
    for line in lines[:LINES]:
        indent = len(line) - len(line.lstrip())
        page.item(_coloured(line, look), hang=min(indent + 2, width // 2))
    if len(lines) > LINES:
        page.plain(Text(f"and {len(lines) - LINES:,} more lines", style=look.styles.muted, end=""))
    return page.sheet()


def pretty(raw: bytes) -> list[str]:
    """Return a document as indented lines; what is no JSON as its own lines."""
    try:
        return orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2).decode("utf-8", "replace").splitlines()
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "replace").splitlines()


def _coloured(line: str, look: Look) -> Text:
    text = look.text(line, CHARS)
    name, colon, _ = text.plain.partition('": ')
    if colon and name.lstrip().startswith('"'):
        text.stylize(look.styles.accent, len(name) - len(name.lstrip()), len(name) + 1)
    return text
