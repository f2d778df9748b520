"""Previews of a clip while it renders: small animated pictures, offered in the request's status."""

import io
from typing import Final

import numpy as np
from PIL import Image

from worker.engine import Frames

PREVIEW_PARTS: Final = 4
"""A clip's steps are divided into this many parts; each but the last ends with a preview."""
LONGEST_SIDE: Final = 192  # pixels
MAX_FRAMES: Final = 8
QUALITY: Final = 60
"""Of WebP, 0…100; an unfinished clip is rough anyway."""
PREVIEW_TYPE: Final = "image/webp"


def is_preview_step(done: int, total: int) -> bool:
    """Whether there is a preview after step ``done``: three per clip, fewer with very few steps."""
    return 0 < done < total and done * PREVIEW_PARTS // total > (done - 1) * PREVIEW_PARTS // total


def animated_webp(frames: Frames, fps: int) -> bytes:
    """At most :data:`MAX_FRAMES` of the frames as an animated WebP of :data:`LONGEST_SIDE` pixels,
    as long as the clip itself."""
    # evenly spread, first and last frame included; unique for clips with fewer frames
    chosen = np.unique(np.linspace(0, len(frames) - 1, MAX_FRAMES).round().astype(int))
    pictures = [_resized(Image.fromarray(frames[number])) for number in chosen]
    file = io.BytesIO()
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        # fewer frames, each shown longer: the animation is as long as the clip
        duration=max(1, round(1000 * len(frames) / fps / len(pictures))),
        loop=0,
        quality=QUALITY,
        # the fastest encoder: the file is looked at once and replaced
        method=0,
    )
    return file.getvalue()


def _resized(picture: Image.Image) -> Image.Image:
    scale = LONGEST_SIDE / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)
