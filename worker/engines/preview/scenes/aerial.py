"""High in the sky: a sea of clouds below, wisps that pass by."""

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.drawing.noise import Profile, clouds, profile, stretched
from worker.engines.preview.drawing.sheets import Sheet, graded, whole_area
from worker.engines.preview.nature.sky import sky
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.nature.weather import dust, fog
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Light


def aerial(stage: Stage) -> Scenery:
    """Above the clouds."""
    horizon = 0.72
    layers: list[Layer] = [*sky(stage, horizon)]
    for row, (base, tall, distance) in enumerate(
        ((0.7, 0.1, 0.7), (0.78, 0.15, 0.45), (0.87, 0.18, 0.2))
    ):
        layers.append(_cloud_sea(stage, row, (base, tall, distance)))
        layers.append(
            fog(
                stage,
                f"haze {row}",
                top=base - 0.06,
                bottom=base + 0.14,
                strength=0.4,
                depth=0.25 + 0.2 * row,
            )
        )
    front = [_cloud_sea(stage, 3, (1.0, 0.16, 0.0)), dust(stage, 24)]
    return Scenery(layers, front, ground=0.84, air=0.42, horizon=horizon, solid=False)


def _cloud_sea(stage: Stage, row: int, look: tuple[float, float, float]) -> Layer:
    """One bank of cumulus: a billowing line, bright above and shaded below."""
    base, tall, distance = look
    area = whole_area(
        stage,
        max(0.0, base - tall * stage.unit / stage.height - 0.08),
        1.0,
        coarse=max(1.0, stage.unit / 520),
    )
    luck = stage.luck.of(f"cloud sea {row}")
    crest = stage.y(base) - _billows(stage, f"billows {row}", 3.4 - 0.5 * row)(
        area.x / np.float32(stage.width)
    ) * np.float32(tall * stage.unit)
    lumps = clouds(luck, area.shape, (area.rows / stage.unit * 7, area.columns / stage.unit * 7), 5)
    below = (area.y - crest) / np.float32(stage.unit) + (lumps - 0.5) * 0.07
    cover = np.clip(below * 90, 0, 1).astype(np.float32)
    across, _ = sun_place(stage, 0.7)
    step = max(2, round(stage.unit / 60)) * (1 if across > 0.5 else -1)
    relief = (lumps - np.roll(lumps, (-abs(step), -step), (0, 1))) * 2.6
    shown = np.clip(0.16 + 0.95 * stretched(below, 0.0, 0.24) - relief, 0, 1)
    picture = graded(_tones(stage, distance), shown) * cover
    return Sheet(
        area, picture.astype(np.float32), cover, depth=round(0.2 + 0.3 * row, 2), drift=0.0
    )


def _tones(stage: Stage, distance: float) -> list[tuple[float, np.ndarray]]:
    mood = stage.mood
    bright = {Light.NIGHT: mix(mood.horizon, mood.glow, 0.15), Light.STORM: mood.horizon}.get(
        mood.light, mix(mood.horizon, radiance("#ffffff"), 0.55)
    )
    shadow = mix(mood.middle, mood.zenith, 0.3)
    return [
        (0.0, mix(bright, mood.haze, distance)),
        (0.5, mix(mix(bright, shadow, 0.5), mood.haze, distance)),
        (1.0, mix(shadow, mood.haze, distance * 0.8)),
    ]


def _billows(stage: Stage, part: str, per_unit: float) -> Profile:
    """A line of round heads."""
    luck = stage.luck.of(part)
    at = np.linspace(-0.5, 1.5, 4096)
    wide = stage.width / stage.unit
    line = np.zeros(4096)
    for scale in (1.0, 0.5, 0.26):
        count = max(3, round(per_unit * wide * 2 / scale))
        for place in luck.uniform(-0.5, 1.5, count):
            radius = float(luck.uniform(0.5, 1.0)) * scale / per_unit / wide * 0.9
            head = (
                np.sqrt(np.clip(1 - ((at - place) / radius) ** 2, 0, 1))
                * radius
                * wide
                * per_unit
                * 0.8
            )
            line = np.maximum(line, head + 0.25 * float(luck.random()))
    return profile(np.clip(line, 0, 1.2))
