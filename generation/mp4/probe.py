"""What an MP4 really holds: measured on the file's own pictures, never on what its sender says of it."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from generation.errors import CorruptVideo
from generation.mp4.boxes import has_faststart
from generation.mp4.vetting import MAX_BYTES, MAX_FRAMES, vetted

MAX_PIXELS: Final = 4 * 2**20
_FIRST_FRAME_WITHIN: Final = 64  # packets: H.264 may hold back 16 frames at most, and some first frames may be broken
_OPEN_SECONDS: Final = 10.0
_DECODER_OPTIONS: Final = {"max_pixels": str(MAX_PIXELS), "threads": "1"}
_POSTER_SIDE: Final = 640
_POSTER_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class ColourTags:
    """How a player is told to turn the pictures into colours: code points of ITU-T H.273 (2 = not said).

    ``range`` is FFmpeg's: 0 = not said, 1 = MPEG (16-235), 2 = JPEG (0-255).
    """

    matrix: int
    primaries: int
    transfer: int
    range: int


BT709: Final = ColourTags(matrix=1, primaries=1, transfer=1, range=1)


@dataclass(frozen=True, slots=True)
class Video:
    """A playable H.264 MP4. Sizes in pixels; ``fps`` is the average, exactly frames / duration.

    ``faststart`` says that the index comes first, so that playing can begin while the file still loads.
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


@dataclass(frozen=True, slots=True)
class _Source:
    """An opened file: its video stream, and its size in bytes as the most that all packets together may have."""

    container: InputContainer
    stream: VideoStream
    size_bytes: int

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """The coded frames in the order of the file; bounded, because frames may claim overlapping bytes."""
        bytes_left = self.size_bytes
        for count, packet in enumerate(self.container.demux(self.stream)):
            if packet.size == 0:  # the demuxer's way to say that it is done
                return
            bytes_left -= packet.size
            if bytes_left < 0 or count >= MAX_FRAMES or packet.is_corrupt:
                raise CorruptVideo("The MP4's pictures are not where its index says.")
            yield packet


@contextmanager
def _opened(data: bytes) -> Iterator[_Source]:
    """The vetted file in FFmpeg's hands. The one place where errors of reading become CorruptVideo."""
    safe = vetted(data)
    try:
        with av.open(
            io.BytesIO(safe),
            "r",
            format="mp4",
            options=_DECODER_OPTIONS,
            metadata_errors="replace",
            timeout=_OPEN_SECONDS,
        ) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = _DECODER_OPTIONS
            yield _Source(container, stream, len(data))
    except (av.FFmpegError, ValueError, LookupError, ArithmeticError, MemoryError) as error:
        raise CorruptVideo("The MP4's pictures cannot be decoded.") from error


def probe(data: bytes | Path) -> Video:
    """What an MP4 holds: counts its frames and decodes the first. Blocks for some milliseconds.

    Raises CorruptVideo, in a sentence, for anything that is not a playable H.264 MP4; OSError when a path cannot be read.
    """
    if isinstance(data, Path):
        data = _read(data)
    with _opened(data) as source:
        packets = list(source.packets())
        first = _first_good_frame(source.stream, packets)
        duration = sum(packet.duration or 0 for packet in packets) * Fraction(source.stream.time_base or 0)
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
        colour=ColourTags(first.colorspace, first.color_primaries, first.color_trc, first.color_range),
        faststart=has_faststart(data),
        size_bytes=len(data),
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _first_good_frame(stream: VideoStream, packets: "Iterable[Packet[VideoStream]]") -> VideoFrame:
    """The first frame that decodes whole, from no more packets than a decent clip needs for it."""
    for packet in (*islice(packets, _FIRST_FRAME_WITHIN), None):
        for frame in stream.decode(packet):
            if not frame.is_corrupt:
                return frame
    raise CorruptVideo("The MP4 holds no picture that can be decoded.")


def decoded(data: bytes) -> Iterator[VideoFrame]:
    """All frames in the order they are shown, one at a time. Raises CorruptVideo."""
    with _opened(data) as source:
        for packet in source.packets():
            yield from source.stream.decode(packet)
        yield from source.stream.decode(None)


def poster(data: bytes) -> bytes:
    """The first good frame as a JPEG of at most 640 pixels a side, for link pages. Raises CorruptVideo."""
    with _opened(data) as source:
        frame = _first_good_frame(source.stream, source.packets())
        scale = min(1, Fraction(_POSTER_SIDE, max(frame.width, frame.height)))
        small = frame.reformat(
            width=max(1, round(frame.width * scale)),
            height=max(1, round(frame.height * scale)),
            format="rgb24",
            interpolation="AREA" if scale < 1 else "BICUBIC",
            threads=1,
        )
        picture = Image.fromarray(small.to_ndarray())
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=_POSTER_QUALITY, optimize=True)
    return jpeg.getvalue()
