"""What the preview engine's frames show: the camera's motions, every size, every subject and place, and the caption."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont

from generation.protocol.request import GenerationRequest, Motion, VideoSizePreset
from worker.engine import Frames
from worker.engines.preview import PreviewEngine
from worker.engines.preview.film import overlays
from worker.engines.preview.places import PLACES, SUBJECTS
from worker.engines.preview.reading import VOCABULARY, Reading, read

SIDE = 128
Grey = NDArray[np.float64]


def clip(prompt: str, **wishes: Any) -> Frames:
    size = {"width": SIDE, "height": SIDE}
    wish = {"prompt": prompt, "seed": 5, "num_frames": 2, "num_inference_steps": 1, "video_size": size, **wishes}
    engine = PreviewEngine()
    render = engine.begin(GenerationRequest(**wish))
    engine.step([render])
    return engine.finish(render)


def grey(frame: NDArray[np.uint8]) -> Grey:
    """A frame in grey, without the lowest rows, where the caption is."""
    return np.asarray(frame[: -SIDE // 10].mean(axis=2))


def shift(moved: Grey, still: Grey, axis: int) -> int:
    """How many pixels to the right (axis 1) or down (axis 0) the picture has moved."""

    def mismatch(by: int) -> float:
        here, there = (np.take(p, range(25, p.shape[axis] - 25), axis) for p in (moved, np.roll(still, by, axis)))
        return float(np.abs(here - there).mean())

    return min(range(-24, 25), key=mismatch)


def growth(moved: Grey, still: Grey) -> float:
    """How much larger the picture has become around the camera's focus, which is a little below the middle."""
    height, width = moved.shape
    x, y = width / 2, 0.58 * SIDE

    def mismatch(by: float) -> float:
        box = (x - x / by, y - y / by, x + (width - x) / by, y + (height - y) / by)
        grown = Image.fromarray(still.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR, box=box)
        return float(np.abs(np.asarray(grown) - moved).mean())

    return min((1 + step / 50 for step in range(26)), key=mismatch)


def camera_path(*motions: Motion, prompt: str = "a house in the mountains by day") -> tuple[Frames, Frames]:
    """A clip of two seconds with motions, and the same one with the camera at rest."""
    wishes = {"num_frames": 3, "fps": 1}
    return clip(prompt, motions=motions, **wishes), clip(prompt, **wishes)


@pytest.mark.parametrize(
    ("motion", "axis", "way"),
    [
        (Motion.PAN_LEFT, 1, 1),
        (Motion.PAN_RIGHT, 1, -1),
        (Motion.TILT_UP, 0, 1),
        (Motion.TILT_DOWN, 0, -1),
    ],
)
def test_pans_and_tilts_move_the_picture_against_the_camera(motion: Motion, axis: int, way: int) -> None:
    moving, still = camera_path(motion)
    start, end = (shift(grey(moving[i]), grey(still[i]), axis) * way for i in (0, 2))
    assert start <= -4
    assert end >= 4


@pytest.mark.parametrize(("motion", "first", "last"), [(Motion.ZOOM_IN, 0, 2), (Motion.ZOOM_OUT, 2, 0)])
def test_zooms_change_the_size_of_what_is_seen(motion: Motion, first: int, last: int) -> None:
    moving, still = camera_path(motion, prompt="asdf qwer zxcv")
    assert growth(grey(moving[first]), grey(still[first])) == 1
    assert growth(grey(moving[last]), grey(still[last])) == pytest.approx(1.26, abs=0.03)


def test_near_things_move_more_than_far_ones() -> None:
    moving, still = camera_path(Motion.PAN_RIGHT, prompt="mountains by day")
    far, near = slice(30, 60), slice(-20, None)
    close, distant = (shift(grey(moving[2])[rows], grey(still[2])[rows], 1) for rows in (near, far))
    assert close < distant < 0


def test_every_set_of_motions_gives_another_clip() -> None:
    sets = [set(), *({motion} for motion in Motion), *map(set, itertools.combinations(Motion, 2)), set(Motion)]
    size = {"width": 64, "height": 64}
    clips = {clip("a boat on a lake", motions=tuple(motions), video_size=size).tobytes() for motions in sets}
    assert len(clips) == len(sets)


def test_a_motion_named_twice_is_one_motion() -> None:
    twice = clip("a boat on a lake", motions=(Motion.ZOOM_IN, Motion.ZOOM_IN))
    assert np.array_equal(twice, clip("a boat on a lake", motions=(Motion.ZOOM_IN,)))


def test_frames_show_the_scene_at_their_time_whatever_the_frame_rate() -> None:
    slow, quick = (clip("a paper boat on a stormy sea", num_frames=9, fps=fps) for fps in (4, 8))
    assert np.array_equal(slow[2], quick[4])
    assert np.array_equal(slow[4], quick[8])
    assert not np.array_equal(slow[2], slow[4])


@pytest.mark.parametrize(
    "prompt", ["a red fox in snow", "the sea", "a city", "space", "asdf qwer zxcv", "a cat in a room"]
)
def test_another_seed_gives_another_picture(prompt: str) -> None:
    one, other = (clip(prompt, seed=seed).astype(int) for seed in (1, 2))
    assert np.abs(one - other).mean() > 6


def test_unknown_words_give_each_prompt_a_picture_of_its_own() -> None:
    pictures = [clip(prompt).astype(int) for prompt in ("asdf", "qwer", "zxcv", "lorem", "ipsum", "blorp")]
    assert min(np.abs(a - b).mean() for a, b in itertools.combinations(pictures, 2)) > 10


