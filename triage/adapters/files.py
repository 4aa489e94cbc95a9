"""Alerts from files: NDJSON of hits or bare documents, JSON arrays, compressed or not, and standard input.

NDJSON is passed on as it is, without parsing. What is not one document a line (arrays, indented documents, saved search
responses, Zircolite results) is brought into that shape by ``triage.adapters.json_elements``. Nothing is dropped in
silence: what could not be read is in ``problems``, and what is no document becomes a dead letter further on.
"""

import codecs
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from triage.adapters.inflate import DamagedStream, read_pieces
from triage.adapters.json_elements import Element, elements, unfold
from triage.errors import SourceError, SourceMissing
from triage.models import Incompleteness
from triage.ports import RawPage, Window

PAGE_BYTES: Final = 2 << 20
PAGE_LINES: Final = 4000
_RUNS: Final = 64
"""Blank lines cut a page, so that line numbers stay true; beyond this many cuts a page they are only left out."""
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
STDIN: Final = "-"


class FileSource:
    """An ``AlertSource`` over files, globs and standard input (``-``).

    The window is not applied here, as nothing is parsed: the run leaves out what lies outside. Line numbers are those
    of the file; in an array and the like they are the running number of the alert.
    """

    def __init__(self, names: Sequence[str], line_bytes: int = 2_000_000, stdin: BinaryIO | None = None) -> None:
        """Remember what to read.

        Args:
            names: paths, globs (``**`` too) or ``-``; read in this order, each file once.
            line_bytes: a longer line is cut one byte after, which makes it a dead letter (``limits.document_bytes``).
            stdin: stands for standard input in tests.

        """
        self._names = tuple(names)
        self._line_bytes = line_bytes
        self._stdin: BinaryIO | None = stdin or sys.stdin.buffer
        self._problems: list[Incompleteness] = []

    @property
    def key(self) -> str:
        """Return a name that stays the same wherever the program is started."""
        names = "\n".join(name if name == STDIN else str(Path(name).expanduser().absolute()) for name in self._names)
        return f"files:{hashlib.sha256(names.encode(errors='surrogateescape')).hexdigest()[:16]}"

    def problems(self) -> Sequence[Incompleteness]:
        """Return which files the last ``pages`` could not read to their end."""
        return tuple(self._problems)

    def pages(self, window: Window) -> Iterator[RawPage]:  # noqa: ARG002 - a file is read whole
        """Yield all documents. Raises SourceMissing or SourceError before the first page."""
        self._problems = []
        for file in self._files():
            try:
                stream = file.open()
            except OSError as exc:
                raise SourceError(f"{file.name}: cannot be opened: {exc.strerror}") from exc
            with stream:
                yield from self._read(file.name, stream)

    def _files(self) -> "list[_File]":
        found: dict[Path | str, _File] = {}
        for name in self._names:
            if name == STDIN:
                found[STDIN] = _File(STDIN, self._take_stdin)
            else:
                for path in find(name):
                    found.setdefault(path.resolve(), _File(str(path), _opener(path)))
        return list(found.values())

    def _take_stdin(self) -> BinaryIO:
        stream, self._stdin = self._stdin, None
        if stream is None:
            raise SourceError("standard input can be read only once; write it to a file to be able to repeat a run")
        return stream

    def _read(self, origin: str, stream: BinaryIO) -> Iterator[RawPage]:
        content = _as_utf8(self._until_damage(origin, read_pieces(stream)))
        head, content = _peek(content)
        shape = _shape(head)
        if shape == "lines":
            yield from _number(origin, whole_lines(content, self._line_bytes))
        else:
            yield from self._elements(origin, elements(content, array=shape == "array"))

    def _until_damage(self, origin: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Let a damaged stream end like a whole one, so that what came before the damage is passed on to its end."""
        try:
            yield from pieces
        except DamagedStream as exc:
            self._problem(origin, str(exc), "what came before is kept; get the whole file and run again")
        except OSError as exc:
            self._problem(origin, f"reading failed: {exc.strerror}", "what came before is kept; run again")

    def _elements(self, origin: str, found: Iterable[Element]) -> Iterator[RawPage]:
        lines: list[bytes] = []
        size, first = 0, 1
        for element in found:
            if not element.whole:
                self._problem(origin, "the JSON ends before its brackets close", "what came before is kept")
            for line in unfold(element.line) if element.line else ():
                lines.append(line[: self._line_bytes + 1])
                size += len(line)
            if size >= PAGE_BYTES or len(lines) >= PAGE_LINES:
                yield RawPage(b"\n".join(lines) + b"\n", len(lines), origin, first)
                first += len(lines)
                lines, size = [], 0
        if lines:
            yield RawPage(b"\n".join(lines) + b"\n", len(lines), origin, first)

    def _problem(self, origin: str, reason: str, advice: str) -> None:
        self._problems.append(Incompleteness(source=origin, reason=reason, advice=advice))


class _File(NamedTuple):
    name: str
    open: Callable[[], BinaryIO]


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def find(name: str) -> list[Path]:
    """Return the files that a name or glob stands for, sorted.

    Raises:
        SourceMissing: there is no such file, or the glob fits none.
        SourceError: it is a folder, or not allowed.

    """
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            raise SourceError(f"{name} is a folder; name its files, e.g. {name.rstrip('/')}/*.ndjson")
        if path.exists():
            return [path]
        found = sorted(each for each in _glob(path) if each.is_file())
    except (OSError, ValueError) as exc:
        raise SourceError(f"{name}: cannot be opened: {getattr(exc, 'strerror', None) or exc}") from exc
    if not found:
        raise SourceMissing(f"{name}: there is no such file")
    return found


def _glob(path: Path) -> Iterator[Path]:
    if not any(char in str(path) for char in "*?["):
        return iter(())
    return Path(path.anchor).glob(str(path.relative_to(path.anchor))) if path.anchor else Path().glob(str(path))


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Take off a byte order mark; UTF-16, which Windows tools like to write, becomes UTF-8."""
    head, pieces = _peek(pieces)
    if encoding := _UTF16.get(head[:2]):
        texts = codecs.iterdecode(pieces, encoding, errors="replace")
        return _without_mark(text.encode("utf-8", "replace") for text in texts)
    return _without_mark(pieces)


def _without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head, pieces = _peek(pieces)
    if head.startswith(codecs.BOM_UTF8):
        return chain([next(pieces)[len(codecs.BOM_UTF8) :]], pieces)
    return pieces


def _peek(pieces: Iterator[bytes], size: int = 4096) -> tuple[bytes, Iterator[bytes]]:
    """Return the beginning (at least ``size`` bytes, if there are) and all pieces, that beginning included."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= size:
            break
    return head, chain([head], pieces)


def _shape(head: bytes) -> str:
    """Tell ``lines`` from an ``array`` and from ``objects`` that span lines."""
    first = head.lstrip()
    if first.startswith(b"["):
        return "array"
    indented = first.partition(b"\n")[0].strip() == b"{"
    return "objects" if indented or first.startswith((b'{"took"', b'{"hits"', b'{"pit_id"')) else "lines"


def whole_lines(pieces: Iterable[bytes], line_bytes: int) -> Iterator[bytes]:
    """Yield blocks of about PAGE_BYTES that end with a newline; a line over ``line_bytes`` is cut one byte after."""
    held, skipping = bytearray(), False
    for piece in pieces:
        if skipping:
            _, newline, piece = piece.partition(b"\n")  # noqa: PLW2901 - the rest of the line is left out
            skipping = not newline
        held += piece
        if len(held) < PAGE_BYTES:
            continue
        if cut := held.rfind(b"\n") + 1:
            yield bytes(held[:cut])
            del held[:cut]
        if len(held) > line_bytes:
            yield bytes(held[: line_bytes + 1]) + b"\n"
            held, skipping = bytearray(), True
    if held:
        yield bytes(held) if held.endswith(b"\n") else bytes(held) + b"\n"


def _number(origin: str, blocks: Iterable[bytes]) -> Iterator[RawPage]:
    """Make pages of blocks of lines: no blank lines, bounded count, true line numbers."""
    first = 1
    for raw in blocks:
        block = raw.replace(b"\r\n", b"\n") if b"\r" in raw else raw
        count = block.count(b"\n")
        if count <= 2 * PAGE_LINES and b"\n\n" not in block and not block.startswith(b"\n"):
            yield RawPage(block, count, origin, first)
        else:
            yield from _slowly(origin, block, first)
        first += count


def _slowly(origin: str, block: bytes, first: int) -> Iterator[RawPage]:
    lines = block.split(b"\n")[:-1]
    starts = [at for at, line in enumerate(lines) if line and (at == 0 or not lines[at - 1])]
    if len(starts) > _RUNS:
        lines = [line for line in lines if line]
        starts = [0]
    for start, stop in pairwise([*starts, len(lines)]):
        run = [line for line in lines[start:stop] if line]
        for at in range(0, len(run), PAGE_LINES):
            part = run[at : at + PAGE_LINES]
            yield RawPage(b"\n".join(part) + b"\n", len(part), origin, first + start + at)
