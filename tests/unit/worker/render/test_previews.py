"""After which steps a clip has a preview, and what the preview shows."""

import io

import numpy as np
import pytest
from PIL import Image

from worker.render.previews import MAX_FRAMES, animated_webp, is_preview_step
from worker.scheduling.live_request import new_preview_name


@pytest.mark.parametrize(
    ("total", "steps"), [(1, []), (2, [1]), (3, [1, 2]), (4, [1, 2, 3]), (8, [2, 4, 6]), (25, [7, 13, 19])]
)
def test_a_clip_has_three_previews_at_most_and_none_at_its_end(total: int, steps: list[int]) -> None:
    assert [done for done in range(total + 1) if is_preview_step(done, total)] == steps


@pytest.mark.parametrize(("frames", "expected"), [(1, 1), (5, 5), (8, 8), (16, MAX_FRAMES), (32, MAX_FRAMES)])
def test_the_preview_of_a_long_clip_has_some_of_its_frames(frames: int, expected: int) -> None:
    grey = np.linspace(0, 255, frames).astype(np.uint8)
    clip = np.broadcast_to(grey[:, None, None, None], (frames, 4, 8, 3)).copy()
    with Image.open(io.BytesIO(animated_webp(clip, 8))) as image:
        assert (image.size, getattr(image, "n_frames", 1)) == ((192, 96), expected)


def test_no_two_requests_share_a_name() -> None:
    assert len({new_preview_name() for _ in range(100)}) == 100