@pytest.mark.parametrize("preset", list(VideoSizePreset))
def test_every_preset_size_is_filled(preset: VideoSizePreset) -> None:
    (frame,) = clip("a paper boat on a stormy sea", num_frames=1, video_size=preset)
    assert frame.shape == (preset.pixels[1], preset.pixels[0], 3)
    assert min(part.std() for part in np.array_split(frame, 4)) > 2


@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 1536), (1536, 64), (72, 648), (264, 80)])
@pytest.mark.parametrize("prompt", ["a paper boat on a stormy sea", "a neon city in the rain", "zxcv"])
def test_odd_sizes_are_filled_to_the_edges_under_every_motion(prompt: str, width: int, height: int) -> None:
    size = {"width": width, "height": height}
    frames = clip(prompt, video_size=size, motions=tuple(Motion), num_frames=1)
    assert frames.shape == (1, height, width, 3)
    edges = [frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]]
    assert all(edge.max(axis=-1).max() > 8 for edge in edges)


@pytest.mark.parametrize("thing", list(SUBJECTS))
def test_every_subject_is_seen(thing: str) -> None:
    size = {"width": 64, "height": 64}
    alone, empty = (clip(f"a {thing} in the desert by day", negative_prompt=no, video_size=size) for no in ("", thing))
    changed = np.abs(alone.astype(int) - empty).max(axis=-1) > 24
    assert changed.mean() > 0.01


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("air", ["by day", "at night with stars", "in a storm with fog", "in snow at sunset"])
def test_every_place_is_drawn_in_every_light(place: str, air: str) -> None:
    frames = clip(f"{place} {air}", video_size={"width": 64, "height": 64})
    assert frames.std() > 8


@pytest.mark.parametrize("weather", list(VOCABULARY["weather"]))
@pytest.mark.parametrize("side", [64, 128])
def test_every_weather_is_seen(weather: str, side: int) -> None:
    size, prompt = {"width": side, "height": side}, f"a desert at sunset, {weather}"
    there, gone = (clip(prompt, negative_prompt=no, video_size=size).astype(int) for no in ("", weather))
    assert np.abs(there - gone).mean() > 0.05


@pytest.mark.parametrize("matter", ["made of fire", "neon", "made of gold", "made of ice", "ghost", "paper"])
def test_what_a_subject_is_made_of_changes_it(matter: str) -> None:
    plain, changed = clip("a fox in the forest"), clip("a fox in the forest, " + matter)
    assert np.abs(plain.astype(int) - changed).mean() > 1


@pytest.mark.parametrize(
    ("width", "height", "text"),
    [
        (512, 512, "preview · made without a model"),
        (1024, 1024, "preview · made without a model"),
        (1536, 680, "preview · made without a model"),
        (96, 64, "preview · no model"),
        (64, 64, "preview"),
        (64, 1536, "preview"),
    ],
)
def test_a_line_in_the_frame_says_what_it_is(width: int, height: int, text: str) -> None:
    *_, (letters, _grey) = overlays((width, height))
    written = np.argwhere(np.asarray(letters) > 60)
    long = ImageFont.load_default(round(min(30, max(9, 0.029 * min(width, height))))).getlength(text)
    assert np.ptp(written[:, 1]) == pytest.approx(long, abs=5)
    assert written[:, 0].min() > height - 0.06 * min(width, height) - 14


@pytest.mark.parametrize("prompt", ["a red fox in snow", "space", "asdf", "a dragon made of fire"])
def test_the_line_is_legible_on_every_picture(prompt: str) -> None:
    _, (shade, _), (written, _) = overlays((256, 256))
    letters = np.asarray(written) > 190
    around = (np.asarray(shade) > 60) & (np.asarray(written) < 20)
    for frame in clip(prompt, video_size={"width": 256, "height": 256}, motions=(Motion.PAN_LEFT,)):
        assert letters.sum() > 20
        assert frame[letters].mean() > frame[around].mean() + 15


@pytest.mark.parametrize(
    "prompt",
    [
        "portrait of an old woman smiling",
        "a close-up of a child's face",
        "two hands holding",
        "quantum entanglement of bureaucracy",
        "熊猫",
        "a hot dog",
    ],
)
def test_who_or_what_is_not_known_is_shown_as_an_abstract_composition(prompt: str) -> None:
    abstract = clip("portrait of an old woman smiling")
    assert read(prompt) == Reading("abstract")
    assert clip(prompt).std() > 8
    assert clip(prompt).shape == abstract.shape


def test_an_abstract_composition_takes_the_prompts_light_and_colour() -> None:
    red, green = (clip(f"blorp {colour}").mean(axis=(0, 1, 2)) for colour in ("red", "green"))
    assert red[0] - red[1] > green[0] - green[1] + 20


def test_the_clip_develops_as_the_steps_go_on() -> None:
    engine, looks = PreviewEngine(), []
    size = {"width": SIDE, "height": SIDE}
    wish = {"prompt": "a red fox in snow", "seed": 5, "num_frames": 4, "num_inference_steps": 12, "video_size": size}
    render = engine.begin(GenerationRequest(**wish))
    while render.steps_done < render.total_steps:
        engine.step([render])
        look = engine.preview(render)
        if look is not None:
            looks.append(look)
    assert {look.shape for look in looks} == {(4, SIDE // 8, SIDE // 8, 3)}
    assert len({look.tobytes() for look in looks}) == len(looks) > 8
    assert np.array_equal(looks[-1], engine.finish(render)[:, ::8, ::8])
    away = [np.abs(look.astype(int) - looks[-1]).mean() for look in looks]
    assert away[0] > away[len(away) // 2] > away[-1] == 0
