"""Colours, and the light of a scene as one palette: sky, key light, and what it does to things."""

import colorsys
from dataclasses import dataclass
from typing import Final

from worker.engines.preview.reading import Reading

Colour = tuple[int, int, int]
"""Red, green, blue as displayed, each 0…255."""
Light = tuple[float, float, float]
"""What a light leaves of red, green and blue; white daylight leaves all."""


def rgb(name: str) -> Colour:
    """The colour of six hex digits."""
    red, green, blue = bytes.fromhex(name)
    return red, green, blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Between two colours: 0 is ``one``, 1 is ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lit(colour: Colour, light: Light) -> Colour:
    """A surface of that colour under a light."""
    red, green, blue = (round(c * part**0.45) for c, part in zip(colour, light, strict=True))
    return red, green, blue


def toned(colour: Colour, lightness: float, *, turn: float = 0.0) -> Colour:
    """A colour with its lightness scaled and its hue turned by so many degrees."""
    hue, light, saturation = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    return from_hue(hue + turn / 360, saturation, min(1.0, light * lightness))


def from_hue(hue: float, saturation: float, lightness: float) -> Colour:
    """The colour of a hue in turns, with saturation and lightness 0…1."""
    red, green, blue = (round(255 * c) for c in colorsys.hls_to_rgb(hue % 1, lightness, saturation))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Mood:
    """One light. ``ambient`` dims every surface."""

    light: str
    zenith: Colour
    middle: Colour
    horizon: Colour
    glow: Colour
    ambient: Light

    @property
    def haze(self) -> Colour:
        """What far things fade to: the air near the horizon."""
        return mix(self.horizon, self.middle, 0.3)

    def surface(self, colour: Colour, distance: float = 0.0) -> Colour:
        """A colour in this light, at a distance from 0 (here) to 1 (lost in the haze)."""
        return mix(lit(colour, self.ambient), self.haze, distance)


# sky from zenith to horizon, key light, and the light on things; the last four belong to places
_MOODS: Final[dict[str, tuple[tuple[str, Light], ...]]] = {
    "day": (("2470c4 6fb0e6 d3eaf2 fff1c9", (1.0, 0.98, 0.94)),
        ("1f86b4 7fcbd8 f3ead2 fff3d0", (1.0, 0.97, 0.9))),
    "sunset": (("2b2a5e c4527a ffb366 ffca85", (0.66, 0.46, 0.56)),
        ("274573 e0705a ffd27a ffd694", (0.7, 0.51, 0.55)),
        ("35407a d98aa0 ffd9a6 ffe0b0", (0.72, 0.54, 0.6))),
    "dawn": (("6fa3d8 f0b8c8 ffe8cf fff0d6", (0.92, 0.82, 0.84)),
        ("5f9fb8 b9dcd3 ffe3c2 fff1cf", (0.88, 0.86, 0.82))),
    "night": (("060d24 13294f 38608c cfe0ff", (0.2, 0.27, 0.46)),
        ("0d0826 2a1f5c 5c4a8a e0d8ff", (0.25, 0.23, 0.46)),
        ("04161f 0e3c4a 3a7d80 d4f2f0", (0.19, 0.3, 0.38))),
    "storm": (("141c25 33444f 7c929a d9ebf0", (0.4, 0.47, 0.53)),
        ("10201f 2f4b49 84a196 e0f2e6", (0.38, 0.48, 0.48))),
    "grey": (("8fa3af bccad0 e2e8e4 fff8e8", (0.72, 0.77, 0.8)),),
    "underwater": (("6ae0d4 1d8f9c 0a4f66 d8fff4", (0.8, 0.95, 0.92)),
        ("6cc8ec 1f74b0 0d3c70 e0f8ff", (0.8, 0.9, 1.0))),
    "space": (("05060f 0d0e22 171634 fff2d8", (0.9, 0.9, 1.0)),),
    "volcano": (("1a0a12 6b1a12 e8581e ffb45a", (0.72, 0.42, 0.38)),),
    "room": (("54434a 7a5c54 9c7058 ffcf90", (0.94, 0.82, 0.7)),),
}  # fmt: skip


def mood_for(reading: Reading, choice: float, turn: float, lights: tuple[str, ...]) -> Mood:
    """The palette of a scene. ``choice`` (0…1) picks among ``lights`` and their palettes what the
    prompt leaves open; ``turn`` turns the sky's hues by some degrees."""
    light = reading.light or lights[int(choice * 97) % len(lights)]
    choices = _MOODS.get(reading.place) or _MOODS[light]
    names, ambient = choices[int(choice * len(choices))]
    tones = [toned(rgb(name), 1, turn=turn) for name in names.split()]
    if reading.hue is not None and not reading.things:
        tones[:3] = [mix(tone, rgb(reading.hue), 0.38) for tone in tones[:3]]
    return Mood(light, tones[0], tones[1], tones[2], tones[3], ambient)
