"""What encode promises: shape, tags, times, colours, equal bytes."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from clips import COLOURS, clip, decoded_by_bt709, moving_frames
from generation.mp4 import BT709, Video, encode, probe
from generation.mp4.encode import Picture, write


@pytest.mark.parametrize("fps", [1, 8, 24, 30])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (72, 104), (512, 512)])
def test_an_encoded_clip_is_h264_high_tagged_bt709_index_first_and_exactly_as_long_as_its_frames(height, width, fps):
    data = clip(5, height, width, fps)

    assert probe(data) == Video(
        codec="h264",
        profile="High",
        pixel_format="yuv420p",
        width=width,
        height=height,
        frames=5,
        fps=Fraction(fps),
        duration_seconds=5 / fps,
        colour=BT709,
        faststart=True,
        size_bytes=len(data),
    )


@pytest.mark.parametrize("fps", [8, 24])
def test_the_rate_is_constant_and_every_frame_is_shown_at_its_time(fps):
    with av.open(io.BytesIO(clip(12, fps=fps))) as container:
        times = [Fraction(frame.pts) * Fraction(frame.time_base) for frame in container.decode(video=0)]

    assert times == [Fraction(number, fps) for number in range(12)]


def test_the_whole_file_lasts_as_long_as_its_frames():
    with av.open(io.BytesIO(clip(5, fps=24))) as container:
        assert container.duration == round(5 / 24 * av.time_base)
        assert [stream.type for stream in container.streams] == ["video"]


def test_one_frame_makes_a_clip():
    video = probe(clip(1, fps=8))

    assert (video.frames, video.duration_seconds, video.profile) == (1, 1 / 8, "High")


def test_odd_sides_are_cropped_not_scaled():
    frames = moving_frames(2, 65, 67)

    assert encode(frames, 8) == encode(frames[:, :64, :66], 8)


@pytest.mark.parametrize(("height", "width"), [(72, 104), (128, 160)])
def test_equal_frames_give_equal_bytes_whatever_lies_in_memory(height, width):
    frames, luck = moving_frames(6, height, width), np.random.default_rng(1)
    files = set()
    for _ in range(20):
        leftovers = [luck.bytes(int(size)) for size in luck.integers(1_000, 400_000, 6)]
        files.add(encode(frames.copy(), 8, metadata={"title": "a boat"}))
        del leftovers

    assert len(files) == 1


def test_frames_that_lie_scattered_in_memory_give_the_same_bytes():
    frames = moving_frames(3)

    assert encode(np.flip(np.flip(frames, 2).copy(), 2), 8) == encode(frames, 8)


@pytest.mark.parametrize("name", COLOURS)
def test_pure_colours_come_back_within_four_steps(name):
    frames = np.full((2, 64, 64, 3), COLOURS[name], np.uint8)

    error = np.abs(decoded_by_bt709(encode(frames, 8)) - frames)

    assert error.max() <= 4


def test_gradients_come_back_within_four_steps():
    ramp = np.linspace(0, 255, 512)
    down, along = np.meshgrid(ramp, ramp, indexing="ij")
    gradient = np.stack([along, down, (along + down) / 2], -1).astype(np.uint8)

    error = np.abs(decoded_by_bt709(encode(np.stack([gradient] * 2), 8)) - gradient)

    assert (error <= 4).mean() > 0.9999  # the rest is the rounding of halved colour, not a wrong matrix (up to 40)
    assert (error.max() <= 6, error.mean() < 1) == (True, True)


def test_metadata_is_what_players_show_and_text_cannot_break_it():
    data = clip(metadata={"title": "a paper boat ⛵", "comment": "nul\0 and \ud800 half"})

    with av.open(io.BytesIO(data)) as container:
        shown = {field: container.metadata[field] for field in ("title", "comment")}
    assert shown == {"title": "a paper boat ⛵", "comment": "nul  and ? half"}
    assert b"Lavf" not in data


@pytest.mark.parametrize("crf", [1, 51])
def test_all_qualities_stay_playable(crf):
    assert probe(clip(crf=crf)).profile == "High"


@pytest.mark.parametrize("preset", ["superfast", "medium"])
def test_all_presets_keep_the_profile(preset):
    assert probe(clip(preset=preset)).profile == "High"


@pytest.mark.parametrize(
    ("frames", "fps", "options"),
    [
        (np.zeros((0, 64, 64, 3), np.uint8), 8, {}),
        (np.zeros((2, 64, 64), np.uint8), 8, {}),
        (np.zeros((2, 64, 64, 4), np.uint8), 8, {}),
        (np.zeros((2, 64, 64, 3), np.float32), 8, {}),
        (np.zeros((2, 8, 64, 3), np.uint8), 8, {}),
        (moving_frames(1), 0, {}),
        (moving_frames(1), 241, {}),
        (moving_frames(1), 8, {"crf": 0}),
        (moving_frames(1), 8, {"crf": 52}),
        (moving_frames(1), 8, {"preset": "ultrafast"}),
        (moving_frames(1), 8, {"metadata": {"favourite_colour": "blue"}}),
    ],
)
def test_frames_or_settings_that_make_no_clip_are_refused(frames, fps, options):
    with pytest.raises(ValueError, match=r"frames must|no such settings|no metadata fields"):
        encode(frames, fps, **options)


def test_uneven_rates_last_exactly_as_long_too():
    frames = (av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p") for frame in moving_frames(5))

    video = probe(write(frames, Picture(64, 64, Fraction(24000, 1001)), {"crf": "18"}))

    assert (video.frames, video.fps) == (5, Fraction(24000, 1001))
