"""Clips that are too large for a chat's upload limit: the same clip in fewer bytes, with as little
change as possible."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from generation.mp4.encode import ACCURATE, MAX_FPS, Picture, write
from generation.mp4.probe import ColourTags, Video, probe
from generation.mp4.reading import decoded
from generation.protocol.errors import CannotFit

_PRESET: Final = "veryfast"  # slower ones take three times as long and look the same at equal size
_MAX_TOTAL_PIXELS: Final = 512 * 2**20
"""512 frames of 1024 x 1024: more than a minute of encoding is refused."""
_MIN_SIDE: Final = 16  # pixels
_SLOWEST: Final = Fraction(1, 60)  # frames per second
_MIN_BITS_PER_PIXEL: Final = 0.02  # below it a smaller picture looks better than a blurred one
_MIN_BITS_PER_SECOND: Final = 1000  # x264 counts in kilobits
_AIM: Final = 0.97  # of the limit: x264's second pass meets its rate within a few percent
_LOWER_AIM: Final = 0.85  # after a miss: clips of one frame miss by more
_SECOND_PASSES: Final = 3
_FIRST_CRF: Final = "18"
_COLOUR_CODES: Final = frozenset({1, 5, 6, 7})
"""BT.709, both kinds of BT.601, SMPTE 240M: the same in all three lists of H.273."""
_UNSPECIFIED: Final = 2
_CONTAINER_BYTES: Final = 1600  # index and x264's own note of 700 bytes
_CONTAINER_BYTES_PER_FRAME: Final = 8
_METADATA_BYTES: Final = 24  # per text, besides itself


class Change(StrEnum):
    """What was changed to fit. Each also includes those before it."""

    NOTHING = "nothing"
    BIT_RATE = "bit_rate"
    SIZE = "size"
    FRAME_RATE = "frame_rate"


@dataclass(frozen=True, slots=True)
class FittedVideo:
    """A clip within its limit: the MP4, what was changed, and what the MP4 holds now."""

    data: bytes
    change: Change
    video: Video


@dataclass(frozen=True, slots=True)
class _FitStep:
    """One step down: sides multiplied by ``scale``, every ``keep_every``-th frame kept."""

    change: Change
    scale: Fraction = Fraction(1)
    keep_every: int = 1
    min_bits_per_pixel: float = _MIN_BITS_PER_PIXEL


_FIT_STEPS: Final = (
    _FitStep(Change.BIT_RATE),
    _FitStep(Change.SIZE, Fraction(3, 4)),
    _FitStep(Change.SIZE, Fraction(1, 2)),
    _FitStep(Change.FRAME_RATE, Fraction(1, 2), keep_every=2, min_bits_per_pixel=0),
)


def fit(data: bytes, limit_bytes: int, *, metadata: Mapping[str, str] | None = None) -> FittedVideo:
    """The clip in at most ``limit_bytes``: as it is when it fits, else at a lower bit rate, then
    smaller, then with fewer frames.

    Blocks for 0.1 to some seconds when it has to re-encode; metadata is then lost unless it is
    given again. Raises CorruptVideo for what is not a playable MP4 and CannotFit when not even the
    smallest encoding fits.
    """
    video = probe(data)
    if len(data) <= limit_bytes:
        return FittedVideo(data, Change.NOTHING, video)
    # before any work: a hostile clip may be small in bytes and huge in pixels
    if video.width * video.height * video.frames > _MAX_TOTAL_PIXELS:
        raise CannotFit(limit_bytes)
    try:
        return _Refit(data, video, limit_bytes, metadata or {}).with_least_change()
    except av.FFmpegError as error:
        # from the encoder: an error of reading would be CorruptVideo
        raise CannotFit(limit_bytes) from error


@dataclass(frozen=True, slots=True)
class _Refit:
    """One clip that is larger than its limit."""

    data: bytes
    video: Video
    limit_bytes: int
    metadata: Mapping[str, str]

    def with_least_change(self) -> FittedVideo:
        """The clip at the first step where it fits."""
        for step in _FIT_STEPS:
            smaller = self._at(step)
            if smaller is not None:
                return FittedVideo(smaller, step.change, probe(smaller))
        raise CannotFit(self.limit_bytes)

    def _at(self, step: _FitStep) -> bytes | None:
        """The clip at one step, or None when it does not fit or would be too blurred."""
        picture, frames = _picture(self.video, step), -(-self.video.frames // step.keep_every)
        room_bits = self._room_bits(frames)
        # too few bits for this size: the next step has fewer pixels
        if room_bits <= step.min_bits_per_pixel * frames * picture.width * picture.height:
            return None
        # x264 keeps what it learns in the first pass in a file
        with TemporaryDirectory(prefix="flipbook-fit-") as folder:
            passes = _Passes(self.data, step, picture, Path(folder) / "stats", self.metadata)
            return self._within_limit(passes, room_bits * picture.rate / frames)

    def _room_bits(self, frames: int) -> int:
        """Bits left for frames, after the container and the metadata."""
        texts = sum(
            _METADATA_BYTES + len(text.encode("utf-8", "replace"))
            for text in self.metadata.values()
        )
        return 8 * (
            self.limit_bytes - _CONTAINER_BYTES - frames * _CONTAINER_BYTES_PER_FRAME - texts
        )

    def _within_limit(self, passes: "_Passes", bits_per_second: Fraction) -> bytes | None:
        """The clip by one or more passes, once it is measured to fit; None when it never does."""
        smaller, aim = passes.first(), _AIM
        for _ in range(_SECOND_PASSES):
            if len(smaller) <= self.limit_bytes:
                return smaller
            # each miss says by how much to aim lower
            smaller = passes.second(max(int(aim * bits_per_second), _MIN_BITS_PER_SECOND))
            aim *= _LOWER_AIM * self.limit_bytes / len(smaller)
        return smaller if len(smaller) <= self.limit_bytes else None


def _picture(video: Video, step: _FitStep) -> Picture:
    """Size, rate and colours at a step: even sides, a rate that players support, the clip's own
    colour tags."""
    rate = min(max(video.fps / step.keep_every, _SLOWEST), Fraction(MAX_FPS)).limit_denominator(
        1001
    )
    width, height = (
        max(_MIN_SIDE, int(side * step.scale) // 2 * 2) for side in (video.width, video.height)
    )
    return Picture(width, height, rate, _colour(video.colour))


def _colour(tags: ColourTags) -> ColourTags:
    """The clip's own tags, so that its colours stay as they are; a tag that x264 may refuse becomes
    "unspecified"."""
    matrix, primaries, transfer = (
        code if code in _COLOUR_CODES else _UNSPECIFIED
        for code in (tags.matrix, tags.primaries, tags.transfer)
    )
    return ColourTags(matrix, primaries, transfer, ColorRange.MPEG)


@dataclass(frozen=True, slots=True)
class _Passes:
    """x264's two passes over one clip: the first records what each frame needs, the second divides
    the bits by that."""

    data: bytes
    step: _FitStep
    picture: Picture
    stats: Path
    metadata: Mapping[str, str]

    def first(self) -> bytes:
        """The clip in good quality, which may already be small enough."""
        return self._write({"crf": _FIRST_CRF, "fastfirstpass": "0", "x264-params": "pass=1"})

    def second(self, bits_per_second: int) -> bytes:
        """The clip at an average bit rate."""
        return self._write({"x264-params": "pass=2"}, bits_per_second)

    def _write(self, x264: Mapping[str, str], bits_per_second: int | None = None) -> bytes:
        options = {"preset": _PRESET, "stats": str(self.stats), **x264}
        return write(
            self._frames(),
            self.picture,
            options,
            bits_per_second=bits_per_second,
            metadata=self.metadata,
        )

    def _frames(self) -> Iterator[VideoFrame]:
        """Decoded again in each pass: all frames in memory could be some hundred megabytes."""
        for frame in islice(decoded(self.data), 0, None, self.step.keep_every):
            # the converter refuses codes that it does not know
            frame.colorspace = self.picture.colour.matrix
            yield frame.reformat(
                width=self.picture.width,
                height=self.picture.height,
                format="yuv420p",
                dst_color_range=ColorRange.MPEG,
                interpolation=ACCURATE,
                threads=1,
            )
