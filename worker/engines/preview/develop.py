"""From radiance to the eye: bloom, vignette, exposure, contrast and the sRGB curve, dithered down
to 8 bit."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.engines.preview.colour import EXPOSURE, encoded
from worker.engines.preview.drawing.noise import Plane, raster
from worker.engines.preview.stage import Canvas

_ENTRIES: Final = 32768
_VIVIDNESS: Final = 0.07
"""How much purer colours become."""
_BRIGHTEST: Final = 4.0
"""Radiance beyond this is white."""


class Development:
    """How one clip is developed.

    ``contrast`` 1 is neutral; ``bloom`` is the share of bright light that spills over; ``luck``
    makes the dither.
    """

    def __init__(
        self,
        width: int,
        height: int,
        luck: np.random.Generator,
        *,
        contrast: float = 1.0,
        bloom: float = 0.14,
    ) -> None:
        self._curve = _curve(contrast)
        self._dither = (
            luck.random((height, width), dtype=np.float32)
            + luck.random((height, width), dtype=np.float32)
        ) / 2
        self._vignette = _vignette(width, height)
        self._bloom = bloom

    def develop(self, canvas: Canvas) -> NDArray[np.uint8]:
        """The finished frame, shape (height, width, 3); the canvas is used up."""
        if self._bloom:
            self._spill(canvas)
        canvas += (canvas - canvas.mean(axis=0)) * np.float32(_VIVIDNESS)
        canvas *= self._vignette
        np.clip(canvas, 0, _BRIGHTEST * 0.999, out=canvas)
        canvas *= np.float32(_ENTRIES / _BRIGHTEST)
        frame = np.empty((*canvas.shape[1:], 3), np.uint8)
        for index, channel in enumerate(canvas):
            frame[..., index] = self._curve[channel.astype(np.uint16)] + self._dither
        return frame

    def _spill(self, canvas: Canvas) -> None:
        """Let bright light glow into its surroundings, through a small blurred copy."""
        height, width = canvas.shape[1:]
        small = (max(2, width // 8), max(2, height // 8))
        tiny = (max(2, width // 40), max(2, height // 40))
        for channel in canvas:
            near = np.asarray(raster(channel).resize(small, Image.Resampling.BOX))
            bright = raster(np.maximum(near - np.float32(0.55), 0))
            wide = bright.resize(tiny, Image.Resampling.BOX).resize(
                (width, height), Image.Resampling.BICUBIC
            )
            channel[:] += np.float32(self._bloom) * np.asarray(
                bright.resize((width, height), Image.Resampling.BICUBIC)
            )
            channel[:] += np.float32(self._bloom) * np.maximum(np.asarray(wide), 0)


def _curve(contrast: float) -> NDArray[np.float32]:
    """Display value 0…254.5 for every radiance step; the dither adds up to 1 before the fraction is
    cut off."""
    light = np.arange(_ENTRIES, dtype=np.float32) * np.float32(_BRIGHTEST / _ENTRIES)
    shown = encoded((1 - np.exp(-EXPOSURE * light)).astype(np.float32))
    bent = shown + np.float32(contrast - 1 + 0.09) * (shown - 0.5) * 4 * shown * (1 - shown)
    return (np.clip(bent, 0, 1) * 254.5).astype(np.float32)


def _vignette(width: int, height: int) -> Plane:
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    far = x[None, :] ** 2 + y[:, None] ** 2
    return np.asarray(1 - 0.2 * np.clip(far - 0.35, 0, None) ** 1.3 / 1.65**1.3, np.float32)
