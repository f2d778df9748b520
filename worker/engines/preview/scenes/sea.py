"""The open sea: rows of waves under the sky, from a calm evening to a storm."""

import math

import numpy as np

from worker.engines.preview.figures.catalogue import SUBJECTS, Element
from worker.engines.preview.nature.sky import sky
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.nature.terrain import Ridge, ridge, rolling
from worker.engines.preview.nature.water import Swell, Wave
from worker.engines.preview.nature.weather import fog
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Shot, Stage
from worker.engines.preview.words.concepts import Light, Thing, Weather

_ROWS = 9
_FRONT_ROWS = 3


def sea(stage: Stage) -> Scenery:
    """The sea; what floats rides the third wave from the front, what stands has a beach."""
    stormy = stage.mood.light is Light.STORM
    horizon = 0.5
    waves = [_wave(stage, row, horizon, stormy=stormy) for row in range(_ROWS)]
    back: list[Layer] = [*sky(stage, horizon), *waves[:-_FRONT_ROWS]]
    if not stormy:
        back.append(Glitter(stage, horizon))
    if stage.reading.has(Weather.FOG):
        back.insert(
            -2,
            fog(
                stage, "far fog", top=horizon - 0.2, bottom=horizon + 0.22, strength=0.85, depth=0.3
            ),
        )
    front: list[Layer] = [*waves[-_FRONT_ROWS:]]
    if _needs_beach(stage):
        return _on_the_beach(stage, back, front, horizon)
    return Scenery(
        back, front, ground=0.66, air=0.3, horizon=horizon, wave=waves[-_FRONT_ROWS], solid=False
    )


def _wave(stage: Stage, row: int, horizon: float, *, stormy: bool) -> Wave:
    near = row / (_ROWS - 1)
    rough = 1.0 if stormy else 0.42
    base = horizon + (0.95 - horizon) * (0.02 + 0.98 * near**1.35)
    swell = Swell(
        height=(0.004 + 0.058 * near**1.2) * rough,
        length=0.16 + 0.85 * near,
        speed=(1.1 + 0.9 * near) * (1.25 if stormy else 0.8),
        sharp=0.85 if stormy else 0.2,
    )
    return Wave(stage, f"wave {row}", base=base, depth=round(0.3 + 0.85 * near, 3), swell=swell)


def _needs_beach(stage: Stage) -> bool:
    standing = [
        thing for thing, _ in stage.reading.things if SUBJECTS[thing].element is Element.GROUND
    ]
    return bool(standing) and standing != [Thing.LIGHTHOUSE]


def _on_the_beach(stage: Stage, back: list[Layer], front: list[Layer], horizon: float) -> Scenery:
    mood = stage.mood
    sand = Ridge(0.84, 0.07, mood.surface("#f0dab0"), mood.surface("#c9a878"), depth=1.0, fall=0.3)
    beach = ridge(stage, rolling(stage, "beach", 0.7, 0.3), sand)
    return Scenery(
        [*back, *front[:-1], beach], [], ground=0.88, air=0.3, horizon=horizon, wave=None
    )


class Glitter:
    """The path of light that sun or moon lays on the water."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        luck = stage.luck.of("glitter")
        self._glow = stage.mood.glow
        self._x = stage.x(sun_place(stage, horizon)[0])
        self._unit = stage.unit
        count = round(150 * stage.lavish)
        self._down = np.sort(luck.random(count) ** 1.7)
        self._y = stage.y(horizon) + self._down * 0.36 * stage.height + 0.004 * stage.unit
        self._across = luck.normal(0, 1, count) * (0.035 + 0.11 * self._down)
        self._phase = luck.uniform(0, 2 * math.pi, count)
        self._pace = luck.uniform(2.0, 5.0, count)
        self._strength = {Light.DAY: 0.5, Light.NIGHT: 0.4, Light.GREY: 0.12}.get(
            stage.mood.light, 0.8
        )

    def paint(self, shot: Shot) -> None:
        light = np.sin(self._pace * shot.seconds + self._phase).clip(0, None) * self._strength
        for index in np.nonzero(light > 0.03)[0]:
            near = float(self._down[index])
            view = shot.view(round(0.3 + 0.5 * near, 1))
            at = view.screen(
                self._x + float(self._across[index]) * self._unit, float(self._y[index])
            )
            self._dash(shot, at, near=near, light=float(light[index]))

    def _dash(self, shot: Shot, at: tuple[float, float], *, near: float, light: float) -> None:
        x, y = at
        wide, tall = (
            (0.008 + 0.03 * near) * self._unit,
            max(0.6, (0.0012 + 0.0035 * near) * self._unit),
        )
        left, top = max(0, int(x - 2 * wide)), max(0, int(y - 2 * tall))
        part = shot.canvas[:, top : int(y + 2 * tall) + 2, left : max(0, int(x + 2 * wide) + 2)]
        if not part.size:
            return
        across = (np.arange(part.shape[2], dtype=np.float32) + np.float32(left - x)) / np.float32(
            wide
        )
        down = (np.arange(part.shape[1], dtype=np.float32) + np.float32(top - y)) / np.float32(tall)
        part += self._glow[:, None, None] * (
            np.exp(-down * down)[:, None] * np.exp(-across * across) * np.float32(light)
        )
