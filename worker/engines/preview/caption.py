"""The small line in every frame that says what it is: a preview made without a model."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_WORDINGS: Final = ("preview · made without a model", "preview · no model", "preview")
"""The longest that fits is shown."""
_SHARE_OF_SIDE: Final = 0.029
_SMALLEST, _LARGEST = 9, 30

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Caption:
    """The line, drawn once for a frame's size, in the font that Pillow brings along."""

    def __init__(self, width: int, height: int) -> None:
        size = round(min(_LARGEST, max(_SMALLEST, _SHARE_OF_SIDE * min(width, height))))
        font = ImageFont.load_default(size)
        gap = max(2, round(size * 0.55))
        self.text = next(_that_fit(font, width - 2 * gap), _WORDINGS[-1])
        self._letters, self._shade = _drawn(self.text, font, gap)

    def stamp(self, frame: NDArray[np.uint8]) -> None:
        """Write the line into the lower left corner of a frame, shape (height, width, 3)."""
        height, width = (
            min(self._letters.shape[0], frame.shape[0]),
            min(self._letters.shape[1], frame.shape[1]),
        )
        corner = frame[-height:, :width]
        shown = corner * (1 - self._shade[-height:, :width, None])
        shown += (np.float32(250) - shown) * self._letters[-height:, :width, None]
        corner[:] = (shown + 0.5).astype(np.uint8)


def _that_fit(font: _Font, room: float) -> Iterator[str]:
    return (wording for wording in _WORDINGS if font.getlength(wording) <= room)


def _drawn(text: str, font: _Font, gap: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Strength of the letters and of the soft shadow around them, both shape (rows, columns) in
    0…1."""
    left, top, right, bottom = font.getbbox(text)
    size = (round(right - left) + 4 * gap, round(bottom - top) + 3 * gap)
    letters = Image.new("L", size)
    ImageDraw.Draw(letters).text((gap - left, size[1] - gap - bottom), text, fill=255, font=font)
    shade = letters.filter(ImageFilter.GaussianBlur(gap * 0.4)).point(
        lambda value: min(255, value * 3)
    )
    return _strength(letters, 0.88), _strength(shade, 0.5)


def _strength(image: Image.Image, most: float) -> NDArray[np.float32]:
    return (np.asarray(image, np.float32) * np.float32(most / 255)).astype(np.float32)
