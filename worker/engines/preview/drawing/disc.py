"""Sun, moon and planets: discs with a halo."""

from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, radiance
from worker.engines.preview.drawing.noise import Plane, clouds
from worker.engines.preview.drawing.sheets import graded, painted
from worker.engines.preview.stage import Canvas, Shot, Stage
from worker.engines.preview.words.concepts import Body

_BODY_DEPTH: Final = 0.04


class Disc:
    """Sun, moon or planet: a disc with its halo."""

    def __init__(
        self, stage: Stage, body: Body, place: tuple[float, float], size: float | None = None
    ) -> None:
        usual = {Body.SUN: 0.075, Body.MOON: 0.085, Body.PLANET: 0.15}[body]
        named = 1.5 if body in stage.reading.bodies else 1.0
        self._radius = (size if size is not None else usual * named) * stage.unit
        self._x, self._y = stage.x(place[0]), stage.y(place[1])
        self._body = body
        self._light = stage.mood.glow
        self._mottle = clouds(stage.luck.of("mottle"), (96, 96), (5, 5), 4)
        self._hue = _planet_colours(stage)
        self._ringed = stage.luck.below("ring", 3) > 0

    def paint(self, shot: Shot) -> None:
        view = shot.view(_BODY_DEPTH)
        x, y = view.screen(self._x, self._y)
        radius = self._radius * view.scale
        across = (np.arange(shot.width, dtype=np.float32) + 0.5 - x) / np.float32(radius)
        down = (np.arange(shot.height, dtype=np.float32) + 0.5 - y) / np.float32(radius)
        columns, rows = np.nonzero(np.abs(across) < 5)[0], np.nonzero(np.abs(down) < 5)[0]
        if not len(columns) or not len(rows):
            return
        u, v = across[columns[0] : columns[-1] + 1][None], down[rows[0] : rows[-1] + 1][:, None]
        part = shot.canvas[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self._draw(part, u, v, radius)

    def _draw(self, part: Canvas, u: Plane, v: Plane, radius: float) -> None:
        far = np.sqrt(u * u + v * v)
        edge = np.clip((1 - far) * np.float32(radius) + 0.5, 0, 1)
        halo = np.exp(-np.maximum(far - 1, 0) * 1.6) * np.clip((5 - far) / 4, 0, 1) * (1 - edge)
        match self._body:
            case Body.SUN:
                part += painted(self._light, (halo * 0.4 + edge * 1.9).astype(np.float32))
            case Body.MOON:
                face = self._face(u, v)
                part *= 1 - edge * np.float32(0.9)
                part += painted(self._light, (halo * 0.16 + edge * face * 1.15).astype(np.float32))
            case Body.PLANET:
                self._planet(part, u, v, edge=edge, halo=halo)

    def _face(self, u: Plane, v: Plane) -> Plane:
        return 0.68 + 0.5 * self._spot(u, v) + 0.1 * np.clip(-v, -1, 1)

    def _spot(self, u: Plane, v: Plane) -> Plane:
        rows = np.clip((v * 40 + 48).astype(int), 0, 95)
        columns = np.clip((u * 40 + 48).astype(int), 0, 95)
        return np.asarray(self._mottle[rows, columns] - np.float32(0.35))

    def _planet(self, part: Canvas, u: Plane, v: Plane, *, edge: Plane, halo: Plane) -> None:
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        bands = (
            0.5
            + 0.32 * np.sin(v * 13 + 1.1 + 5 * self._spot(u * 0.35, v))
            + 0.5 * self._spot(u * 0.22, v)
        )
        light = np.clip(-0.55 * u - 0.5 * v + 0.62 * depth, 0.02, 1.2)
        body = graded([(0.0, self._hue[0]), (1.0, self._hue[1])], bands)
        rim = np.exp(-((1 - np.sqrt(u * u + v * v)) ** 2) * 60) * np.clip(light + 0.2, 0, 1)
        band, before = self._ring(u, v, self._radius)
        self._lay(part, band * (1 - before), light * 0 + 0.75)
        part *= 1 - edge
        part += body * (light * edge)
        self._lay(part, band * before, light * 0 + 0.9)
        part += painted(
            self._hue[1], (rim * edge * 0.5 + halo * 0.16 * np.clip(0.4 - 0.4 * u - 0.4 * v, 0, 1))
        )

    def _lay(self, part: Canvas, cover: Plane, light: Plane) -> None:
        part += (self._hue[1][:, None, None] * light - part) * (cover * np.float32(0.8))

    def _ring(self, u: Plane, v: Plane, radius: float) -> tuple[Plane, Plane]:
        """The planet's ring, and which part of it is before the planet."""
        if not self._ringed:
            return np.zeros(np.broadcast_shapes(u.shape, v.shape), np.float32), np.float32(0) * v
        along, across = u * 0.94 + v * 0.34, (v * 0.94 - u * 0.34) / 0.26
        far = np.sqrt(along * along + across * across)
        soft = np.float32(radius * 0.3)
        edges = np.clip((far - 1.4) * soft, 0, 1) * np.clip((2.25 - far) * soft, 0, 1)
        grooves = 0.72 + 0.2 * np.sin(far * 26) - 0.5 * np.exp(-((far - 1.93) ** 2) * 900)
        return (edges * grooves).astype(np.float32), (across > 0).astype(np.float32)


def _planet_colours(stage: Stage) -> tuple[Colour, Colour]:
    pairs = (
        ("#b5562f", "#f0c08a"),
        ("#2a4f9c", "#a8d4f0"),
        ("#6b3f8f", "#f0a8b8"),
        ("#1f7a74", "#d8e8a8"),
    )
    dark, bright = pairs[stage.luck.below("planet", len(pairs))]
    return radiance(dark), radiance(bright)
