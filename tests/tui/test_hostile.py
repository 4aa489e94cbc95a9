"""What attackers write cannot act on the terminal, cannot become markup, and cannot break the layout."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.strip import Strip

from support.desk import incident
from support.stored import store_segments
from triage_tui.app import TriageApp
from triage_tui.look import ASCII, Look
from triage_tui.messages import AlertTarget
from triage_tui.sheets.base import wrap
from triage_tui.sheets.document import document_sheet
from triage_tui.themes import look
from triage_tui.widgets.rows import Rows

Open = Callable[..., TriageApp]
CORPUS = Path(__file__).resolve().parents[2] / "../shared/datasets/injection/strings.jsonl"
OWN = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "\x9b31m\x90q\x9c",
    "a\rb\nc\td\x08\x08\x7f",
    "\u202egnp.exe\u202c\u2066x\u2069\u200b\ufeff",
    "[bold red]not markup[/] [link=http://x]y[/link] [@click=app.quit]z[/]",
    "wide 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 👩‍💻👩‍💻",
    "e" + "\u0301" * 200,
    "\U000e0041\U000e0042 tags",
    "$(rm -rf /) `id` ${x} %s {0} \\x1b[0m",
    "x" * 5000,
    "",
    "\ud800 lone",
)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def harmless(text: str) -> bool:
    return all(character >= " " and not "\x7f" <= character <= "\x9f" and character not in BIDI for character in text)


def strings() -> list[str]:
    """Return our own strings, and the shared corpus where it is at hand."""
    if not CORPUS.exists():
        return list(OWN)
    return [*OWN, *(json.loads(line)["text"] for line in CORPUS.read_text(encoding="utf-8").splitlines())]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_cell_is_harmless_and_as_wide_as_it_should_be(ascii_only: bool) -> None:
    shown = look("dark", ascii_only=ascii_only)
    for hostile in strings():
        for width in (1, 7, 40):
            cell = shown.cell(hostile, width)
            assert harmless(cell.plain)
            assert cell_len(cell.plain) == width
            assert not ascii_only or cell.plain.isascii()


def test_wrapped_lines_fit() -> None:
    shown = look("dark", ascii_only=False)
    for hostile in strings():
        for line in wrap(shown.text(hostile, 3000), 30, 4):
            assert line.cell_len <= 30


def test_a_document_is_harmless_line_by_line() -> None:
    shown = look("dark", ascii_only=False)
    for hostile in OWN[:-1]:
        for raw in (json.dumps({"message": hostile, hostile: 1}).encode(), hostile.encode() + b"\xff\xfe {"):
            sheet = document_sheet(AlertTarget(hostile, hostile), raw, shown, 60)
            for y in range(len(sheet)):
                line = sheet.line(y).text
                assert harmless(line.plain)
                assert line.cell_len <= 60


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_no_screen_lets_anything_through(open_app: Open, size: tuple[int, int]) -> None:
    hostile = tuple(
        incident(rank, title=text or "-", rule=text or "-", value=text or "-")
        for rank, text in enumerate(OWN[:-1], start=1)
    )
    app = open_app(hostile)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        _check(app)
        for _ in range(3):
            await pilot.press("j")
        await pilot.press("o")
        for key in "12345678":
            await pilot.press(key)
            await pilot.pause()
            _check(app)
        await pilot.press("J", "n", *"odd", "enter", "question_mark")
        await pilot.pause()
        _check(app)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_looking_further_lets_nothing_through(open_app: Open, tmp_path: Path, ascii_only: bool) -> None:
    hostile = tuple(
        incident(rank, title=text or "-", rule=text or "-", value=text or "-")
        for rank, text in enumerate(OWN[:-1], start=1)
    )
    app = open_app(hostile, ascii_only=ascii_only)
    store_segments(tmp_path, hostile)
    pages = (
        "t",
        "t",
        "f",
        "enter",
        "enter",
        "a",
        "escape",
        "escape",
        "escape",
        "escape",
        "o",
        "9",
        "3",
        "w",
        "escape",
        "F",
    )
    async with app.run_test(size=(80, 24)) as pilot:
        for key in pages:
            await pilot.press(key)
            await pilot.pause()
            for worker in list(app.workers):
                await worker.wait()
            await pilot.pause()
            _check(app)


def _check(app: TriageApp) -> None:
    width, height = app.size
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        assert isinstance(strip, Strip)
        assert harmless(strip.text), (y, strip.text)
        assert strip.cell_length == width
    for rows in app.screen.query(Rows):
        if rows.display:
            assert all(rows.render_line(y).cell_length == rows.room + 1 for y in range(min(height, len(rows.sheet))))


def test_ascii_writes_nothing_else() -> None:
    shown = Look(look("no-colour", ascii_only=True).styles, ASCII)
    text = Text.assemble(shown.bar(50, 10), shown.strip(["impact"]), shown.text("naïve 漢字"))
    assert text.plain.isascii()
