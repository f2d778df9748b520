"""What FFmpeg is given of an untrusted MP4: the few boxes that a video track needs, each table
checked first.

A table that announces four billion frames costs a hostile sender twenty bytes and FFmpeg gigabytes.
So the index is checked first: in a copy, boxes that playing does not need (metadata, sound,
chapters, encryption, still images) become padding of the same size. Tables must end within their
box and list no more than a clip can have.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from generation.mp4.boxes import Box, Buffer, boxes, is_mp4
from generation.protocol.errors import CorruptVideo

MAX_BYTES: Final = 256 * 2**20
MAX_FRAMES: Final = 10_000
_MAX_BOXES: Final = 50_000
_MAX_DEPTH: Final = 12

# Where the boxes within a box begin, in bytes after its header
_CONTAINERS: Final[Mapping[bytes, int]] = dict.fromkeys(
    (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"), 0
) | {b"stsd": 8, b"avc1": 78, b"avc3": 78}
_PLAIN: Final = frozenset(
    {
        b"ftyp",
        b"mdat",
        b"mvhd",
        b"tkhd",
        b"mdhd",
        b"hdlr",
        b"vmhd",
        b"avcC",
        b"colr",
        b"pasp",
        b"trex",
        b"mfhd",
        b"tfhd",
        b"tfdt",
    }
)
# Tables: where the count is, in bytes after the header, and how many bytes an entry has
_TABLES: Final[Mapping[bytes, tuple[int, int]]] = {
    b"stts": (4, 8),
    b"ctts": (4, 8),
    b"stsc": (4, 12),
    b"stss": (4, 4),
    b"stco": (4, 4),
    b"co64": (4, 8),
    b"elst": (4, 12),
    b"stsz": (8, 4),
    b"trun": (4, 0),
}
_RUNS: Final = frozenset({b"stts", b"ctts"})  # each entry counts for many frames
_MAX_EDITS: Final = 16  # each edit may list all frames again
_TRUN_FIELDS: Final = (0x100, 0x200, 0x400, 0x800)


def vetted(data: bytes) -> bytearray:
    """A copy of an MP4 that is safe to hand to FFmpeg.

    Raises CorruptVideo, with a sentence, for what is not an MP4, is cut short, is not H.264, or has
    an index that cannot be true.
    """
    if not data:
        raise CorruptVideo("The file is empty.")
    if len(data) > MAX_BYTES:
        raise CorruptVideo("The file is far larger than a clip can be.")
    if not is_mp4(data[:4096]):
        raise CorruptVideo("The file is not an MP4.")
    vetting = _Vetting(bytearray(data))
    # the whole file is its outermost level
    vetting.level(0, None)
    if not vetting.has_video:
        raise CorruptVideo("The MP4 has no video track.")
    return vetting.data


class _Vetting:
    """The check of one file, with counts of what was seen so far."""

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.has_video = False
        self._boxes_left = _MAX_BOXES
        self._frames: Counter[bytes] = Counter()

    def level(self, start: int, end: int | None, depth: int = 0) -> None:
        """Vet the boxes side by side in a range of the file, and those within them."""
        if depth > _MAX_DEPTH:
            raise CorruptVideo("The MP4 is nested far too deeply.")
        for box in self._counted(start, end):
            self._vet(box, depth)

    def _counted(self, start: int, end: int | None) -> Iterator[Box]:
        for box in boxes(self.data, start, end):
            self._boxes_left -= 1
            if self._boxes_left < 0:
                raise CorruptVideo("The MP4 is made of far too many pieces.")
            yield box

    def _vet(self, box: Box, depth: int) -> None:
        if box.kind == b"stsd":
            self._vet_codecs(box)
        if box.kind in _TABLES:
            self._vet_table(box)
        elif box.kind == b"trak" and not self._is_first_video(box):
            self._pad(box)
        elif box.kind in _CONTAINERS:
            self.level(box.payload + _CONTAINERS[box.kind], box.end, depth + 1)
        elif box.kind not in _PLAIN:
            # unknown kinds too: FFmpeg reads more of them than playing needs
            self._pad(box)

    def _pad(self, box: Box) -> None:
        # "free" is a box that every reader skips; offsets stay as they are
        self.data[box.start + 4 : box.start + 8] = b"free"

    def _is_first_video(self, track: Box) -> bool:
        if self.has_video:
            return False
        # the handler says what a track is: "vide", "soun" and others
        media = (box for box in self._counted(track.payload, track.end) if box.kind == b"mdia")
        handlers = (
            box
            for part in media
            for box in self._counted(part.payload, part.end)
            if box.kind == b"hdlr"
        )
        self.has_video = any(
            self.data[box.payload + 8 : box.payload + 12] == b"vide" for box in handlers
        )
        return self.has_video

    def _vet_table(self, box: Box) -> None:
        """Check a table; tables of one kind add up, because a file may hold many."""
        self._frames[box.kind] += _frames_of_table(self.data, box)
        if self._frames[box.kind] > (_MAX_EDITS if box.kind == b"elst" else MAX_FRAMES):
            raise CorruptVideo("The MP4's index promises more than a clip can hold.")

    def _vet_codecs(self, box: Box) -> None:
        kinds = [entry.kind for entry in boxes(self.data, box.payload + 8, box.end)]
        foreign = [kind for kind in kinds if kind not in (b"avc1", b"avc3")]
        if foreign or not kinds:
            name = foreign[0].decode("ascii", "replace") if foreign else ""
            raise CorruptVideo(
                f"The video is coded as {name if name.isalnum() else 'nothing known'}, not as "
                "H.264."
            )


def _frames_of_table(data: Buffer, box: Box) -> int:
    """How many frames a table lists; its entries must end within its box."""
    count_at, usual_bytes = _TABLES[box.kind]
    count, first = _number(data, box.payload + count_at), box.payload + count_at + 4
    entry_bytes = _entry_bytes(data, box, usual_bytes)
    if first + count * entry_bytes > box.end:
        raise CorruptVideo("The MP4's index is longer than the room it has.")
    # a larger count is over the limit by itself, and would take long to add up
    if box.kind in _RUNS and count <= MAX_FRAMES:
        return sum(_number(data, first + entry * entry_bytes) for entry in range(count))
    return count


def _entry_bytes(data: Buffer, box: Box, usual: int) -> int:
    """The bytes of one entry, which for some tables depend on their own header."""
    header = _number(data, box.payload)
    if box.kind == b"elst" and header >> 24 == 1:
        return 20
    if box.kind == b"stsz" and _number(data, box.payload + 4):
        # all frames have one size, which the header gives
        return 0
    if box.kind == b"trun":
        return 4 * sum(bool(header & field) for field in _TRUN_FIELDS)
    return usual


def _number(data: Buffer, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
