"""Distant lightning behind the clouds."""

import math

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.sheets import Veil, whole_area
from worker.engines.preview.stage import Shot, Stage


class Lightning:
    """Distant flashes in the clouds, a few a clip."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        luck = stage.luck.of("lightning")
        area = whole_area(stage, 0.0, horizon, coarse=max(4.0, stage.unit / 60))
        x, y = stage.x(float(luck.uniform(0.2, 0.8))), stage.y(horizon * float(luck.uniform(0.2, 0.7)))
        reach = np.hypot((area.x - x) / 1.8, area.y - y) / np.float32(stage.unit)
        colour = mix(stage.mood.glow, radiance("#cfd8ff"), 0.5)
        self._cover = (np.exp(-reach * 4) * 0.9).astype(np.float32)
        self._area, self._colour = area, colour
        self._period, self._offset = float(luck.uniform(1.5, 2.2)), float(luck.uniform(0.2, 1.2))

    def paint(self, shot: Shot) -> None:
        since = (shot.seconds + self._offset) % self._period
        strength = math.exp(-since * 7) * (1.0 if since < 0.12 else 0.6 + 0.4 * math.sin(since * 60))
        if strength > 0.02:
            Veil(self._area, self._cover * np.float32(strength), self._colour, depth=0.05, adds=True).paint(shot)
