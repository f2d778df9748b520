"""What an MP4 really holds: measured on its own frames, not on what its sender says of it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from generation.mp4.boxes import has_faststart
from generation.mp4.reading import first_frame, opened
from generation.mp4.vetting import MAX_BYTES
from generation.protocol.errors import CorruptVideo


@dataclass(frozen=True, slots=True)
class ColourTags:
    """How a player converts the frames to colours: code points of ITU-T H.273 (2 = unspecified).

    ``range`` is FFmpeg's: 0 = unspecified, 1 = MPEG (16-235), 2 = JPEG (0-255).
    """

    matrix: int
    primaries: int
    transfer: int
    range: int


BT709: Final = ColourTags(matrix=1, primaries=1, transfer=1, range=1)


@dataclass(frozen=True, slots=True)
class Video:
    """A playable H.264 MP4. Sizes in pixels; ``fps`` is the average, exactly frames / duration.

    ``faststart``: the index comes first, so that a player can start while the file loads.
    """

    codec: str
    profile: str
    pixel_format: str
    width: int
    height: int
    frames: int
    fps: Fraction
    duration_seconds: float
    colour: ColourTags
    faststart: bool
    size_bytes: int


def probe(data: bytes | Path) -> Video:
    """What an MP4 holds: counts its frames and decodes the first. Blocks for some milliseconds.

    Raises CorruptVideo, with a sentence, for anything that is not a playable H.264 MP4; OSError for
    a path that cannot be read.
    """
    if isinstance(data, Path):
        data = _read(data)
    with opened(data) as source:
        # counted from the packets, because the index may say anything
        packets = list(source.packets())
        first = first_frame(source.stream, packets)
        duration = sum(packet.duration or 0 for packet in packets) * Fraction(
            source.stream.time_base or 0
        )
        coding = source.stream.codec_context
    if duration <= 0:
        raise CorruptVideo("The MP4 has no duration.")
    return Video(
        codec=coding.name,
        profile=coding.profile or "",
        pixel_format=first.format.name,
        width=first.width,
        height=first.height,
        frames=len(packets),
        fps=len(packets) / duration,
        duration_seconds=float(duration),
        colour=ColourTags(
            first.colorspace, first.color_primaries, first.color_trc, first.color_range
        ),
        faststart=has_faststart(data),
        size_bytes=len(data),
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        # one byte more than allowed is enough to refuse the file
        return file.read(MAX_BYTES + 1)
