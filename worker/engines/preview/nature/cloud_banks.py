"""Clouds that drift across the sky, lit from the side of the sun."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.drawing.noise import Plane, clouds, stretched
from worker.engines.preview.drawing.sheets import Sheet, graded, whole_area
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.stage import Canvas, Layer, Stage
from worker.engines.preview.words.concepts import Light, Weather

_CLOUD_DEPTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Bank:
    """One bank: its lower end (fraction of the frame), lumps down and across, thickness, drift in
    widths a second."""

    bottom: float
    lumps: tuple[float, float]
    amount: float
    drift: float


def cloud_banks(stage: Stage, horizon: float) -> list[Layer]:
    """Two banks: large clouds high up, smaller ones towards the horizon."""
    usual = 0.8 if stage.reading.has(Weather.CLOUDS) else 0.5
    shown = {Light.STORM: 0.95, Light.GREY: 0.4}.get(stage.mood.light, usual)
    high = _Bank(horizon * 0.72, (3.2, 2.9), shown, 0.006)
    low = _Bank(horizon, (5.2, 4.7), 0.85 * shown, 0.012)
    return [_cloud_bank(stage, "high clouds", high), _cloud_bank(stage, "low clouds", low)]


def _cloud_bank(stage: Stage, part: str, bank: _Bank) -> Layer:
    area = whole_area(stage, 0.0, bank.bottom, coarse=max(1.5, stage.unit / 300), wide=1.25)
    lumps = clouds(stage.luck.of(part), area.shape, bank.lumps, 6)
    threshold = 0.66 - 0.2 * bank.amount
    lower = np.linspace(0, 1, area.rows, dtype=np.float32)[:, None]
    cover = stretched(lumps, threshold, threshold + 0.24) * np.clip((1 - lower) * 3.5, 0, 1)
    cover *= np.float32(min(1.0, 0.35 + bank.amount * 0.65))
    across, _ = sun_place(stage, bank.bottom)
    step = max(1, area.columns // 60) * (1 if across > 0.5 else -1)
    light = np.clip(
        0.5 + 4.0 * (lumps - np.roll(lumps, (-max(1, area.rows // 26), -step), (0, 1))), 0, 1
    )
    picture = _cloud_colours(stage.mood.light, stage, light) * cover
    return Sheet(
        area, picture.astype(np.float32), cover, depth=_CLOUD_DEPTH, drift=bank.drift * stage.width
    )


def _cloud_colours(light: Light, stage: Stage, lit_part: Plane) -> Canvas:
    mood = stage.mood
    match light:
        case Light.STORM:
            dark, bright = mix(mood.zenith, mood.middle, 0.45), mix(mood.middle, mood.horizon, 0.75)
        case Light.NIGHT:
            dark, bright = mix(mood.zenith, mood.middle, 0.6), mix(mood.middle, mood.horizon, 0.5)
        case Light.DAY | Light.GREY:
            dark, bright = mix(mood.middle, mood.horizon, 0.65), radiance("#fffdf7")
        case _:
            dark, bright = mix(mood.middle, mood.zenith, 0.25), mix(mood.horizon, mood.glow, 0.5)
    return graded([(0.0, dark), (1.0, bright)], lit_part)
