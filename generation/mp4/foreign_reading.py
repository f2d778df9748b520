"""The process that unpacks one picture or video of a stranger: it reads the file from standard
input and writes the frames to standard output, after a line that gives their shape.

FFmpeg and the picture libraries read what strangers made, so what breaks them breaks this process
only: it has bounds on memory and time, and it opens nothing but what it was given.
"""

import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Final

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from generation.mp4.foreign_file import WantedFrames
from generation.protocol.errors import UnreadableFile
from generation.protocol.inputs.trouble import FileTrouble

MEMORY_BYTES: Final = 2 * 2**30
PROCESSOR_SECONDS: Final = 20
PICTURE_PIXELS: Final = 50_000_000
VIDEO_PIXELS: Final = 4096 * 2304
FRAMES_READ: Final = 4000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "gif", "mjpeg"})
_STILLS: Final = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
"""Brands of pictures, HEIC and AVIF, that look like MP4s."""
_INSTANT: Final = 1e-3  # seconds
_OPTIONS: Final = {"protocol_whitelist": "", "max_pixels": str(VIDEO_PIXELS), "threads": "1"}

Frame = NDArray[np.uint8]


def main() -> None:
    """Read, and answer: frames, or why there are none."""
    wanted = WantedFrames(**json.loads(sys.argv[1]))
    data = sys.stdin.buffer.read()
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
    ):
        _bound(what, most)
    try:
        frames = frames_of(data, wanted)
    except UnreadableFile as error:
        _answer({"why": error.trouble.value})
    except MemoryError:
        _answer({"why": FileTrouble.TOO_MUCH.value})
    else:
        _answer({"shape": frames.shape[:3]})
        sys.stdout.buffer.write(frames.tobytes())


def _bound(what: int, most: int) -> None:
    """Bound this process, which may be bounded more tightly already."""
    _, already = resource.getrlimit(what)
    least = most if already == resource.RLIM_INFINITY else min(most, already)
    resource.setrlimit(what, (least, least))


def frames_of(data: bytes, wanted: WantedFrames) -> NDArray[np.uint8]:
    """Shape (frames, height, width, 3), RGB; one frame of a picture. Raises UnreadableFile."""
    frames = list(_sampled(data, wanted)) if wanted.is_video else [_picture(data)]
    if wanted.is_video and len(frames) < 2:
        raise UnreadableFile(FileTrouble.TOO_SHORT)
    size = _size(frames[0].size, wanted)
    fitted = [ImageOps.fit(frame, size, Image.Resampling.LANCZOS) for frame in frames]
    return np.stack([np.asarray(frame) for frame in fitted])


def _picture(data: bytes) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = PICTURE_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            # the header alone says how large it will be
            if picture.width * picture.height > PICTURE_PIXELS:
                raise UnreadableFile(FileTrouble.TOO_MANY_PIXELS)
            return _on_white(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise UnreadableFile(FileTrouble.TOO_MANY_PIXELS) from error
    except UnidentifiedImageError as error:
        raise UnreadableFile(FileTrouble.NO_PICTURE) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnreadableFile(FileTrouble.DAMAGED) from error


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    above = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")


def _container(data: bytes) -> str:
    """FFmpeg's name of the format, by the file's first bytes: a playlist would open other files."""
    if data[4:8] == b"ftyp" and data[8:12] not in _STILLS:
        return "mov"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    raise UnreadableFile(FileTrouble.NO_VIDEO)


def _sampled(data: bytes, wanted: WantedFrames) -> Iterator[Image.Image]:
    """The frame that is shown at each moment that is wanted, from the start on."""
    kept: VideoFrame | None = None
    taken, shown_since, shown_for = 0, 0.0, 0.0
    most = min(wanted.frames_at_most, int(wanted.seconds * wanted.fps))
    for moment, frame in _timed(data):
        # the frame before is the one that is shown until now
        while kept is not None and taken < most and taken / wanted.fps < moment - _INSTANT:
            yield _upright(kept)
            taken += 1
        if taken >= most:
            return
        kept, shown_since, shown_for = frame, moment, moment - shown_since
    # the last one is shown as long as the one before it
    while kept and taken < most and taken / wanted.fps < shown_since + shown_for - _INSTANT:
        yield _upright(kept)
        taken += 1


def _timed(data: bytes) -> Iterator[tuple[float, VideoFrame]]:
    """The frames with their moments in seconds, counted from the first one."""
    name = _container(data)
    try:
        with av.open(io.BytesIO(data), "r", format=name, options=_OPTIONS) as container:
            if not container.streams.video:
                raise UnreadableFile(FileTrouble.NO_VIDEO)
            stream = container.streams.video[0]
            # AttributeError: a stream without a decoder, whose codec_context is None
            if stream.codec_context.name not in _CODECS:
                raise UnreadableFile(FileTrouble.NO_VIDEO)
            _check_size(stream.codec_context.width, stream.codec_context.height)
            stream.codec_context.options = _OPTIONS
            first: float | None = None
            for count, frame in enumerate(container.decode(stream)):
                _check_size(frame.width, frame.height)
                if count >= FRAMES_READ:
                    return
                first = frame.time if first is None else first
                yield frame.time - first, frame
    except (av.FFmpegError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise UnreadableFile(FileTrouble.DAMAGED) from error


def _check_size(width: int, height: int) -> None:
    if width * height > VIDEO_PIXELS:
        raise UnreadableFile(FileTrouble.TOO_MANY_PIXELS)


def _upright(frame: VideoFrame) -> Image.Image:
    """The frame as a player shows it: a phone's videos are often stored lying."""
    picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture


def _size(given: tuple[int, int], wanted: WantedFrames) -> tuple[int, int]:
    """Width and height of the frames."""
    if wanted.width:
        return wanted.width, wanted.height
    scale = min(1.0, (wanted.area / (given[0] * given[1])) ** 0.5)
    width, height = (
        max(1, round(side * scale / wanted.multiple)) * wanted.multiple for side in given
    )
    # rounding up may pass the area; a very long side is cut
    while width * height > wanted.area:
        longer = max(width, height) - wanted.multiple
        width, height = (longer, height) if width >= height else (width, longer)
    return width, height


def _answer(head: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")


if __name__ == "__main__":
    main()
