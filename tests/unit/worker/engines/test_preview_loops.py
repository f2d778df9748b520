"""Loops and long clips of the preview engine."""

from typing import Any

import numpy as np
import pytest

from generation.protocol.request import GenerationRequest
from worker.engine import Frames, capabilities_of
from worker.engines.preview import PreviewEngine
from worker.engines.preview.film import closed


def rendered(**fields: Any) -> Frames:
    small = {"prompt": "a boat", "seed": 7, "video_size": {"width": 64, "height": 64}, "num_inference_steps": 2}
    engine = PreviewEngine()
    assert {"loop", "length"} <= capabilities_of(engine)
    render = engine.begin(GenerationRequest.model_validate({**small, **fields}))
    while render.steps_done < render.total_steps:
        assert engine.step([render]) == []
        look = engine.preview(render)
        assert look is None or len(look) == render.request.frames
    return engine.finish(render)


def test_a_loop_ends_where_it_begins_and_an_open_clip_does_not() -> None:
    def seam(frames: Frames) -> float:
        moves = np.abs(np.roll(frames, -1, axis=0).astype(float) - frames).mean(axis=(1, 2, 3))
        return float(moves[-1] / np.median(moves))

    zoom = {"num_frames": 16, "motions": ["zoom-in"]}
    still, looped = rendered(**zoom), rendered(**zoom, loop="seamless")
    assert len(looped) == 16
    assert seam(looped) < 2.5 < seam(still)


def test_a_long_clip_has_all_its_frames() -> None:
    assert rendered(seconds=16).shape == (128, 64, 64, 3)


@pytest.mark.parametrize("beyond", [1, 2, 4])
def test_the_first_frame_of_a_loop_is_the_one_after_the_last(beyond: int) -> None:
    frames = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)
    looped = closed(frames, beyond)
    assert (len(looped), looped[0, 0, 0, 0], looped[-1, 0, 0, 0]) == (12 - beyond, 12 - beyond, 11 - beyond)
    assert np.array_equal(looped[beyond:], frames[beyond:-beyond])
