"""What a subject is made of, when it is not itself: fire, neon light, gold, ice, mist."""

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from worker.engines.preview.colour import Colour, radiance
from worker.engines.preview.drawing.noise import Plane, clouds
from worker.engines.preview.drawing.sheets import graded, painted
from worker.engines.preview.figures.easel import Patch
from worker.engines.preview.stage import Canvas
from worker.engines.preview.words.concepts import Matter

ROOM: Final = {Matter.FIRE: 0.5, Matter.NEON: 0.25, Matter.GHOST: 0.25}
"""How far a matter reaches beyond the subject, in the figure's units."""

_FIRE: Final = ((0.0, np.zeros(3, np.float32)), (0.25, radiance("#8f1a08") * np.float32(0.8)),
    (0.5, radiance("#f0501a")), (0.75, radiance("#ffab38") * np.float32(1.3)),
    (1.0, radiance("#fff3b8") * np.float32(1.8)))  # fmt: skip
_GOLD: Final = ((0.0, radiance("#3f2408")), (0.45, radiance("#c58a24")), (0.8, radiance("#ffdf7a")),
    (1.2, radiance("#fffbe0")))  # fmt: skip
_ICE: Final = ((0.0, radiance("#2a5f94")), (0.5, radiance("#8fd0ee")), (1.0, radiance("#f2fdff")))


class Changed:
    """Turns drawn patches of one subject into a matter."""

    def __init__(self, matter: Matter, luck: np.random.Generator) -> None:
        self._matter = matter
        self._flames = clouds(luck, (512, 256), (17, 7), 4).T
        """Shape (256, 512); the upper and the lower edge join, so that it can rise for ever."""
        self._neon = [radiance(name) for name in ("#ff3fa4", "#27e0ff", "#8f6bff", "#5aff9a")][
            int(luck.integers(4))
        ]

    @property
    def room(self) -> float:
        """How much room the drawing must leave around the subject, in the figure's units."""
        return ROOM.get(self._matter, 0.0)

    def apply(self, patch: Patch, size: float, seconds: float) -> None:
        """Change a patch of a figure whose unit is ``size`` pixels."""
        match self._matter:
            case Matter.FIRE:
                self._burn(patch, size, seconds)
            case Matter.NEON:
                self._glow(patch, size, self._neon)
            case Matter.GHOST:
                patch.picture[:] = (
                    graded(_ICE, _brightness(patch) + 0.35) * patch.cover * np.float32(0.55)
                )
                patch.picture += painted(
                    _ICE[1][1], _blurred(patch.cover, size * 0.07) * np.float32(0.35)
                )
                patch.cover *= np.float32(0.5)
            case Matter.GOLD:
                patch.picture[:] = graded(_GOLD, _brightness(patch) * 1.3) * patch.cover
            case Matter.ICE:
                patch.picture[:] = graded(_ICE, _brightness(patch) * 1.2) * patch.cover
                patch.cover *= np.float32(0.86)
            case Matter.PAPER:
                pass

    def _burn(self, patch: Patch, size: float, seconds: float) -> None:
        rows, columns = patch.cover.shape
        y = (np.arange(rows)[:, None] * (200 / size) + seconds * 260).astype(int) % 256
        x = (np.arange(columns)[None, :] * (200 / size)).astype(int).clip(0, 511)
        tongues = self._flames[y, x]
        bright = _brightness(patch)
        step = max(1, round(size / 160))
        lines = np.abs(np.roll(bright, step, 1) - bright) + np.abs(
            np.roll(bright, step, 0) - bright
        )
        edge = np.clip(patch.cover - _blurred(patch.cover, size * 0.03), 0, 1)
        body = patch.cover * (
            0.4 + 0.45 * bright + 0.5 * (tongues - 0.42) + 0.8 * edge + np.clip(lines * 2.5, 0, 0.4)
        )
        licks = _rising(_blurred(patch.cover, size * 0.035), size) * np.clip(
            tongues * 3.2 - 0.95, 0, 1.2
        )
        heat = np.maximum(body, np.minimum(licks * 0.75, 0.8))
        patch.picture[:] = graded(_FIRE, heat)
        patch.picture += painted(_FIRE[2][1], _blurred(patch.cover, size * 0.14) * np.float32(0.35))
        patch.cover *= np.float32(0.9)

    @staticmethod
    def _glow(patch: Patch, size: float, colour: Colour) -> None:
        """Only the lines are left, and they shine."""
        bright = _brightness(patch) * 0.7 + patch.cover
        step = max(1, round(size / 130))
        across, down = (
            np.abs(np.roll(bright, step, 1) - bright),
            np.abs(np.roll(bright, step, 0) - bright),
        )
        lines = np.clip((across + down) * 1.6, 0, 1.4)
        patch.picture *= np.float32(0.22)
        for blur, strength in ((size * 0.006, 1.6), (size * 0.03, 0.9), (size * 0.1, 0.7)):
            patch.picture += painted(colour, _blurred(lines, blur) * np.float32(strength))


def _rising(cover: Plane, size: float) -> Plane:
    """What is there, drawn upwards and fading."""
    total, step = cover.copy(), max(1, round(size * 0.03))
    for lift in range(1, 10):
        total[: -lift * step or None] = np.maximum(
            total[: -lift * step or None], cover[lift * step :] * np.float32(0.88**lift)
        )
    return total


def _brightness(patch: Patch) -> Plane:
    """How light the drawing is at each place, about 0…1."""
    light: Canvas = patch.picture
    grey = (light[0] * 0.35 + light[1] * 0.5 + light[2] * 0.15) / np.maximum(
        patch.cover, np.float32(0.05)
    )
    return np.asarray(1 - np.exp(-2.2 * grey), np.float32)


def _blurred(plane: Plane, radius: float) -> Plane:
    most = max(1e-6, float(plane.max()))
    image = Image.fromarray((plane * np.float32(255 / most)).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) * np.float32(
        most / 255
    )
