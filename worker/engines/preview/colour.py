"""Colour as light: hex names in, linear radiance inside, so that lights may be added without
clipping.

What a canvas holds is radiance: :mod:`.develop` turns it into what the eye sees by ``1 -
exp(-EXPOSURE * radiance)`` and the sRGB curve. :func:`radiance` is the inverse of that, so a colour
that is painted and not lit comes out as named.
"""

import colorsys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.floating[Any]]
"""Linear radiance, shape (3,): red, green, blue, each 0 or more."""

EXPOSURE: Final = 1.5
_BRIGHTEST: Final = 0.94
"""White itself would need endless light."""


def radiance(name: str) -> Colour:
    """The light that a hex colour such as ``#ffb366`` stands for."""
    return _radiance(_linear(_channels(name)))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Between two lights: 0 is ``one``, 1 is ``other``."""
    return (one + (other - one) * np.float32(share)).astype(np.float32)


def reflected(name: str, light: Colour) -> Colour:
    """What a surface of a hex colour gives back under a coloured light (white daylight is 1, 1,
    1)."""
    return _radiance(_linear(_channels(name)) * light)


def turned(
    name: str, *, degrees: float = 0.0, vividness: float = 1.0, lightness: float = 1.0
) -> str:
    """A hex colour with its hue turned and its saturation and lightness scaled."""
    hue, light, saturation = colorsys.rgb_to_hls(*_channels(name))
    red, green, blue = colorsys.hls_to_rgb(
        (hue + degrees / 360) % 1, min(1.0, light * lightness), min(1.0, saturation * vividness)
    )
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in (red, green, blue))


def from_hue(hue: float, saturation: float, lightness: float) -> str:
    """The hex colour of a hue in turns (0…1), with saturation and lightness 0…1."""
    return "#" + "".join(
        f"{round(channel * 255):02x}"
        for channel in colorsys.hls_to_rgb(hue % 1, lightness, saturation)
    )


def encoded(linear: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The sRGB curve: linear 0…1 to display 0…1."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.maximum(linear, 1e-8) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def _channels(name: str) -> tuple[float, float, float]:
    red, green, blue = (int(name[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _linear(channels: tuple[float, float, float]) -> NDArray[np.float64]:
    display = np.array(channels, np.float64)
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def _radiance(linear: NDArray[np.float64]) -> Colour:
    return (-np.log1p(-np.minimum(linear, _BRIGHTEST)) / EXPOSURE).astype(np.float32)
