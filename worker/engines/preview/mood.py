"""The light of a scene as one coherent palette: sky from zenith to horizon, key light, and what it
does to surfaces."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, mix, radiance, reflected, turned
from worker.engines.preview.luck import Luck
from worker.engines.preview.words.concepts import Body, Hue, Light, Place, Thing
from worker.engines.preview.words.reading import Reading


@dataclass(frozen=True, slots=True)
class Mood:
    """One light, as radiance. ``ambient`` multiplies every surface; ``haze`` is what distance fades
    to."""

    light: Light
    zenith: Colour
    middle: Colour
    horizon: Colour
    glow: Colour
    ambient: Colour
    stars: float
    """How many stars show, 0…1."""

    @property
    def haze(self) -> Colour:
        """What far things fade to: the air near the horizon."""
        return mix(self.horizon, self.middle, 0.3)

    def surface(self, name: str, distance: float = 0.0) -> Colour:
        """A named colour in this light, ``distance`` 0 (here) … 1 (lost in the haze)."""
        return mix(reflected(name, self.ambient), self.haze, distance)


@dataclass(frozen=True, slots=True)
class _Palette:
    sky: tuple[str, str, str]
    glow: str
    ambient: tuple[float, float, float]


_PALETTES: Final[dict[Light, tuple[_Palette, ...]]] = {
    Light.DAY: (
        _Palette(("#2470c4", "#6fb0e6", "#d3eaf2"), "#fff1c9", (1.0, 0.98, 0.94)),
        _Palette(("#1f86b4", "#7fcbd8", "#f3ead2"), "#fff3d0", (1.0, 0.97, 0.9)),
        _Palette(("#3068b4", "#86b8e6", "#f0e4dc"), "#ffeccc", (0.97, 0.95, 0.96)),
    ),
    Light.SUNSET: (
        _Palette(("#2b2a5e", "#c4527a", "#ffb366"), "#ffca85", (0.66, 0.46, 0.56)),
        _Palette(("#274573", "#e0705a", "#ffd27a"), "#ffd694", (0.7, 0.51, 0.55)),
        _Palette(("#3b1f52", "#b8405e", "#ff9a56"), "#ffb46e", (0.64, 0.42, 0.54)),
        _Palette(("#35407a", "#d98aa0", "#ffd9a6"), "#ffe0b0", (0.72, 0.54, 0.6)),
    ),
    Light.DAWN: (
        _Palette(("#6fa3d8", "#f0b8c8", "#ffe8cf"), "#fff0d6", (0.92, 0.82, 0.84)),
        _Palette(("#8d8fd0", "#f4bccd", "#fdf0d8"), "#ffeedd", (0.9, 0.82, 0.88)),
        _Palette(("#5f9fb8", "#b9dcd3", "#ffe3c2"), "#fff1cf", (0.88, 0.86, 0.82)),
    ),
    Light.NIGHT: (
        _Palette(("#060d24", "#13294f", "#38608c"), "#cfe0ff", (0.2, 0.27, 0.46)),
        _Palette(("#0d0826", "#2a1f5c", "#5c4a8a"), "#e0d8ff", (0.25, 0.23, 0.46)),
        _Palette(("#04161f", "#0e3c4a", "#3a7d80"), "#d4f2f0", (0.19, 0.3, 0.38)),
    ),
    Light.STORM: (
        _Palette(("#141c25", "#33444f", "#7c929a"), "#d9ebf0", (0.4, 0.47, 0.53)),
        _Palette(("#1b1a2c", "#43435c", "#8c8c9c"), "#e2e2f2", (0.42, 0.43, 0.54)),
        _Palette(("#10201f", "#2f4b49", "#84a196"), "#e0f2e6", (0.38, 0.48, 0.48)),
    ),
    Light.GREY: (
        _Palette(("#8fa3af", "#bccad0", "#e2e8e4"), "#fff8e8", (0.72, 0.77, 0.8)),
        _Palette(("#a49c98", "#cfc6bc", "#efe6d8"), "#fff2da", (0.8, 0.75, 0.7)),
        _Palette(("#7d97a3", "#a9c2c2", "#dfe7da"), "#fdf9e4", (0.68, 0.77, 0.76)),
    ),
}

_NATURAL: Final = frozenset(
    {
        (Thing.FOX, Hue.RED),
        (Thing.FOX, Hue.ORANGE),
        (Thing.HORSE, Hue.BROWN),
        (Thing.BEAR, Hue.BROWN),
    }
)
_NIGHTLY: Final = frozenset({Place.SPACE, Place.LUNAR, Place.VOLCANO, Place.ROOM})
_OPEN: Final = (Light.DAY, Light.SUNSET, Light.DAWN)
_LAMPLIT: Final = ((0.86, 0.66, 0.5), "#ffc98a")
_INDOORS: Final = ((0.95, 0.88, 0.8), "#fff0d4")
_STARS: Final = {Light.NIGHT: 1.0, Light.SUNSET: 0.12}


def mood_for(reading: Reading, luck: Luck) -> Mood:
    """The palette of a scene: what the prompt says of its light, the rest by chance. Rooms have
    light of their own."""
    light = reading.light or _open_light(reading, luck)
    choices = _PALETTES[light]
    palette = choices[luck.below("palette", len(choices))]
    turn = luck.between("hue", -6, 6)
    zenith, middle, horizon = (radiance(_steered(name, reading, turn)) for name in palette.sky)
    ambient, glow = palette.ambient, palette.glow
    if reading.place is Place.ROOM:
        ambient, glow = _LAMPLIT if light is Light.NIGHT else _INDOORS
    return Mood(
        light=light,
        zenith=zenith,
        middle=middle,
        horizon=horizon,
        glow=radiance(glow),
        ambient=np.array(ambient, np.float32),
        stars=_STARS.get(light, 0.0),
    )


def _open_light(reading: Reading, luck: Luck) -> Light:
    if reading.place in _NIGHTLY:
        return Light.NIGHT
    if reading.place is Place.CITY:
        return (Light.NIGHT, Light.SUNSET)[luck.below("light", 2)]
    if Body.SUN in reading.bodies:
        return (Light.DAY, Light.SUNSET)[luck.below("light", 2)]
    if reading.place is Place.UNDERWATER:
        return Light.DAY
    return _OPEN[luck.below("light", len(_OPEN))]


def _steered(name: str, reading: Reading, turn: float) -> str:
    """A sky colour, pulled towards a colour that the prompt names for no subject in particular."""
    turned_name = turned(name, degrees=turn)
    if reading.hue is None or reading.things:
        return turned_name
    return _hex_mix(turned_name, reading.hue.value, 0.38)


def _hex_mix(one: str, other: str, share: float) -> str:
    pairs = zip(*(bytes.fromhex(name[1:]) for name in (one, other)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def is_natural(thing: Thing, hue: Hue) -> bool:
    """Whether a colour word only says what the subject looks like anyway, as in a red fox."""
    return (thing, hue) in _NATURAL
