"""Reads compressed streams piece by piece, in bounded memory, and tells a whole stream from one that ends early."""

import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO, Final, Protocol

import zstandard

PIECE: Final = 1 << 20
"""Bytes read at a time from an uncompressed stream."""
_COMPRESSED_PIECE: Final = 1 << 13
"""Small, because a hostile 8 KiB of zstd can still unfold into some 256 MiB."""


class DamagedStream(Exception):  # noqa: N818 - it is a state of the data, told as a problem, not raised to the user
    """A compressed stream ends early or is damaged; ``str`` is the reason. What was read before it is good."""


class Inflater(Protocol):
    """What ``zlib`` and ``zstandard`` decompression objects have in common."""

    @property
    def eof(self) -> bool:
        """Tell whether the member is complete."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Return what followed the end of the member."""
        ...

    def decompress(self, data: bytes, /) -> bytes:
        """Return what can be decompressed so far."""
        ...


def _gzip() -> Inflater:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Inflater:
    inflater: Inflater = zstandard.ZstdDecompressor().decompressobj()
    return inflater


_MAGIC: Final[dict[bytes, Callable[[], Inflater]]] = {b"\x1f\x8b": _gzip, b"\x28\xb5\x2f\xfd": _zstd}


def read_pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a stream, decompressed when it begins like gzip or zstd, whatever its name.

    Raises:
        DamagedStream: after the last piece that could be read.
        OSError: from the stream.

    """
    head = stream.read(4)
    for magic, fresh in _MAGIC.items():
        if head.startswith(magic):
            yield from _inflate(head, stream, fresh)
            return
    yield head
    while piece := stream.read(PIECE):
        yield piece


def _inflate(head: bytes, stream: BinaryIO, fresh: Callable[[], Inflater]) -> Iterator[bytes]:
    """Decompress member after member; zero padding between them and at the end is allowed, as gzip does."""
    inflater: Inflater | None = None
    for read in chain([head], iter(lambda: stream.read(_COMPRESSED_PIECE), b"")):
        piece = read
        while piece := piece if inflater else piece.lstrip(b"\0"):
            inflater = inflater or fresh()
            yield _unfold(inflater, piece)
            piece, inflater = (inflater.unused_data, None) if inflater.eof else (b"", inflater)
    if inflater:
        raise DamagedStream("the compressed data ends early")


def _unfold(inflater: Inflater, piece: bytes) -> bytes:
    try:
        return inflater.decompress(piece)
    except (zlib.error, zstandard.ZstdError) as exc:
        raise DamagedStream(f"the compressed data is damaged ({exc})") from exc
