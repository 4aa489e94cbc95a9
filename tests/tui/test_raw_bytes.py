"""The bytes that reach a real terminal: what attackers wrote adds no control sequence to them, on any screen."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

from support.desk import incident, opened
from support.program import terminal
from support.stored import store_segments

CSI = re.compile(rb"\x1b\[([0-9;:?<>=]*)([ -/]*[@-~])")
POINTER = re.compile(rb"\x1b\]22;default\x07")
"""What Textual asks of the mouse pointer's shape."""
ESCAPE = b"\x1b"
TABS = tuple(b"%d" % tab for tab in range(2, 10))
WALK = (
    ((b"j", b"o", *TABS), "Similar incidents"),
    ((ESCAPE, b"f"), "most frequent value"),
    ((b"\r",), "rule"),
    ((b"\r", b"a"), "this night"),
    ((ESCAPE, ESCAPE, ESCAPE, ESCAPE, b"n", b"x\r", b"@"), "Decisions, newest first"),
    ((ESCAPE, b"t", b"B"), "Blind samples"),
    ((ESCAPE, b"6"), "no campaigns"),
    ((b"1", b":incident inc-0001\r", b"3", b"w"), "In 2 incidents"),
    ((ESCAPE, b"i"), "no language model"),
    ((b"6", b"\r"), "What it would do"),
    ((ESCAPE, ESCAPE, b":incident inc-0009\r", b"D"), "Draft of a rule exception"),
    ((ESCAPE, ESCAPE, ESCAPE, b"x", b"j", b"x", b"m"), "What would come of it"),
)
"""Keys, and what the screen they lead to says once it is there."""
ATTACKS = (
    "\x1b]0;owned\x07title",
    "\x1b[2J\x1b[31mred",
    "\x9b31m\x90q\x9c",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b]52;c;b3duZWQ=\x07",
    "\u202egnp.exe\u2066x\u2069",
    "a\rb\x08\x08\x7f\x0e\x0f",
    "[bold red]not markup[/] [@click=app.quit]z[/]",
)
FORBIDDEN = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def raw(folder: Path, dress: Callable[[str], str]) -> bytes:
    """Return all bytes of a walk over the screens, on incidents whose texts were dressed."""
    night = tuple(
        incident(rank, disposition, title=dress(f"{text} {rank}"), rule=dress(text), value=dress(text))
        for rank, (disposition, text) in enumerate(product(("attack", "benign"), ATTACKS), start=1)
    )
    folder.mkdir()
    with opened(folder, night):
        store_segments(folder, night)
    with terminal(folder) as program:
        program.until(b"help")
        for keys, words in WALK:
            for key in keys:
                program.press(key)
            program.until(words.encode())
        return program.raw


def controls(output: bytes) -> set[tuple[bytes, bytes]]:
    """Return the control sequences but for colours, places and how far the cursor goes, which no two runs share."""
    found = {(values, final) for values, final in CSI.findall(output)}
    return {(values, final) for values, final in found if final not in {b"m", b"H", b"A", b"B", b"C", b"D"}}


def test_no_control_sequence_of_a_document_reaches_the_terminal(tmp_path: Path) -> None:
    hostile = raw(tmp_path / "hostile", lambda text: text)
    tame = raw(tmp_path / "tame", lambda text: "".join(one for one in text if one.isalnum()) or "x")
    assert controls(hostile) <= controls(tame)
    shown = POINTER.sub(b"", CSI.sub(b"", hostile)).decode("utf-8")
    assert "not markup[/]" in shown
    assert not FORBIDDEN.search(shown), ascii(FORBIDDEN.findall(shown))
