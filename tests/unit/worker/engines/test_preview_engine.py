"""The preview engine: what it promises to the worker's loop."""

import gc
import hashlib
import os
import subprocess
import sys
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest

from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Engine, Frames, OutOfMemory
from worker.engines.preview import PreviewEngine

BOAT = "a paper boat on a stormy sea"


def a_request(prompt: str = BOAT, **wishes: Any) -> GenerationRequest:
    size = {"width": 64, "height": 64}
    return GenerationRequest(**{"prompt": prompt, "seed": 7, "num_frames": 2, "video_size": size, **wishes})


def rendered(prompt: str = BOAT, **wishes: Any) -> Frames:
    engine = PreviewEngine()
    render = engine.begin(a_request(prompt, **wishes))
    while render.steps_done < render.total_steps:
        assert engine.step([render]) == []
    return engine.finish(render)


def test_it_is_an_engine_named_preview_that_takes_several_renders() -> None:
    engine: Engine = PreviewEngine()
    engine.load()
    engine.check(a_request())
    assert (engine.name, engine.max_active) == ("preview", 4)
    engine.close()


@pytest.mark.parametrize("prompt", [BOAT, "a red fox in snow", "a dragon made of fire", "asdf qwer zxcv", "🦊❄️"])
def test_the_same_request_gives_the_same_bytes_in_another_engine(prompt: str) -> None:
    wishes = {"num_frames": 3, "motions": ("zoom-in", "pan-left")}
    assert np.array_equal(rendered(prompt, **wishes), rendered(prompt, **wishes))


def test_the_same_request_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib; from generation.protocol.request import GenerationRequest as R\n"
        "from worker.engines.preview import PreviewEngine as P\n"
        "e = P(); r = e.begin(R(prompt='a fox and two cats', seed=7, num_frames=2, num_inference_steps=1,"
        " video_size={'width': 64, 'height': 64})); e.step([r])\n"
        "print(hashlib.sha256(e.finish(r).tobytes()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    here = hashlib.sha256(rendered("a fox and two cats", num_inference_steps=1).tobytes()).hexdigest()
    assert told.stdout.strip() == here


def test_no_random_numbers_but_its_own_are_drawn() -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = rendered("a city in the rain")
    assert np.array_equal(np.random.get_state()[1], before)
    np.random.seed(2)
    assert np.array_equal(rendered("a city in the rain"), first)


def test_another_render_under_way_does_not_change_the_picture() -> None:
    engine = PreviewEngine()
    ours, other = engine.begin(a_request()), engine.begin(a_request("a cat in a room", num_inference_steps=4))
    while ours.steps_done < ours.total_steps:
        engine.step([ours, other])
    assert np.array_equal(engine.finish(ours), rendered())


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_steps_are_reported_exactly_and_divide_the_work_without_changing_the_picture(steps: int) -> None:
    engine = PreviewEngine()
    render = engine.begin(a_request(num_inference_steps=steps))
    seen = []
    while render.steps_done < render.total_steps:
        engine.step([render])
        seen.append(render.steps_done)
    assert (render.total_steps, seen) == (steps, list(range(1, steps + 1)))
    assert np.array_equal(engine.finish(render), rendered(num_inference_steps=3))


def test_it_sleeps_once_after_every_step_for_as_long_as_it_was_told() -> None:
    slept: list[float] = []
    engine = PreviewEngine(step_seconds=0.25, sleep=slept.append)
    render = engine.begin(a_request(num_inference_steps=5))
    for done in range(1, 6):
        engine.step([render])
        assert slept == [0.25] * done


def test_it_never_sleeps_without_a_pace_or_without_a_step() -> None:
    slept: list[float] = []
    quick = PreviewEngine(sleep=slept.append)
    render = quick.begin(a_request(num_inference_steps=1))
    quick.step([render])
    slow = PreviewEngine(step_seconds=0.25, sleep=slept.append)
    slow.step([])
    slow.step([render])
    assert slept == []


