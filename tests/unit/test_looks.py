"""When a clip is worth a look while it appears, and what is seen then."""

import io

import numpy as np
import pytest
from PIL import Image

from worker.looks import FRAMES_AT_MOST, moving_picture, new_name, worth_a_look


@pytest.mark.parametrize(
    ("total", "steps"), [(1, []), (2, [1]), (3, [1, 2]), (4, [1, 2, 3]), (8, [2, 4, 6]), (25, [7, 13, 19])]
)
def test_a_clip_is_looked_at_thrice_at_most_and_never_at_its_end(total: int, steps: list[int]) -> None:
    assert [done for done in range(total + 1) if worth_a_look(done, total)] == steps


@pytest.mark.parametrize(("frames", "expected"), [(1, 1), (5, 5), (8, 8), (16, FRAMES_AT_MOST), (32, FRAMES_AT_MOST)])
def test_a_long_clip_is_shown_by_some_of_its_frames(frames: int, expected: int) -> None:
    grey = np.linspace(0, 255, frames).astype(np.uint8)
    clip = np.broadcast_to(grey[:, None, None, None], (frames, 4, 8, 3)).copy()
    with Image.open(io.BytesIO(moving_picture(clip, 8))) as image:
        assert (image.size, getattr(image, "n_frames", 1)) == ((192, 96), expected)


def test_no_two_requests_share_a_name() -> None:
    assert len({new_name() for _ in range(100)}) == 100
