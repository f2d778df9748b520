"""Northern lights."""

import math

import numpy as np

from worker.engines.preview.colour import radiance
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.drawing.sheets import Sheet, painted, whole_area
from worker.engines.preview.stage import Shot, Stage


class Aurora:
    """Curtains of northern lights that wander along the sky."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        self._area = whole_area(stage, 0.0, horizon, coarse=max(3.0, stage.unit / 110))
        self._size = stage.width, stage.height * horizon
        luck = stage.luck.of("aurora")
        self._phases = luck.uniform(0, 2 * math.pi, (3, 3))
        self._colours = [radiance(name) for name in ("#3df2a0", "#38d6c8", "#9a6bff")]

    def paint(self, shot: Shot) -> None:
        light = np.zeros((3, *self._area.shape), np.float32)
        x, y = self._area.x / self._size[0], self._area.y / self._size[1]
        for index, (phase, colour) in enumerate(zip(self._phases, self._colours, strict=True)):
            light += painted(
                colour, self._curtain(x, y, phase, time=shot.seconds * 0.5, index=index)
            )
        Sheet(self._area, light, None, depth=0.05).paint(shot)

    def _curtain(self, x: Plane, y: Plane, phase: np.ndarray, *, time: float, index: int) -> Plane:
        foot = (
            0.62
            - 0.13 * index
            + 0.1 * np.sin(5 * x + phase[0] + time)
            + 0.05 * np.sin(13 * x + phase[1] - time)
        )
        rays = 0.62 + 0.38 * np.sin(60 * x + 6 * np.sin(7 * x + phase[2]) + 1.6 * time)
        above = foot - y
        body = np.where(above > 0, np.exp(-above * 3.4), np.exp(above * 26))
        return np.asarray(
            body * rays * (0.5 + 0.3 * np.sin(3 * x + phase[1] + 0.7 * time)), np.float32
        )
