"""A look at a clip while it appears: a small moving picture, kept in memory and offered in the request's status."""

import io
import secrets
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from worker.engine import Frames

LOOKS_EACH: Final = 4
"""A clip's steps are cut into so many parts; each but the last ends with a look."""
LONGEST_SIDE: Final = 192
FRAMES_AT_MOST: Final = 8
QUALITY: Final = 60
"""Of WebP, 0…100: what is looked at is rough anyway."""
LOOK: Final = "image/webp"


@dataclass(frozen=True, slots=True)
class Look:
    """The newest look at one request. Whoever knows ``name`` may see it, and nobody can guess it."""

    name: str
    step: int
    picture: bytes


def new_name() -> str:
    """A name for all looks at one request: 192 random bits."""
    return f"{secrets.token_urlsafe(24)}.webp"


def worth_a_look(done: int, total: int) -> bool:
    """Whether a clip is looked at after its step ``done``: thrice, or less often where there are fewer steps."""
    return 0 < done < total and done * LOOKS_EACH // total > (done - 1) * LOOKS_EACH // total


def moving_picture(frames: Frames, fps: int) -> bytes:
    """Some of the frames as a WebP that moves, of :data:`LONGEST_SIDE` pixels and as long as the clip itself."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES_AT_MOST).round().astype(int))
    pictures = [_sized(Image.fromarray(frames[number])) for number in chosen]
    file = io.BytesIO()
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=max(1, round(1000 * len(frames) / fps / len(pictures))),
        loop=0,
        quality=QUALITY,
        method=0,
    )
    return file.getvalue()


def _sized(picture: Image.Image) -> Image.Image:
    scale = LONGEST_SIDE / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)
