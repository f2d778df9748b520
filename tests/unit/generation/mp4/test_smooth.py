"""More frames a second: as many as it takes, the drawn ones kept, those between nearer to the truth than a blend."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from generation.mp4 import encode, probe
from generation.mp4.encode import Playing, _converted
from generation.mp4.probe import Video
from generation.mp4.smooth import TAIL, smooth_count, smoothed

Luma = NDArray[np.float64]
SIDE = 192


NOISE = Image.fromarray(np.random.default_rng(7).integers(0, 256, (64, 64), np.uint8)).resize((512, 256))
"""A texture without a period."""


def scene(moment: float, side: int = SIDE) -> NDArray[np.uint8]:
    """A texture that pans by nine pixels a frame, and a disc that crosses it."""
    left = 9 * moment
    texture = np.asarray(
        NOISE.transform((side, side), Image.Transform.AFFINE, (1, 0, left, 0, 1, 0), Image.Resampling.BILINEAR)
    )
    frame = np.stack([texture, texture // 2 + 60, 255 - texture], -1)
    y, x = np.mgrid[0:side, 0:side]
    frame[(x - 20 - 6 * moment) ** 2 + (y - side / 2) ** 2 < 400] = (250, 40, 40)
    return frame


def luma(frames: Sequence[NDArray[np.uint8]]) -> list[Luma]:
    return [frame.to_ndarray()[:SIDE].astype(float) for frame in _converted(frames)]


def likeness(frames: Sequence[Luma], truth: Sequence[Luma]) -> float:
    """The mean of the signal-to-noise ratios, in dB."""
    errors = [np.mean((one - other) ** 2) for one, other in zip(frames, truth, strict=True)]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-9)) for error in errors]))


def test_between_two_frames_motion_goes_on_and_the_drawn_ones_stay() -> None:
    drawn = [scene(moment) for moment in range(12)]
    made = [
        frame.to_ndarray()[:SIDE].astype(float) for frame in smoothed(_converted([*drawn, *drawn[-1:] * TAIL]), 8, 24)
    ]
    assert likeness(made[:36:3], luma(drawn)) > 45
    # those after the last drawn frame have no truth
    between = [place for place in range(33) if place % 3]
    exact = luma([scene(place / 3) for place in between])
    plain = luma(drawn)
    blended = [plain[place // 3] * (1 - place % 3 / 3) + plain[place // 3 + 1] * (place % 3 / 3) for place in between]
    assert likeness([made[place] for place in between], exact) > likeness(blended, exact) + 3


@pytest.mark.parametrize(("fps", "smooth_fps"), [(1, 24), (8, 16), (8, 24), (10, 16), (15, 16), (23, 24)])
def test_a_smooth_clip_plays_as_long_as_before(fps: int, smooth_fps: int) -> None:
    frames = np.stack([scene(moment, side=64) for moment in range(9)])
    for order in (range(1), range(2), range(9), (*range(9), *range(7, 0, -1))):
        for goes_round in (False, True):
            playing = Playing(order, smooth_fps, goes_round=goes_round)
            video = probe_of(frames, fps, playing)
            assert (video.frames, video.fps) == (smooth_count(len(order), fps, smooth_fps), smooth_fps)


def probe_of(frames: NDArray[np.uint8], fps: int, playing: Playing) -> Video:
    return probe(encode(frames, fps, playing=playing))


def test_an_order_alone_shows_each_frame_as_often_as_it_names_it() -> None:
    frames = np.stack([scene(moment, side=64) for moment in range(3)])
    assert probe_of(frames, 8, Playing((0, 1, 2, 1))).frames == 4
    assert encode(frames, 8, playing=Playing(range(3))) == encode(frames, 8)
