"""Frames to MP4: H.264 High, yuv420p, converted to and tagged as BT.709, index first. It plays
inline everywhere.

Equal frames give equal bytes on one machine with one set of versions: one x264 thread, no dates, no
version names, and no B-frames. With B-frames x264's look-ahead reads memory that it never wrote
(seen with x264 165 and AVX-512: up to five different files of the same frames). Without them a clip
is a tenth larger, encodes faster, and starts at zero.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from typing import Final, Literal, get_args

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from generation.mp4.boxes import faststart
from generation.mp4.probe import BT709, ColourTags
from generation.mp4.smooth import TAIL, smooth_count, smoothed

# "ultrafast" is left out: it turns off what makes the profile High.
Preset = Literal["superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]

MAX_FPS: Final = 240
ACCURATE: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_CRFS: Final = range(1, 52)  # 0 would be lossless, which no browser plays
_MIN_SIDE: Final = 16  # pixels
_METADATA: Final = frozenset(
    {"title", "artist", "date", "comment", "description", "synopsis", "copyright", "keywords"}
)
_TICKS_PER_FRAME: Final = 1000


@dataclass(frozen=True, slots=True)
class Playing:
    """How frames are shown: ``order`` names each as often as it is seen; with ``smooth_fps`` there
    are others between them, so that it plays as long as before. ``goes_round``: after the last one
    comes the first."""

    order: Sequence[int]
    smooth_fps: int | None = None
    goes_round: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What all frames of a clip share: even width and height in pixels, frames per second, colour
    tags."""

    width: int
    height: int
    rate: Fraction
    colour: ColourTags = BT709


def encode(
    frames: NDArray[np.uint8],
    fps: int,
    *,
    crf: int = 18,
    preset: Preset = "veryfast",
    metadata: Mapping[str, str] | None = None,
    playing: Playing | None = None,
) -> bytes:
    """An MP4 of ``frames``, shape (n, height, width, 3) in RGB, that lasts exactly n / fps seconds.
    ``playing`` says how they are shown instead.

    Blocks for about 10 ms per 512 x 512 frame. A last odd row or column is cropped. ``crf`` is
    x264's quality: 1 to 51, less is better and larger. ``metadata`` is what players show: title,
    artist, date, comment, description, synopsis, copyright, keywords. Raises ValueError for frames
    or settings that make no clip.
    """
    _check(frames, fps, crf, preset)
    rate = Fraction(playing.smooth_fps if playing and playing.smooth_fps else fps)
    picture = Picture(frames.shape[2] // 2 * 2, frames.shape[1] // 2 * 2, rate)
    # yuv420p halves the colour planes, so both sides must be even
    even = frames[:, : picture.height, : picture.width]
    shown = _converted(even) if playing is None else _played(even, fps, playing)
    return write(shown, picture, {"crf": str(crf), "preset": preset}, metadata=metadata)


def _check(frames: NDArray[np.uint8], fps: int, crf: int, preset: str) -> None:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(
            f"frames must be (n, height, width, 3) uint8, not {frames.shape} {frames.dtype}"
        )
    if min(frames.shape[1:3]) < _MIN_SIDE:
        raise ValueError(
            f"frames must have at least {_MIN_SIDE} pixels a side, not {frames.shape[1:3]}"
        )
    if not 1 <= fps <= MAX_FPS or crf not in _CRFS or preset not in get_args(Preset):
        raise ValueError(f"no such settings: fps {fps}, crf {crf}, preset {preset!r}")


def _played(frames: NDArray[np.uint8], fps: int, playing: Playing) -> Iterator[VideoFrame]:
    order, smooth_fps = playing.order, playing.smooth_fps
    if smooth_fps is None:
        return _converted(frames[place] for place in order)
    leading_on = islice(cycle(order if playing.goes_round else order[-1:]), TAIL)
    followed = _converted(frames[place] for place in (*order, *leading_on))
    count = smooth_count(len(order), fps, smooth_fps)
    return islice(smoothed(followed, fps, smooth_fps), count)


def _converted(frames: Iterable[NDArray[np.uint8]]) -> Iterator[VideoFrame]:
    # one at a time: all frames of a clip as video frames would double its memory
    for frame in frames:
        yield VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=ACCURATE,
            threads=1,
        )


def write(
    frames: Iterable[VideoFrame],
    picture: Picture,
    x264: Mapping[str, str],
    *,
    bits_per_second: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """An MP4 of yuv420p frames of the picture's size, at a constant rate; ``x264`` are options as
    FFmpeg names them."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", container_options=_muxer_options(picture)) as container:
        container.metadata.update(_writable(metadata or {}))
        stream = _video_stream(container, picture, x264)
        if bits_per_second is not None:
            stream.codec_context.bit_rate = bits_per_second
        for number, frame in enumerate(frames):
            # by number, so that the rate is constant whatever times the frame had
            frame.pts, frame.time_base = number, 1 / picture.rate
            container.mux(stream.encode(frame))
        # the frames that the encoder still holds back
        container.mux(stream.encode(None))
    return faststart(file.getvalue())


def _muxer_options(picture: Picture) -> dict[str, str]:
    """Bit-exact, that is without version names, and a time scale of which every n / fps is a whole
    number."""
    return {
        "fflags": "+bitexact",
        "movie_timescale": str(picture.rate.numerator * _TICKS_PER_FRAME),
    }


def _writable(metadata: Mapping[str, str]) -> dict[str, str]:
    # FFmpeg drops names that MP4 does not have without a word
    unknown = sorted(set(metadata) - _METADATA)
    if unknown:
        raise ValueError(f"MP4 has no metadata fields {unknown}")
    # FFmpeg takes C strings of UTF-8: no NUL, no lone surrogates
    return {
        field: text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
        for field, text in metadata.items()
    }


def _video_stream(
    container: OutputContainer, picture: Picture, x264: Mapping[str, str]
) -> VideoStream:
    stream = container.add_stream(
        "libx264", rate=picture.rate, options={"profile": "high", "bf": "0", **x264}
    )
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    coding = stream.codec_context
    coding.thread_count = 1  # more threads give other bytes
    coding.colorspace, coding.color_range = picture.colour.matrix, picture.colour.range
    coding.color_primaries, coding.color_trc = picture.colour.primaries, picture.colour.transfer
    return stream
