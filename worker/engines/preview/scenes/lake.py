"""A still lake that mirrors mountains, trees and sky."""

import numpy as np

from worker.engines.preview.colour import mix
from worker.engines.preview.concepts import Weather
from worker.engines.preview.figures.catalogue import SUBJECTS, Element
from worker.engines.preview.noise import Profile, profile
from worker.engines.preview.scenes.props import cherry_branch, framing_pines, grass
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.scenes.sea import Glitter
from worker.engines.preview.sky import sky, sun_place
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.terrain import Ridge, fading, peaks, pines, ridge, rocky, rolling
from worker.engines.preview.water import Mirror, Swell, Wave, water_colours
from worker.engines.preview.weather import dust, fog

_SHORE = 0.6


def lake(stage: Stage) -> Scenery:
    """Mountains and woods around a lake; blossoms frame it in spring."""
    layers: list[Layer] = [*sky(stage, _SHORE), *_far_shore(stage)]
    deep, _ = water_colours(stage)
    layers.append(Mirror(stage, _SHORE, tint=mix(deep, stage.mood.haze, 0.3), clear=0.86, ripple=0.8))
    layers.append(Glitter(stage, _SHORE))
    layers.append(fog(stage, "lake mist", top=_SHORE - 0.08, bottom=_SHORE + 0.1, strength=0.5, depth=0.45))
    blooming = stage.reading.has(Weather.PETALS)
    front: list[Layer] = [cherry_branch(stage)] if blooming else []
    if _stands(stage):
        front = [*front, dust(stage, 24)]
        layers.append(_bank(stage))
    elif not blooming:
        front.append(framing_pines(stage, "#2a4a40", snow=stage.reading.has(Weather.SNOW), base=1.12))
    else:
        front.append(grass(stage, ("#7fa85a", "#5f8a4f"), base=1.04, tall=0.1, depth=1.15, count=90))
    swell = Swell(height=0.004, length=0.5, speed=0.7, sharp=0.0)
    surface = Wave(stage, "surface", base=0.8, depth=1.0, swell=swell)
    return Scenery(
        layers,
        front,
        ground=0.88 if _stands(stage) else 0.8,
        air=0.36,
        horizon=_SHORE,
        wave=surface,
        mirror=0.55,
        still=True,
    )


def _stands(stage: Stage) -> bool:
    return any(SUBJECTS[thing].element is Element.GROUND for thing, _ in stage.reading.things)


def _far_shore(stage: Stage) -> list[Layer]:
    side = -1.0 if sun_place(stage, _SHORE)[0] < 0.5 else 1.0
    snow = mix(stage.mood.surface("#ffffff"), stage.mood.haze, 0.35)
    top, bottom = fading(stage, "#5f6f94", "#8a98b8", 0.58)
    great = (
        _volcano(stage)
        if stage.luck.below("great mountain", 2) or stage.reading.has(Weather.PETALS)
        else peaks(stage, "great", 0.8)
    )
    layers: list[Layer] = [
        ridge(
            stage,
            great,
            Ridge(_SHORE + 0.01, 0.42, top, bottom, 0.14, fall=0.4),
            relief=rocky(stage, side, 0.13, snow, rugged=0.5),
            until=_SHORE + 0.02,
        ),
    ]
    for row, (tall, distance, green) in enumerate(((0.12, 0.5, "#4f7a68"), (0.075, 0.24, "#2f5a48"))):
        top, bottom = fading(stage, green, green, distance)
        line = pines(stage, f"shore {row}", tall * 0.5, over=rolling(stage, f"shore hills {row}", 1.6, 0.4))
        layers.append(
            ridge(
                stage,
                line,
                Ridge(_SHORE + 0.012, tall * 0.62, top, bottom, 0.3 + 0.1 * row, fall=tall, level=True),
                until=_SHORE + 0.02,
            )
        )
    if stage.reading.has(Weather.PETALS):
        pink = mix(stage.mood.surface("#f7b8cc"), stage.mood.haze, 0.2)
        grove = rolling(stage, "grove", 9.0, 0.6)
        layers.append(
            ridge(
                stage,
                grove,
                Ridge(_SHORE + 0.012, 0.07, pink, mix(pink, stage.mood.surface("#8a5a72"), 0.5), 0.42, fall=0.06),
                until=_SHORE + 0.02,
            )
        )
    return layers


def _volcano(stage: Stage) -> Profile:
    """One great cone with gentle flanks."""
    luck = stage.luck.of("cone")
    centre = 0.5 + (0.5 - sun_place(stage, _SHORE)[0]) * float(luck.uniform(0.5, 1.0))
    at = np.linspace(-0.5, 1.5, 4096)
    away = np.abs(at - centre) * stage.width / stage.unit
    return profile(np.clip(1.02 - away / (0.16 + 0.55 * away + 0.25), 0.0, 0.9) + 0.008 * np.sin(at * 190))


def _bank(stage: Stage) -> Layer:
    surface = stage.mood.surface
    snowy = stage.reading.has(Weather.SNOW)
    colours = (surface("#f1f6fc"), surface("#b0c4de")) if snowy else (surface("#7fa85a"), surface("#3a5f3c"))
    return ridge(stage, rolling(stage, "bank", 0.8, 0.3), Ridge(0.85, 0.06, *colours, 1.0))