def test_renders_take_turns_and_a_newcomer_is_served_at_once() -> None:
    engine = PreviewEngine()
    first, second = (engine.begin(a_request(num_inference_steps=9)) for _ in range(2))
    for _ in range(4):
        engine.step([first, second])
    assert (first.steps_done, second.steps_done) == (2, 2)
    third = engine.begin(a_request(num_inference_steps=9))
    engine.step([first, second, third])
    assert (first.steps_done, second.steps_done, third.steps_done) == (2, 2, 1)
    for _ in range(3):
        engine.step([first, second, third])
    assert (first.steps_done, second.steps_done, third.steps_done) == (3, 3, 2)


def test_a_finished_render_gives_its_turns_to_the_others() -> None:
    engine = PreviewEngine()
    short, long = engine.begin(a_request(num_inference_steps=1)), engine.begin(a_request(num_inference_steps=4))
    for _ in range(5):
        engine.step([short, long])
    assert (short.steps_done, long.steps_done) == (1, 4)


def test_a_render_without_memory_fails_alone() -> None:
    engine = PreviewEngine()
    endless = engine.begin(a_request().model_copy(update={"num_frames": 10**13}))
    fine = engine.begin(a_request(num_inference_steps=1))
    (failure,) = engine.step([endless, fine])
    assert (failure.render, type(failure.error)) == (endless, OutOfMemory)
    assert engine.step([fine]) == []
    assert engine.finish(fine).shape == (2, 64, 64, 3)


def test_a_render_is_not_handed_out_before_its_last_step() -> None:
    engine = PreviewEngine()
    render = engine.begin(a_request(num_inference_steps=2))
    engine.step([render])
    with pytest.raises(ValueError, match="1 of 2 steps are done"):
        engine.finish(render)


def test_a_dropped_render_is_forgotten() -> None:
    engine = PreviewEngine()
    render = engine.begin(a_request())
    engine.step([render])
    trace = weakref.ref(render)
    del render
    gc.collect()
    assert trace() is None


@pytest.mark.parametrize("frames", [1, 32])
def test_as_many_frames_as_asked_for_are_made(frames: int) -> None:
    clip = rendered(num_frames=frames)
    assert (clip.shape, clip.dtype.name) == ((frames, 64, 64, 3), "uint8")
    assert clip.std(axis=(1, 2, 3)).min() > 5


def test_memory_grows_with_the_frames_alone() -> None:
    def peak(frames: int) -> int:
        tracemalloc.start()
        rendered("space", num_frames=frames, num_inference_steps=1)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    rendered("space")
    assert peak(32) - peak(2) < 30 * 64 * 64 * 3 + 100_000


@pytest.mark.parametrize(
    "prompt",
    [
        "🦊" * 600,
        "\u202eכלב בחתל\u202c ثعلب في الثلج",
        "fox " * 500,
        "x" * 2000,
        "%s {0} ${HOME} '; DROP TABLE clips; --",
        "(?:a+)+$" * 200,
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "é̷̡͓͎̞̃͂" * 100,
        "a\tb\nc\rd",
        "\u0000".replace("\u0000", "·"),
    ],
)
def test_hostile_prompts_are_drawn_like_any_other(prompt: str) -> None:
    clip = rendered(prompt, num_inference_steps=1, negative_prompt=prompt[:200])
    assert clip.shape == (2, 64, 64, 3)
    assert clip.std() > 5


def test_turbo_and_the_negative_prompt_and_guidance_shape_the_picture() -> None:
    plain = rendered("a fox in the snow", num_inference_steps=4, guidance_scale=7.5)
    turbo = rendered("a fox in the snow", num_inference_steps=4, guidance_scale=1, endpoint=Endpoint.TURBO)
    thawed = rendered("a fox in the snow", num_inference_steps=4, guidance_scale=7.5, negative_prompt="snow")
    punchy = rendered("a fox in the snow", num_inference_steps=4, guidance_scale=20)
    soft = rendered("a fox in the snow", num_inference_steps=4, guidance_scale=0)
    assert not np.array_equal(turbo, plain)
    assert np.abs(thawed.astype(int) - plain).mean() > 10
    assert punchy.std() > plain.std() > soft.std()
