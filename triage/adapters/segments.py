"""Columnar segments on disk: the working set of a run, which stays as its permanent record.

Every file appears whole or not at all (temporary file, fsync, rename), so that a run killed at any moment
finds either the old content or the new one. Nothing here knows what the frames mean.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson
import polars as pl
import zstandard

from triage.atomic import replacing
from triage.errors import StateError
from triage.ports import RawPage

_KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*")
_SKIPPABLE = 0x184D2A50
"""Magic number of a zstd skippable frame (RFC 8878, 3.1.2): holds the page's origin, so `zstd -d` still works."""
_ROW_GROUP = 1 << 16
FRAME_HELD = 1 << 20
"""Bytes in memory up to which a frame that was read is kept for whoever asks next."""
PARTS_HELD = 4
"""Parts of raw documents kept split."""


@contextmanager
def _disk(path: Path, action: str) -> Iterator[None]:
    """Translate what the file system says into an error a user can act on."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"cannot {action} {path}: {error.strerror or error}; check disk space and permissions"
        ) from error
    except (pl.exceptions.PolarsError, zstandard.ZstdError) as error:
        raise StateError(
            f"cannot {action} {path}: the file is damaged; restore the state folder from a backup"
        ) from error


def private_folder(folder: Path) -> Path:
    """Create a folder that only its owner can enter, and return it; its parents are ordinary. Raises StateError."""
    with _disk(folder, "create"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make_private(folder)
    return folder


def _make_private(folder: Path) -> None:
    """Create a folder, and those above it that are missing, for the owner alone, whatever the umask takes or leaves."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)


@contextmanager
def _private_file(path: Path) -> Iterator[BinaryIO]:
    with _disk(path, "write"):
        _make_private(path.parent)
        with replacing(path, mode=0o600) as file:
            yield file
        path.chmod(0o600)


class _Held(NamedTuple):
    version: tuple[int, int, int]
    frame: pl.DataFrame


class FolderWorkingSet:
    """``ports.WorkingSet`` over a folder: one Parquet file (zstd) per key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, _Held] = {}
        self._raw = FolderRawStore(folder / "raw")

    def path(self, key: str) -> Path:
        """Return the file of a key, whether it exists or not. Raises ValueError for an unsafe key."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"working set key {key!r} must consist of [a-z0-9_-] parts divided by '/'")
        return self._folder / f"{key}.parquet"

    def put(self, key: str, frame: pl.DataFrame) -> None:
        """Store a frame; a reader sees all of it or nothing. Raises StateError when the disk refuses."""
        with _private_file(self.path(key)) as file:
            frame.write_parquet(file, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP)

    def get(self, key: str) -> pl.DataFrame:
        """Return a frame; KeyError when there is none. Small ones are read again only once their file was replaced."""
        path = self.path(key)
        if not path.exists():
            raise KeyError(key)
        with _disk(path, "read"):
            version, held = _version(path), self._held.get(key)
            if held and held.version == version:
                return held.frame.clone()
            frame = pl.read_parquet(path, glob=False)
        if frame.estimated_size() <= FRAME_HELD:
            self._held[key] = _Held(version, frame.clone())
        return frame

    def has(self, key: str) -> bool:
        """Tell whether a frame is stored under this key."""
        return self.path(key).exists()

    def raw(self) -> "FolderRawStore":
        """Return the raw documents of this run."""
        return self._raw


def _version(path: Path) -> tuple[int, int, int]:
    """Return what differs once a file was replaced, by whomever."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


class _Lines(NamedTuple):
    part: int
    lines: list[bytes]


class FolderRawStore:
    """``ports.RawStore`` over a folder: one zstd file per part, its origin in a skippable frame in front."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[_Lines, ...] = ()

    def append(self, part: int, page: RawPage) -> None:
        """Store a page as part ``part`` (0 to 99,999,999), replacing what was there. Raises StateError."""
        meta = orjson.dumps({"origin": page.origin, "first_line": page.first_line, "count": page.count})
        with _private_file(self._path(part)) as file:
            file.write(struct.pack("<II", _SKIPPABLE, len(meta)) + meta)
            file.write(zstandard.ZstdCompressor(level=2).compress(page.lines))
        self._held = ()

    def parts(self) -> Sequence[int]:
        """Return the numbers of the stored parts, ascending."""
        return sorted(int(path.stem) for path in self._folder.glob("[0-9]*.zst"))

    def page(self, part: int) -> RawPage:
        """Return a stored page; KeyError when there is none."""
        path = self._path(part)
        if not path.exists():
            raise KeyError(part)
        with _disk(path, "read"):
            content = path.read_bytes()
            size = struct.unpack_from("<I", content, 4)[0]
            meta = orjson.loads(content[8 : 8 + size])
            lines = zstandard.ZstdDecompressor().decompress(memoryview(content)[8 + size :])
        return RawPage(lines, meta["count"], meta["origin"], meta["first_line"])

    def document(self, part: int, line: int) -> bytes:
        """Return one document by its 0-based line in a part; KeyError when there is none.

        The last few parts are kept split, because the documents of an incident come from few parts. What is kept is
        replaced as a whole, so that threads need no lock; at worst two of them split the same part.
        """
        held = self._held
        asked = next((one for one in held if one.part == part), None)
        if asked is None:
            asked = _Lines(part, self.page(part).lines.split(b"\n"))
            self._held = (asked, *held[: PARTS_HELD - 1])
        if not 0 <= line < len(asked.lines):
            raise KeyError((part, line))
        return asked.lines[line]

    def clear(self) -> None:
        """Forget all parts."""
        self._held = ()
        with _disk(self._folder, "clear"):
            for path in self._folder.glob("*.zst"):
                path.unlink()

    def _path(self, part: int) -> Path:
        if not 0 <= part < 10**8:
            raise ValueError(f"part {part} is out of range")
        return self._folder / f"{part:08d}.zst"
