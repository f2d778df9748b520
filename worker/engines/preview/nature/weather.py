"""What falls, drifts and glows in the air of any scene."""

from collections.abc import Callable
from typing import Final

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.drawing.noise import clouds, stretched
from worker.engines.preview.drawing.sheets import Veil, whole_area
from worker.engines.preview.nature.particles import Grain, Kind, Particles
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Light, Weather


def weather(stage: Stage) -> list[Layer]:
    """The layers in front of everything, in a fixed order."""
    return [
        layer
        for kind, make in _MAKERS.items()
        if kind in stage.reading.weather
        for layer in make(stage)
    ]


def fog(
    stage: Stage, part: str, *, top: float, bottom: float, strength: float, depth: float
) -> Layer:
    """A bank of fog between two heights of the frame, drifting."""
    mood = stage.mood
    area = whole_area(stage, top, bottom, coarse=max(3.0, stage.unit / 90), wide=1.2)
    lumps = clouds(stage.luck.of(part), area.shape, (2.2, 4.5), 4)
    down = np.linspace(0, 1, area.rows, dtype=np.float32)[:, None]
    shape = np.clip(down * 2.6, 0, 1) * np.clip((1 - down) * 2.6, 0, 1)
    cover = stretched(lumps, 0.22, 0.72) * shape * np.float32(strength)
    return Veil(
        area,
        cover,
        mix(mood.haze, mood.horizon, 0.5),
        depth=depth,
        drift=stage.luck.between(part + " wind", 0.015, 0.035) * stage.width,
    )


def dust(stage: Stage, count: int = 40) -> Layer:
    """Specks that catch the light: they give the air depth."""
    kind = Kind(
        Grain.SOFT,
        count,
        (0.0016, 0.005),
        (0.02, -0.012),
        (stage.mood.glow,),
        sway=0.012,
        strength=0.5,
        twinkle=0.3,
        adds=True,
    )
    return Particles(stage, "dust", kind)


def _drifting_fog(stage: Stage) -> list[Layer]:
    """Fog before the subject; the scenes have their own behind it."""
    return [fog(stage, "near fog", top=0.5, bottom=1.1, strength=0.5, depth=1.1)]


def _rain(stage: Stage) -> list[Layer]:
    wind = stage.luck.between("wind", 0.1, 0.3) * (2.2 if stage.mood.light is Light.STORM else 1.0)
    colour = mix(stage.mood.horizon, radiance("#dfeaf2"), 0.5)
    kind = Kind(Grain.STREAK, 190, (0.03, 0.1), (wind, 1.9), (colour,), strength=0.42, adds=True)
    return [Particles(stage, "rain", kind)]


def _snow(stage: Stage) -> list[Layer]:
    white = (
        radiance("#ffffff") * np.float32(0.9)
        if stage.mood.light is not Light.NIGHT
        else radiance("#d5e2f7") * np.float32(0.7)
    )
    kind = Kind(Grain.SOFT, 260, (0.0016, 0.0062), (0.05, 0.17), (white,), sway=0.03, strength=0.9)
    return [Particles(stage, "snow", kind)]


def _petals(stage: Stage) -> list[Layer]:
    mood = stage.mood
    colours = tuple(mood.surface(name) for name in ("#ff9fc0", "#ffc4d8", "#f27fa8"))
    kind = Kind(Grain.PETAL, 80, (0.006, 0.02), (0.16, 0.15), colours, sway=0.05, strength=1.1)
    return [Particles(stage, "petals", kind)]


def _leaves(stage: Stage) -> list[Layer]:
    colours = tuple(
        stage.mood.surface(name) for name in ("#e08a2e", "#c9502a", "#e8b545", "#a63f2a")
    )
    kind = Kind(Grain.PETAL, 46, (0.006, 0.024), (0.13, 0.17), colours, sway=0.06, strength=1.15)
    return [Particles(stage, "leaves", kind)]


def embers(stage: Stage) -> list[Layer]:
    """Sparks that rise and go out."""
    colours = (
        radiance("#ff9a3c") * np.float32(2),
        radiance("#ffcf6a") * np.float32(2),
        radiance("#ff5a2a") * np.float32(1.6),
    )
    kind = Kind(
        Grain.SOFT,
        120,
        (0.0016, 0.0052),
        (0.06, -0.34),
        colours,
        sway=0.04,
        twinkle=1.6,
        adds=True,
        dies=True,
        strength=1.2,
    )
    return [Particles(stage, "embers", kind)]


def _fireflies(stage: Stage) -> list[Layer]:
    glow = radiance("#e9ff8a")
    near = Kind(
        Grain.SOFT,
        44,
        (0.003, 0.006),
        (0.03, -0.02),
        (glow * np.float32(2.2),),
        sway=0.06,
        twinkle=0.45,
        adds=True,
    )
    halos = Kind(
        Grain.SOFT,
        44,
        (0.009, 0.02),
        (0.03, -0.02),
        (glow,),
        sway=0.06,
        twinkle=0.45,
        adds=True,
        strength=0.28,
    )
    return [Particles(stage, "fireflies", halos), Particles(stage, "fireflies", near)]


def _sparkles(stage: Stage) -> list[Layer]:
    colours = tuple(radiance(name) * np.float32(1.8) for name in ("#fff2b8", "#ffd0f0", "#c8f0ff"))
    kind = Kind(
        Grain.SOFT, 80, (0.002, 0.006), (0.02, 0.03), colours, sway=0.03, twinkle=0.9, adds=True
    )
    return [Particles(stage, "sparkles", kind)]


def _bubbles(stage: Stage) -> list[Layer]:
    kind = Kind(
        Grain.RING,
        34,
        (0.006, 0.03),
        (0.02, -0.13),
        (radiance("#dff6ff"),),
        sway=0.02,
        strength=0.8,
        adds=True,
    )
    return [Particles(stage, "bubbles", kind)]


_MAKERS: Final[dict[Weather, Callable[[Stage], list[Layer]]]] = {
    Weather.FOG: _drifting_fog,
    Weather.BUBBLES: _bubbles,
    Weather.FIREFLIES: _fireflies,
    Weather.EMBERS: embers,
    Weather.SPARKLES: _sparkles,
    Weather.PETALS: _petals,
    Weather.LEAVES: _leaves,
    Weather.SNOW: _snow,
    Weather.RAIN: _rain,
}
