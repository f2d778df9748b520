"""Distant lightning behind the clouds."""

import math

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.drawing.sheets import Veil, whole_area
from worker.engines.preview.stage import Shot, Stage


class Lightning:
    """Distant flashes in the clouds, one every two seconds."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        luck = stage.luck.of("lightning")
        area = whole_area(stage, 0.0, horizon, coarse=max(4.0, stage.unit / 60))
        x, y = (
            stage.x(float(luck.uniform(0.2, 0.8))),
            stage.y(horizon * float(luck.uniform(0.2, 0.7))),
        )
        reach = np.hypot((area.x - x) / 1.8, area.y - y) / np.float32(stage.unit)
        colour = mix(stage.mood.glow, radiance("#cfd8ff"), 0.5)
        self._cover = (np.exp(-reach * 4) * 0.9).astype(np.float32)
        self._area, self._colour = area, colour
        self._period, self._offset = float(luck.uniform(1.8, 2.4)), float(luck.uniform(0.2, 1.2))

    def paint(self, shot: Shot) -> None:
        # One soft swell of light and never a flicker: flashes in quick succession can harm people.
        since = (shot.seconds + self._offset) % self._period
        strength = 0.5 * min(1.0, since / 0.12) * math.exp(-since * 4)
        if strength > 0.02:
            Veil(
                self._area, self._cover * np.float32(strength), self._colour, depth=0.05, adds=True
            ).paint(shot)
