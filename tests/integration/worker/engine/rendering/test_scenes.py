"""Prompts with scenes: one text becomes another on the way, in windows and round a loop too."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from doubles.worker.rendering import clip, frames_of, turbo
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine
from worker.engines.animatediff.prompts.scenes import prompt_embedding

pytestmark = pytest.mark.engine


def texts(engine: AnimateDiffEngine, **fields: object) -> torch.Tensor:
    assert engine._parts is not None
    with torch.inference_mode():
        return prompt_embedding(clip(**fields), engine._parts.runner.embedder)


def test_the_same_words_in_every_scene_are_the_plain_prompt_to_the_bit(engine: AnimateDiffEngine) -> None:
    plain, scenes = clip(prompt="a cat"), clip(prompt="0: a cat | 3: a cat | 6: a cat")
    assert np.array_equal(frames_of(engine, plain), frames_of(engine, scenes))


def test_between_two_scenes_one_becomes_the_other_and_each_is_itself_at_its_frame(engine: AnimateDiffEngine) -> None:
    found = texts(engine, prompt="2: a cat | 6: the sea", num_frames=8)
    cat, sea = (texts(engine, prompt=words)[0] for words in ("a cat", "the sea"))
    assert len(found) == 8
    for frame, expected in ((0, cat), (2, cat), (6, sea), (7, sea)):
        assert torch.equal(found[frame], expected)
    assert torch.allclose(found[4], (cat + sea) / 2, atol=1e-5)


def test_round_a_loop_the_last_scene_becomes_the_first(engine: AnimateDiffEngine) -> None:
    found = texts(engine, prompt="4: a cat | 12: the sea", num_frames=16, loop="seamless")
    steps = torch.roll(found, -1, 0) - found
    sizes = steps.flatten(1).norm(dim=1)
    assert torch.allclose(sizes, sizes[:1].expand(16), rtol=1e-3)


def test_texts_of_different_length_are_laid_out_to_one(engine: AnimateDiffEngine) -> None:
    long_text = "a cat walking through tall grass, " * 8
    assert frames_of(engine, clip(prompt=f"0: {long_text} | 4: sea")).shape == (8, 64, 64, 3)


@pytest.mark.parametrize("fields", [{"seconds": 40, "fps": 1}, {"seconds": 24, "fps": 1, "loop": "seamless"}])
def test_a_long_clip_reads_each_frames_own_text_in_its_windows(engine: AnimateDiffEngine, fields) -> None:
    request = turbo(prompt="0: a cat | 20: the sea", num_inference_steps=1, **fields)
    changed = turbo(prompt="0: a cat | 20: a dog", num_inference_steps=1, **fields)
    one, other = frames_of(engine, request), frames_of(engine, changed)
    assert not np.array_equal(one, other)


def test_a_scene_that_is_too_long_is_refused(engine: AnimateDiffEngine) -> None:
    with pytest.raises(EngineRefusal, match="prompt is"):
        engine.check(clip(prompt="0: " + "a " * 800 + "| 4: sea"))
