"""Cleaning of text that an attacker may have written: visible, bounded, one line."""

NOTHING = frozenset(
    {"", "-", "--", "n/a", "na", "none", "null", "nil", "unknown", "undefined", "(null)", "<nil>", "<na>"}
)
"""What products write, in lower case, where they have no value."""


def visible(char: str) -> str:
    r"""Return a character as an escape that shows what it is, e.g. ``\x1b`` or ``\u202e``."""
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean(text: str, limit: int) -> str:
    """Return ``text`` on one line, without invisible characters, at most ``limit`` characters long.

    Control, bidi, zero-width, private-use and surrogate characters become visible escapes; runs of tabs, line
    breaks and blanks become one blank. A text that was cut ends in an ellipsis.
    """
    if len(text) > limit:
        return clean(text[: limit - 1], limit * 8)[: limit - 1] + "…"
    if not text.isprintable():
        words = " ".join(text.split())
        text = "".join(char if char.isprintable() else visible(char) for char in words)
        if len(text) > limit:
            text = text[: limit - 1] + "…"
    return text.strip()


def first_line(text: str) -> str:
    """Return the first line that is not blank."""
    return text.lstrip().split("\n", 1)[0].rstrip()
