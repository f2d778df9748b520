"""A still lake that mirrors mountains, trees and sky."""

import numpy as np

from worker.engines.preview.colour import mix
from worker.engines.preview.drawing.noise import Profile, profile
from worker.engines.preview.figures.catalogue import SUBJECTS, Element
from worker.engines.preview.nature.sky import sky
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.nature.terrain import Ridge, fading, peaks, pines, ridge, rocky, rolling
from worker.engines.preview.nature.water import Mirror, Swell, Wave, water_colours
from worker.engines.preview.nature.weather import dust, fog
from worker.engines.preview.scenes.props import cherry_branch, framing_pines, grass
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.scenes.sea import Glitter
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Weather

_SHORE = 0.6


def lake(stage: Stage) -> Scenery:
    """Mountains and woods around a lake; blossoms frame it in spring."""
    deep, _ = water_colours(stage)
    back: list[Layer] = [
        *sky(stage, _SHORE),
        _great_mountain(stage),
        *_far_shore(stage),
        Mirror(stage, _SHORE, tint=mix(deep, stage.mood.haze, 0.3), clear=0.86, ripple=0.8),
        Glitter(stage, _SHORE),
        fog(stage, "lake mist", top=_SHORE - 0.08, bottom=_SHORE + 0.1, strength=0.4, depth=0.45),
    ]
    stands = any(SUBJECTS[thing].element is Element.GROUND for thing, _ in stage.reading.things)
    if stands:
        back.append(_bank(stage))
    swell = Swell(height=0.004, length=0.5, speed=0.7, sharp=0.0)
    surface = Wave(stage, "surface", base=0.8, depth=1.0, swell=swell)
    scenery = Scenery(
        back,
        _near_shore(stage, clear=stands),
        ground=0.88 if stands else 0.8,
        air=0.36,
        horizon=_SHORE,
    )
    scenery.wave, scenery.mirror, scenery.still = surface, 0.0 if stands else 0.55, True
    return scenery


def _near_shore(stage: Stage, *, clear: bool) -> list[Layer]:
    """What frames the view; ``clear`` keeps the ground free for who stands there."""
    front: list[Layer] = [dust(stage, 24)]
    if stage.reading.has(Weather.PETALS):
        front.append(cherry_branch(stage))
        if not clear:
            front.append(
                grass(stage, ("#7fa85a", "#5f8a4f"), base=1.04, tall=0.1, depth=1.15, count=90)
            )
    elif not clear:
        front.append(
            framing_pines(stage, "#2a4a40", snow=stage.reading.has(Weather.SNOW), base=1.12)
        )
    return front


def _great_mountain(stage: Stage) -> Layer:
    side = -1.0 if sun_place(stage, _SHORE)[0] < 0.5 else 1.0
    snow = mix(stage.mood.surface("#ffffff"), stage.mood.haze, 0.35)
    shape = Ridge(_SHORE + 0.01, 0.42, *fading(stage, "#3f568e", "#6a80b0", 0.44), 0.14, fall=0.4)
    lone = stage.luck.below("great mountain", 2) or stage.reading.has(Weather.PETALS)
    line = _volcano(stage) if lone else peaks(stage, "great", 0.8)
    return ridge(
        stage,
        line,
        shape,
        relief=rocky(stage, side, 0.27 if lone else 0.2, snow, rugged=0.6),
        until=_SHORE + 0.02,
    )


def _far_shore(stage: Stage) -> list[Layer]:
    """Wooded hills along the water, and a grove in blossom when petals fall."""
    layers: list[Layer] = []
    for row, (tall, distance, green) in enumerate(
        ((0.12, 0.5, "#4f7a68"), (0.075, 0.24, "#2f5a48"))
    ):
        line = pines(
            stage, f"shore {row}", tall * 0.5, over=rolling(stage, f"shore hills {row}", 1.6, 0.4)
        )
        colours = fading(stage, green, green, distance)
        shape = Ridge(_SHORE + 0.012, tall * 0.62, *colours, 0.3 + 0.1 * row, fall=tall, level=True)
        layers.append(ridge(stage, line, shape, until=_SHORE + 0.02))
    if stage.reading.has(Weather.PETALS):
        pink = mix(stage.mood.surface("#f7b8cc"), stage.mood.haze, 0.2)
        foot = mix(pink, stage.mood.surface("#8a5a72"), 0.5)
        grove = Ridge(_SHORE + 0.012, 0.07, pink, foot, 0.42, fall=0.06)
        layers.append(ridge(stage, rolling(stage, "grove", 9.0, 0.6), grove, until=_SHORE + 0.02))
    return layers


def _volcano(stage: Stage) -> Profile:
    """One great cone with gentle flanks."""
    luck = stage.luck.of("cone")
    centre = 0.5 + (0.5 - sun_place(stage, _SHORE)[0]) * float(luck.uniform(0.5, 1.0))
    at = np.linspace(-0.5, 1.5, 4096)
    away = np.abs(at - centre) * stage.width / stage.unit
    return profile(
        np.clip(1.02 - away / (0.16 + 0.55 * away + 0.25), 0.0, 0.9) + 0.008 * np.sin(at * 190)
    )


def _bank(stage: Stage) -> Layer:
    surface = stage.mood.surface
    snowy = stage.reading.has(Weather.SNOW)
    colours = (
        (surface("#f1f6fc"), surface("#b0c4de"))
        if snowy
        else (surface("#7fa85a"), surface("#3a5f3c"))
    )
    return ridge(stage, rolling(stage, "bank", 0.8, 0.3), Ridge(0.85, 0.06, *colours, 1.0))
