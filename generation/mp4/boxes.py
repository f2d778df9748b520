"""The boxes an MP4 is made of (ISO/IEC 14496-12 §4.2): read without trust, and the index moved to the front."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generation.errors import CorruptVideo

Buffer = bytes | bytearray

MAX_SIBLINGS: Final = 10_000
_MAX_MOVABLE_BYTES: Final = 2**32 - 1  # beyond it a 32-bit offset could run over
_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"msdh", b"M4V "}
)
_OFFSET_TABLES: Final[Mapping[bytes, int]] = {b"stco": 4, b"co64": 8}  # bytes of one offset


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-letter kind and where it starts, where what it holds begins, and where it ends, in bytes."""

    kind: bytes
    start: int
    payload: int
    end: int


def is_mp4(head: bytes) -> bool:
    """Whether a file that begins like this (32 bytes are enough) says that it is an MP4. Promises nothing else."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or not 16 <= size <= 4096:
        return False
    brands = head[8:12] + head[16:size]
    return any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))


def boxes(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie side by side in ``data[start:end]``; together they fill it.

    Raises CorruptVideo for a box that is shorter than its own header or longer than its room, and for absurdly many.
    """
    limit = len(data) if end is None else end
    for _ in range(MAX_SIBLINGS):
        if start == limit:
            return
        box = _box_at(data, start, limit, may_be_open=end is None)
        yield box
        start = box.end
    raise CorruptVideo("The MP4 is made of far too many pieces.")


def _box_at(data: Buffer, start: int, end: int, *, may_be_open: bool) -> Box:
    size, payload = int.from_bytes(data[start : start + 4], "big"), start + 8
    if size == 1:  # the real size follows, in 64 bits
        size, payload = int.from_bytes(data[start + 8 : start + 16], "big"), start + 16
    elif size == 0 and may_be_open:  # "to the end of the file", which only the outermost level may say
        size = end - start
    if payload > end or start + size > end:
        raise CorruptVideo("The MP4 is cut short.")
    if start + size < payload:
        raise CorruptVideo("The MP4 holds a piece of an impossible size.")
    return Box(bytes(data[start + 4 : start + 8]), start, payload, start + size)


def descend(data: Buffer, parent: Box, *path: bytes) -> Iterator[Box]:
    """All boxes at the end of a path of kinds below ``parent``."""
    for child in boxes(data, parent.payload, parent.end):
        if child.kind == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from descend(data, child, *path[1:])


def has_faststart(data: Buffer) -> bool:
    """Whether the index (moov) comes before the pictures (mdat), so that playing can begin while it still loads."""
    kinds = [box.kind for box in boxes(data)]
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def faststart(data: bytes) -> bytes:
    """The same MP4 with its index before its pictures; the very same bytes when it already is so.

    FFmpeg's own ``+faststart`` opens its output a second time by name, which a file in memory does not have.
    For files that are our own or have been probed. Raises CorruptVideo when there is no index, when there are no
    pictures, or when the index points to nonsense.
    """
    index = next((box for box in boxes(data) if box.kind == b"moov"), None)
    pictures = next((box for box in boxes(data) if box.kind == b"mdat"), None)
    if index is None or pictures is None:
        raise CorruptVideo("The MP4 has no index or no pictures.")
    if index.start < pictures.start:
        return data
    if len(data) > _MAX_MOVABLE_BYTES:
        raise CorruptVideo("The MP4 is too large.")
    to = pictures.start
    return data[:to] + _shifted(data, index, to) + data[to : index.start] + data[index.end :]


def _shifted(data: bytes, index: Box, to: int) -> bytearray:
    """The index as it must read once it lies at ``to``: what lay between there and its old place moves up behind it."""
    moved = bytearray(data[index.start : index.end])
    if moved[:4] == bytes(4):
        moved[:4] = len(moved).to_bytes(4, "big")
    root = next(boxes(moved))
    for kind, entry_bytes in _OFFSET_TABLES.items():
        for table in descend(moved, root, b"trak", b"mdia", b"minf", b"stbl", kind):
            count, first = _entries(moved, table, entry_bytes)
            offsets = np.frombuffer(moved, f">u{entry_bytes}", count, first)
            offsets[:] = _after_move(offsets.astype(np.uint64), index, to)
    return moved


def _entries(data: bytearray, table: Box, entry_bytes: int) -> tuple[int, int]:
    """How many entries a counted table has and where the first one is; they must lie within the table."""
    count, first = int.from_bytes(data[table.payload + 4 : table.payload + 8], "big"), table.payload + 8
    if first + count * entry_bytes > table.end:
        raise CorruptVideo("The MP4's index is longer than the room it has.")
    return count, first


def _after_move(offsets: NDArray[np.uint64], index: Box, to: int) -> NDArray[np.uint64]:
    if np.any((offsets >= index.start) & (offsets < index.end)):
        raise CorruptVideo("The MP4's index points into itself.")
    offsets[(offsets >= to) & (offsets < index.start)] += np.uint64(index.end - index.start)
    return offsets
