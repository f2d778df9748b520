"""Clips that are too large for where they go: the same clip in fewer bytes, with as little change as it takes."""

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

from generation.errors import CannotFit
from generation.mp4.encode import ACCURATE, MAX_FPS, Picture, write
from generation.mp4.probe import ColourTags, Video, probe
from generation.mp4.reading import decoded

_PRESET: Final = "veryfast"  # slower ones take three times as long and look the same at equal size
_MAX_TOTAL_PIXELS: Final = 512 * 2**20  # 512 frames of 1024 x 1024: more than a minute of work is refused
_MIN_SIDE: Final = 16
_SLOWEST: Final = Fraction(1, 60)  # frames per second
_MIN_BITS_PER_PIXEL: Final = 0.02  # below it a smaller picture looks better than a blurred one
_MIN_BITS_PER_SECOND: Final = 1000  # x264 counts in kilobits
_AIM: Final = 0.97  # of the limit: x264's second pass meets its rate within a few percent
_LOWER_AIM: Final = 0.85  # after a miss; single frames miss by more
_SECOND_PASSES: Final = 3
_FIRST_CRF: Final = "18"
_COLOUR_CODES: Final = (1, 5, 6, 7)  # BT.709, both kinds of BT.601, SMPTE 240M: the same in all three lists of H.273
_NOT_SAID: Final = 2
_CONTAINER_BYTES: Final = 1600  # index and x264's own note of 700 bytes
_CONTAINER_BYTES_PER_FRAME: Final = 8
_METADATA_BYTES: Final = 24  # per text, besides itself


class Change(StrEnum):
    """What it took to fit. Each also includes those before it."""

    NOTHING = "nothing"
    BIT_RATE = "bit_rate"
    SIZE = "size"
    FRAME_RATE = "frame_rate"


@dataclass(frozen=True, slots=True)
class FittedVideo:
    """A clip within its limit: the MP4, what had to change, and what the MP4 holds now."""

    data: bytes
    change: Change
    video: Video


@dataclass(frozen=True, slots=True)
class _Rung:
    """One step down: sides multiplied by ``scale``, every ``keep_every``-th frame kept."""

    change: Change
    scale: Fraction = Fraction(1)
    keep_every: int = 1
    min_bits_per_pixel: float = _MIN_BITS_PER_PIXEL


_RUNGS: Final = (
    _Rung(Change.BIT_RATE),
    _Rung(Change.SIZE, Fraction(3, 4)),
    _Rung(Change.SIZE, Fraction(1, 2)),
    _Rung(Change.FRAME_RATE, Fraction(1, 2), keep_every=2, min_bits_per_pixel=0),
)


def fit(data: bytes, limit_bytes: int, *, metadata: Mapping[str, str] | None = None) -> FittedVideo:
    """The clip in at most ``limit_bytes``: as it is when it fits, else at a lower bit rate, then smaller, then slower.

    Blocks for 0.1 to some seconds when it has to re-encode; metadata is then lost unless it is given again.
    Raises CorruptVideo for what is no playable MP4 and CannotFit when not even the smallest encoding fits.
    """
    video = probe(data)
    if len(data) <= limit_bytes:
        return FittedVideo(data, Change.NOTHING, video)
    if video.width * video.height * video.frames > _MAX_TOTAL_PIXELS:
        raise CannotFit(limit_bytes)
    try:
        return _Refit(data, video, limit_bytes, metadata or {}).with_least_change()
    except av.FFmpegError as error:  # not of reading it, that would be CorruptVideo
        raise CannotFit(limit_bytes) from error


@dataclass(frozen=True, slots=True)
class _Refit:
    """One clip that is larger than its limit."""

    data: bytes
    video: Video
    limit_bytes: int
    metadata: Mapping[str, str]

    def with_least_change(self) -> FittedVideo:
        """The clip on the first rung where it fits."""
        for rung in _RUNGS:
            smaller = self._on(rung)
            if smaller is not None:
                return FittedVideo(smaller, rung.change, probe(smaller))
        raise CannotFit(self.limit_bytes)

    def _on(self, rung: _Rung) -> bytes | None:
        """The clip on one rung, or None when it does not fit there or would be too blurred."""
        picture, frames = _picture(self.video, rung), -(-self.video.frames // rung.keep_every)
        room_bits = self._room_bits(frames)
        if room_bits <= rung.min_bits_per_pixel * frames * picture.width * picture.height:
            return None
        with TemporaryDirectory(prefix="flipbook-fit-") as folder:
            passes = _Passes(self.data, rung, picture, Path(folder) / "stats", self.metadata)
            return self._within_limit(passes, room_bits * picture.rate / frames)

    def _room_bits(self, frames: int) -> int:
        """What is left for pictures."""
        texts = sum(_METADATA_BYTES + len(text.encode("utf-8", "replace")) for text in self.metadata.values())
        return 8 * (self.limit_bytes - _CONTAINER_BYTES - frames * _CONTAINER_BYTES_PER_FRAME - texts)

    def _within_limit(self, passes: "_Passes", bits_per_second: Fraction) -> bytes | None:
        """The best of one rung that was measured to fit."""
        smaller, aim = passes.first(), _AIM
        for _ in range(_SECOND_PASSES):
            if len(smaller) <= self.limit_bytes:
                return smaller
            smaller = passes.second(max(int(aim * bits_per_second), _MIN_BITS_PER_SECOND))
            aim *= _LOWER_AIM * self.limit_bytes / len(smaller)
        return smaller if len(smaller) <= self.limit_bytes else None


def _picture(video: Video, rung: _Rung) -> Picture:
    """The shape on a rung: even sides, colours tagged as they were, as fast as a player can follow."""
    rate = min(max(video.fps / rung.keep_every, _SLOWEST), Fraction(MAX_FPS)).limit_denominator(1001)
    width, height = (max(_MIN_SIDE, int(side * rung.scale) // 2 * 2) for side in (video.width, video.height))
    return Picture(width, height, rate, _colour(video.colour))


def _colour(tags: ColourTags) -> ColourTags:
    """The clip's own tags, so that its colours stay as they were; what x264 may refuse is left unsaid."""
    matrix, primaries, transfer = (
        code if code in _COLOUR_CODES else _NOT_SAID for code in (tags.matrix, tags.primaries, tags.transfer)
    )
    return ColourTags(matrix, primaries, transfer, ColorRange.MPEG)


@dataclass(frozen=True, slots=True)
class _Passes:
    """x264's two passes over one clip: the first writes down what each frame needs, the second shares out the bits."""

    data: bytes
    rung: _Rung
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
        return write(self._frames(), self.picture, options, bits_per_second=bits_per_second, metadata=self.metadata)

    def _frames(self) -> Iterator[VideoFrame]:
        """Decoded anew in each pass: a clip in memory could be some hundred megabytes."""
        for frame in islice(decoded(self.data), 0, None, self.rung.keep_every):
            frame.colorspace = self.picture.colour.matrix  # the converter refuses codes that it does not know
            yield frame.reformat(
                width=self.picture.width,
                height=self.picture.height,
                format="yuv420p",
                dst_color_range=ColorRange.MPEG,
                interpolation=ACCURATE,
                threads=1,
            )
