"""Water: rolling waves one behind another, and a still surface that mirrors what stands behind
it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, mix, radiance
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.stage import Canvas, Shot, Stage

_FACE: Final = 0.09
"""How far the light shines through a wave's crest, in stage units."""


@dataclass(frozen=True, slots=True)
class Swell:
    """How high and how long the waves of one row are, in stage units, and how fast they roll."""

    height: float
    length: float
    speed: float
    sharp: float
    """0 is a rolling swell, 1 a peaked storm wave."""


class Wave:
    """One row of waves, from its crest down."""

    def __init__(self, stage: Stage, part: str, *, base: float, depth: float, swell: Swell) -> None:
        luck = stage.luck.of(part)
        self.depth = depth
        self._base = stage.y(base)
        self._unit = stage.unit
        self._swell = swell
        self._phases = luck.uniform(0, 2 * math.pi, 4).astype(np.float32)
        self._ways = luck.choice([-1.0, 1.0]) * np.array([1, 1.25, -0.55, 1.7], np.float32)
        mood = stage.mood
        deep, shallow = water_colours(stage)
        far = max(0.0, 1 - depth)
        self._foot = mix(deep, mood.haze, 0.5 * far * far)
        self._face = mix(mix(deep, shallow, 0.55 + 0.3 * swell.sharp), mood.haze, 0.62 * far)
        self._foam = mix(mood.horizon, radiance("#ffffff"), 0.35) * np.float32(
            0.25 + 0.55 * swell.sharp
        )
        self._foamy = (0.25 + 0.75 * swell.sharp) * (0.35 + 0.65 * depth)

    def crest(self, x: Plane, seconds: float) -> Plane:
        """The world's y of the surface above every x at a moment."""
        height = np.zeros_like(x)
        for index, (scale, share) in enumerate(
            ((1.0, 1.0), (0.53, 0.42), (0.29, 0.2), (0.13, 0.07))
        ):
            phase = (
                x * np.float32(2 * math.pi / (self._swell.length * scale * self._unit))
                + self._phases[index]
            )
            phase = phase - np.float32(seconds * self._swell.speed) * self._ways[index]
            height += np.float32(share) * _peaked(phase, self._swell.sharp)
        return np.float32(self._base) - height * np.float32(self._swell.height * self._unit)

    def paint(self, shot: Shot) -> None:
        view = shot.view(self.depth)
        crest = (
            (self.crest(view.columns, shot.seconds) - np.float32(view.top)) * np.float32(view.scale)
        )[None, :]
        top = max(0, math.floor(float(crest.min())) - 1)
        if top >= shot.height:
            return
        rows = np.arange(top, shot.height, dtype=np.float32)[:, None] + np.float32(0.5)
        below = rows - crest
        cover = np.clip(below + 0.5, 0, 1)
        self._colour(
            shot.canvas[:, top:], cover, np.maximum(below, 0) / np.float32(self._unit * view.scale)
        )

    def _colour(self, under: Canvas, cover: Plane, below: Plane) -> None:
        shine = np.exp(below * np.float32(-1 / _FACE))
        foam = np.exp(below * np.float32(-150)) * np.float32(self._foamy)
        for channel, foot, face, white in zip(
            under, self._foot, self._face, self._foam, strict=True
        ):
            channel[:] += cover * (foot + (face - foot) * shine + white * foam - channel)


def _peaked(phase: Plane, sharp: float) -> Plane:
    """A wave in -1…1 whose crests get narrower with ``sharp``."""
    round_wave = np.sin(phase)
    pointed = 1 - 2 * np.abs(np.sin(phase / 2 - np.float32(math.pi / 4)))
    return (round_wave + np.float32(0.6 * sharp) * (pointed - round_wave)).astype(np.float32)


def water_colours(stage: Stage) -> tuple[Colour, Colour]:
    """Deep and shallow water in this light."""
    pairs = (("#0c3550", "#3f94a4"), ("#12305e", "#4a86b8"), ("#0f4450", "#57a89a"))
    deep, shallow = pairs[stage.luck.below("water", len(pairs))]
    mood = stage.mood
    return mix(mood.surface(deep), mood.zenith, 0.25), mix(mood.surface(shallow), mood.middle, 0.4)


class Mirror:
    """A still surface from the horizon down: what is above it, upside down, broken up by ripples in
    perspective."""

    def __init__(
        self,
        stage: Stage,
        horizon: float,
        *,
        tint: Colour,
        clear: float = 0.75,
        ripple: float = 1.0,
        depth: float = 0.45,
    ) -> None:
        self._horizon = stage.y(horizon)
        self._unit = stage.unit
        self._tint = tint
        self._clear = clear
        self._ripple = ripple
        self._depth = depth
        self._phases = stage.luck.of("mirror").uniform(0, 2 * math.pi, 4)

    def paint(self, shot: Shot) -> None:
        view = shot.view(self._depth)
        level = view.screen(0, self._horizon)[1]
        top = max(0, math.ceil(level))
        if top >= shot.height:
            return
        away = (
            np.arange(top, shot.height, dtype=np.float32)[:, None] + 0.5 - np.float32(level)
        ) / view.scale
        bend = self._waves(view.columns[None, :], away, shot.seconds)
        mirrored = self._mirrored(shot, level, away * view.scale, bend * view.scale)
        near = np.clip(away / np.float32(0.6 * self._unit), 0, 1)
        share = np.float32(self._clear) * (1 - 0.55 * near)
        light = 1 + 0.5 * np.clip(bend / np.float32(self._unit * 0.03), -1, 1) * near**0.5
        under = shot.canvas[:, top:]
        for channel, source, tint in zip(under, mirrored, self._tint, strict=True):
            channel[:] = source * share + tint * (1 - share) * light

    def _waves(self, x: Plane, away: Plane, seconds: float) -> Plane:
        """How far the mirrored picture is bent at every pixel, in pixels; ripples shrink towards
        the horizon."""
        far = np.float32(self._unit) / (away + np.float32(0.03 * self._unit))
        across = (x - x.mean()) / np.float32(self._unit) * far
        a, b, c, d = (np.float32(phase) for phase in self._phases)
        time = np.float32(seconds)
        bend = np.sin(far * 9 + across * 1.2 + a + 1.9 * time)
        bend += 0.7 * np.sin(far * 15 - across * 2.3 + b + 2.4 * time)
        bend += 0.5 * np.sin(far * 5 + across * 4.1 + c - 1.3 * time)
        bend += 0.35 * np.sin(far * 23 + across * 6.5 + d + 3 * time)
        size = np.float32(0.012 * self._ripple * self._unit) * np.clip(
            away / np.float32(0.35 * self._unit), 0.02, 1.1
        )
        return np.asarray(bend * size)

    @staticmethod
    def _mirrored(shot: Shot, level: float, away: Plane, bend: Plane) -> Canvas:
        rows = np.clip(
            (level - away - np.abs(bend) * 0.6 + bend).astype(np.int32),
            0,
            max(0, math.ceil(level) - 1),
        )
        columns = np.arange(shot.width) + (bend * 0.35).astype(np.int32)
        mirrored: Canvas = shot.canvas[:, rows, np.clip(columns, 0, shot.width - 1)]
        return mirrored
