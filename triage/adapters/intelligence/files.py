"""Intelligence in files: STIX bundles, MISP exports and feed folders, CSV and text, told apart by their content."""

import glob
import gzip
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson

from triage.adapters.json_elements import elements
from triage.errors import SourceError
from triage.intelligence.lists import read_list
from triage.intelligence.misp import events, read_event
from triage.intelligence.reading import Gathered
from triage.intelligence.stix_objects import StixReader

_PIECE: Final = 1 << 20
_WHOLE: Final = 256 << 20
"""A JSON file up to this size is parsed at once; a larger bundle object by object."""
_OBJECTS: Final = b'"objects"'


def named_files(pattern: str) -> list[Path]:
    """Return the files that a path or pattern names, of a folder all in it, sorted. Raises SourceError for none."""
    path = Path(pattern).expanduser()
    if path.is_dir():
        found = [one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")]
    else:
        found = [Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file()]  # noqa: PTH207
    if not found:
        raise SourceError(f"intelligence.files {pattern}: no such file")
    return sorted(found)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file. Raises SourceError."""
    seen = sha256()
    with _opened(path) as file:
        while piece := file.read(_PIECE):
            seen.update(piece)
    return seen.hexdigest()


def read_file(path: Path, gathered: Gathered) -> None:
    """Read a file of any known format. Raises SourceError when it cannot be read as what it seems to be."""
    with _opened(path) as file:
        head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head in {b"{", b"["}:
        read_json(path, gathered)
    else:
        with _opened(path) as file:
            read_list(_lines(file), gathered)


def read_json(path: Path, gathered: Gathered) -> None:
    """Read a STIX bundle or MISP export."""
    if path.stat().st_size > _WHOLE or path.suffix == ".gz":
        with _opened(path) as file:
            _read_streamed(file, gathered)
        return
    try:
        document = orjson.loads(path.read_bytes())
    except (orjson.JSONDecodeError, OSError) as error:
        raise SourceError(f"{path}: is no whole JSON document: {error}") from error
    read_document(document, gathered)


def read_document(document: Any, gathered: Gathered) -> None:  # noqa: ANN401 - parsed JSON
    """Read a parsed STIX bundle, list of STIX objects or MISP export."""
    objects = document.get("objects") if isinstance(document, dict) else document
    if isinstance(objects, list) and not any(isinstance(one, dict) and "Event" in one for one in objects[:1]):
        reader = StixReader(gathered)
        reader.read(objects)
        reader.finish()
        return
    found = list(events(document))
    for event in found:
        read_event(event, gathered)
    if not found and not _is_index(document):
        gathered.leave("neither a STIX bundle nor a MISP event")


def _is_index(document: object) -> bool:
    """Tell a feed's manifest.json, which lists its events beside it."""
    return isinstance(document, dict) and all(isinstance(one, dict) and "info" in one for one in document.values())


def _read_streamed(file: BinaryIO, gathered: Gathered) -> None:
    """Read the objects of a large bundle one by one; its relations are tied at the end."""
    reader = StixReader(gathered)
    for element in elements(_after(file), array=True):
        try:
            reader.read([orjson.loads(element.line)])
        except orjson.JSONDecodeError:
            gathered.leave("broken JSON")
    reader.finish()


def _after(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file from the bracket that opens its objects."""
    held = b""
    while piece := file.read(_PIECE):
        held += piece
        if (place := held.find(_OBJECTS)) >= 0 and (start := held.find(b"[", place)) >= 0:
            yield held[start:]
            break
        if held.startswith(b"["):
            yield held
            break
        held = held[-2 * len(_OBJECTS) :] if place < 0 else held[place:]
    while piece := file.read(_PIECE):
        yield piece


def _lines(file: BinaryIO) -> Iterator[str]:
    """Yield lines of bounded length, whatever the file holds."""
    while line := file.readline(_PIECE):
        yield line.decode("utf-8", "replace").lstrip("\ufeff")


def _opened(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return cast("BinaryIO", gzip.open(path, "rb")) if packed else path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
