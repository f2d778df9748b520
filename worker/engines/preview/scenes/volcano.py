"""Fire country: a volcano, rivers of lava, smoke and embers."""

import math

import numpy as np

from worker.engines.preview.colour import mix, radiance
from worker.engines.preview.drawing.noise import Plane, clouds, profile, stretched
from worker.engines.preview.drawing.sheets import Area, Sheet, Veil, graded, painted, whole_area
from worker.engines.preview.nature.sky import stars
from worker.engines.preview.nature.terrain import Ridge, peaks, ridge
from worker.engines.preview.nature.weather import embers
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Canvas, Layer, Shot, Stage
from worker.engines.preview.words.concepts import Weather

_LAVA = radiance("#ff7a22") * np.float32(2.2)


def volcano(stage: Stage) -> Scenery:
    """Black rock under a glowing sky."""
    luck = stage.luck.of("volcano")
    crater = 0.5 + float(luck.choice([-1, 1])) * float(luck.uniform(0.08, 0.2))
    far, rock = radiance("#5a1f22") * np.float32(0.7), radiance("#241016")
    near = Ridge(0.96, 0.16, radiance("#1d0e13"), radiance("#070406"), 1.0, fall=0.2)
    back: list[Layer] = [
        _glowing_sky(stage, crater),
        *stars(stage, 0.3, down_to=0.5),
        _smoke(stage),
        ridge(
            stage, peaks(stage, "far peaks", 1.2), Ridge(0.74, 0.2, far, mix(far, rock, 0.3), 0.2)
        ),
        _cone(stage, crater, rock),
        Seams(stage, 0.66, 1.0),
        ridge(stage, peaks(stage, "near rock", 2.4), near),
    ]
    front = [_heat(stage)] if stage.reading.has(Weather.EMBERS) else [_heat(stage), *embers(stage)]
    return Scenery(back, front, ground=0.9, air=0.46, horizon=0.7, solid=False)


def _glowing_sky(stage: Stage, crater: float) -> Layer:
    area = whole_area(stage, coarse=max(2.0, stage.unit / 160))
    down = np.broadcast_to(area.y / stage.height, area.shape)
    stops = [
        (-0.1, radiance("#0d0714")),
        (0.35, radiance("#260d1c")),
        (0.6, radiance("#5f1c1e")),
        (0.8, radiance("#d9582a")),
    ]  # fmt: skip
    lumps = clouds(stage.luck.of("fire sky"), area.shape, (4, 3), 6)
    picture = graded(stops, down + 0.22 * (lumps - 0.5))
    reach = np.hypot((area.x - stage.x(crater)) / 0.8, area.y - stage.y(0.4)) / np.float32(
        stage.unit
    )
    picture += painted(_LAVA, (np.exp(-reach * 6.5) * 0.42).astype(np.float32))
    return Sheet(area, picture, np.ones(area.shape, np.float32), depth=0.0)


def _smoke(stage: Stage) -> Layer:
    area = whole_area(stage, 0.0, 0.6, coarse=max(2.0, stage.unit / 150), wide=1.2)
    lumps = clouds(stage.luck.of("smoke"), area.shape, (3, 3.4), 6)
    down = np.linspace(1, 0, area.rows, dtype=np.float32)[:, None]
    cover = stretched(lumps, 0.42, 0.72) * down**0.5 * np.float32(0.8)
    lit_part = np.clip(0.4 + 5 * (lumps - np.roll(lumps, max(2, area.rows // 24), 0)), 0, 1)
    colours = graded(
        [(0.0, radiance("#f0602a") * np.float32(0.55)), (1.0, radiance("#1c0d16"))], lit_part
    )
    return Sheet(
        area, (colours * cover).astype(np.float32), cover, depth=0.08, drift=0.012 * stage.width
    )


def _cone(stage: Stage, crater: float, rock: np.ndarray) -> Layer:
    """The mountain, with lava running down from its crater."""
    at = np.linspace(-0.5, 1.5, 4096)
    away = np.abs(at - crater) * stage.width / stage.unit
    rough = clouds(stage.luck.of("cone"), (2, 4096), (2, 60), 5)[0]
    line = profile(
        np.minimum(0.86 + 0.04 * rough, 1.12 * np.exp(-away * 2.3) + 0.06 * (rough - 0.5))
    )
    shape = Ridge(0.82, 0.46, rock * np.float32(1.5), rock, 0.4, fall=0.5)

    def rivers(area: Area, below: Plane, picture: Canvas) -> Canvas:
        x = (area.x[0] - stage.x(crater)) / np.float32(stage.unit)
        depth = np.maximum(below, 0) / np.float32(stage.unit)
        total = np.zeros_like(below)
        for index, lean in enumerate((-0.5, 0.05, 0.6)):
            centre = (
                lean * depth * 0.9 + 0.025 * np.sin(depth * 26 + 2 * index) + 0.03 * (index - 1)
            )
            wide = 0.006 + 0.02 * depth
            total += np.exp(-(((x[None, :] - centre) / wide) ** 2)) * np.exp(-depth * (2.2 + index))
        shown = total * (below > 0) * (np.abs(x)[None, :] < 0.5)
        rim = np.exp(-depth * 60) * np.exp(-((x[None, :] / 0.1) ** 2))
        return (picture + painted(_LAVA, (shown * 1.1 + rim).astype(np.float32))).astype(np.float32)

    return ridge(stage, line, shape, relief=rivers)


class Seams:
    """Glowing seams in the ground that pulse."""

    def __init__(self, stage: Stage, top: float, bottom: float) -> None:
        self._area = whole_area(stage, top, bottom, coarse=max(1.0, stage.unit / 400))
        luck = stage.luck.of("seams")
        lumps = clouds(luck, self._area.shape, (9, 7), 4)
        down = np.linspace(0, 1, self._area.rows, dtype=np.float32)[:, None]
        self._seams = np.exp(-(((lumps - 0.5) / (0.008 + 0.012 * down)) ** 2)) * np.clip(
            down * 4, 0, 1
        )
        self._glow = np.exp(-np.abs(lumps - 0.5) * 22) * np.clip(down * 3, 0, 1)
        self._rock = np.clip(down * 6, 0, 1) * np.ones_like(lumps)
        self._dark = painted(radiance("#140a0e"), self._rock)

    def paint(self, shot: Shot) -> None:
        pulse = np.float32(0.85 + 0.15 * math.sin(2.4 * shot.seconds))
        picture = self._dark + painted(_LAVA, (self._seams * 1.1 + self._glow * 0.16) * pulse)
        Sheet(
            self._area, picture.astype(np.float32), self._rock.astype(np.float32), depth=0.7
        ).paint(shot)


def _heat(stage: Stage) -> Layer:
    area = whole_area(stage, 0.5, 1.0, coarse=max(4.0, stage.unit / 60))
    down = np.linspace(0, 1, area.rows, dtype=np.float32)[:, None] ** 2 * np.ones(
        area.shape, np.float32
    )
    return Veil(area, down * np.float32(0.06), radiance("#ff5a1c"), depth=1.0, adds=True)
