"""Reading an untrusted MP4 with FFmpeg: vetted first, bounded in memory and time, and errors
translated here."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from generation.mp4.vetting import MAX_FRAMES, vetted
from generation.protocol.errors import CorruptVideo

_MAX_PIXELS: Final = 4 * 2**20
_FIRST_FRAME_WITHIN: Final = 64  # packets: H.264 holds back 16 frames at most
_OPEN_SECONDS: Final = 10.0
# PyAV's own besides FFmpeg's; AttributeError is a stream without a decoder: its codec_context is
# None
_READING_ERRORS: Final = (
    av.FFmpegError,
    ValueError,
    LookupError,
    ArithmeticError,
    MemoryError,
    AttributeError,
)
_DECODER_OPTIONS: Final = {"max_pixels": str(_MAX_PIXELS), "threads": "1"}


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: its video stream, and its size in bytes, which all packets together must not
    exceed."""

    container: InputContainer
    stream: VideoStream
    size_bytes: int

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """The coded frames in the order of the file; bounded, because an index may list the same
        bytes many times."""
        bytes_left = self.size_bytes
        for count, packet in enumerate(self.container.demux(self.stream)):
            if packet.size == 0:
                # the demuxer is done
                return
            bytes_left -= packet.size
            if bytes_left < 0 or count >= MAX_FRAMES or packet.is_corrupt:
                raise CorruptVideo("The MP4's pictures are not where its index says.")
            yield packet


@contextmanager
def opened(data: bytes) -> Iterator[Source]:
    """The vetted file, opened by FFmpeg. Every error of reading becomes CorruptVideo here."""
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
            yield Source(container, stream, len(data))
    except _READING_ERRORS as error:
        raise CorruptVideo("The MP4's pictures cannot be decoded.") from error


def first_frame(stream: VideoStream, packets: "Iterable[Packet[VideoStream]]") -> VideoFrame:
    """The first frame that decodes whole, from as many packets as a valid clip may need."""
    # None at the end makes the decoder give out what it still holds back
    for packet in (*islice(packets, _FIRST_FRAME_WITHIN), None):
        for frame in stream.decode(packet):
            if not frame.is_corrupt:
                return frame
    raise CorruptVideo("The MP4 holds no picture that can be decoded.")


def decoded(data: bytes) -> Iterator[VideoFrame]:
    """All frames in the order they are shown, one at a time, all of one size. Raises
    CorruptVideo."""
    # an encoder cannot change its size in the middle of a clip
    sizes = set()
    with opened(data) as source:
        for packet in (*source.packets(), None):
            for frame in source.stream.decode(packet):
                sizes.add((frame.width, frame.height))
                if len(sizes) > 1:
                    raise CorruptVideo("The video changes its size while it plays.")
                yield frame
