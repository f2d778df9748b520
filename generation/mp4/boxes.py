"""The boxes of an MP4 (ISO/IEC 14496-12 §4.2): read as hostile input, and the index (moov) moved to
the front."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generation.protocol.errors import CorruptVideo

Buffer = bytes | bytearray

MAX_SIBLINGS: Final = 10_000
_MAX_MOVABLE_BYTES: Final = 2**32 - 1  # beyond it a 32-bit offset could run over
_BRANDS: Final = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso3",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"dash",
        b"msdh",
        b"M4V ",
    }
)
_OFFSET_TABLES: Final[Mapping[bytes, int]] = {b"stco": 4, b"co64": 8}  # bytes of one offset


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-letter kind, and where the box, its payload and its end are, in bytes."""

    kind: bytes
    start: int
    payload: int
    end: int


def is_mp4(head: bytes) -> bool:
    """Whether a file's first bytes (32 are enough) say that it is an MP4; the rest is not read."""
    # an ftyp box lists the brands: a major one, its version, then compatible ones
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or not 16 <= size <= 4096:
        return False
    brands = head[8:12] + head[16:size]
    return any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))


def boxes(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes side by side in ``data[start:end]``; together they fill it.

    Raises CorruptVideo for a box that is shorter than its own header or ends beyond ``end``, and
    for more than MAX_SIBLINGS.
    """
    limit = len(data) if end is None else end
    # bounded, because a box may be as short as its header
    for _ in range(MAX_SIBLINGS):
        if start == limit:
            return
        box = _box_at(data, start, limit, may_be_open=end is None)
        yield box
        start = box.end
    raise CorruptVideo("The MP4 is made of far too many pieces.")


def _box_at(data: Buffer, start: int, end: int, *, may_be_open: bool) -> Box:
    size, payload = int.from_bytes(data[start : start + 4], "big"), start + 8
    if size == 1:
        # the real size follows, in 64 bits
        size, payload = int.from_bytes(data[start + 8 : start + 16], "big"), start + 16
    elif size == 0 and may_be_open:
        # "to the end of the file", which only the outermost level may say
        size = end - start
    if payload > end or start + size > end:
        raise CorruptVideo("The MP4 is cut short.")
    if start + size < payload:
        raise CorruptVideo("The MP4 holds a piece of an impossible size.")
    return Box(bytes(data[start + 4 : start + 8]), start, payload, start + size)


def descend(data: Buffer, parent: Box, *path: bytes) -> Iterator[Box]:
    """All boxes at the end of a path of kinds below ``parent``."""
    for child in boxes(data, parent.payload, parent.end):
        # an MP4 may hold several boxes of a kind, one per track for example
        if child.kind == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from descend(data, child, *path[1:])


def has_faststart(data: Buffer) -> bool:
    """Whether the index (moov) comes before the frames (mdat), so that a player can start while the
    file loads."""
    kinds = [box.kind for box in boxes(data)]
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def faststart(data: bytes) -> bytes:
    """The same MP4 with its index before its frames; unchanged when it already is so.

    FFmpeg's own ``+faststart`` opens its output a second time by name, which a file in memory does
    not have. For files that are our own or have been probed. Raises CorruptVideo when the index or
    the frames are missing, or when the index points to nonsense.
    """
    index = next((box for box in boxes(data) if box.kind == b"moov"), None)
    media = next((box for box in boxes(data) if box.kind == b"mdat"), None)
    if index is None or media is None:
        raise CorruptVideo("The MP4 has no index or no pictures.")
    if index.start < media.start:
        return data
    # checked here, because the index moves only in files that are not in order
    if len(data) > _MAX_MOVABLE_BYTES:
        raise CorruptVideo("The MP4 is too large.")
    to = media.start
    return data[:to] + _shifted(data, index, to) + data[to : index.start] + data[index.end :]


def _shifted(data: bytes, index: Box, to: int) -> bytearray:
    """The index for its new start at ``to``: everything between there and its old start moves back
    by its length, so offsets into that part grow."""
    moved = bytearray(data[index.start : index.end])
    if moved[:4] == bytes(4):
        # size 0 means "to the end of the file", which is not true at the front
        moved[:4] = len(moved).to_bytes(4, "big")
    root = next(boxes(moved))
    for kind, entry_bytes in _OFFSET_TABLES.items():
        for table in descend(moved, root, b"trak", b"mdia", b"minf", b"stbl", kind):
            count, first = _entries(moved, table, entry_bytes)
            # a view into ``moved``: assigning to it changes the table itself
            offsets = np.frombuffer(moved, f">u{entry_bytes}", count, first)
            offsets[:] = _after_move(offsets.astype(np.uint64), index, to)
    return moved


def _entries(data: bytearray, table: Box, entry_bytes: int) -> tuple[int, int]:
    """How many entries a table has and where the first one is; all must be within the table."""
    first = table.payload + 8
    count = int.from_bytes(data[first - 4 : first], "big")
    if first + count * entry_bytes > table.end:
        raise CorruptVideo("The MP4's index is longer than the room it has.")
    return count, first


def _after_move(offsets: NDArray[np.uint64], index: Box, to: int) -> NDArray[np.uint64]:
    # an offset into the index itself has no meaning after the move
    if np.any((offsets >= index.start) & (offsets < index.end)):
        raise CorruptVideo("The MP4's index points into itself.")
    offsets[(offsets >= to) & (offsets < index.start)] += np.uint64(index.end - index.start)
    return offsets
