"""Under water: light from above, reefs fading into the blue, weeds that sway."""

import numpy as np

from worker.engines.preview.colour import mix, radiance, turned
from worker.engines.preview.drawing.sheets import Sheet, Veil, graded, whole_area
from worker.engines.preview.figures.catalogue import SUBJECTS, Subject
from worker.engines.preview.figures.curves import ellipse, path, ribbon
from worker.engines.preview.figures.easel import Placement
from worker.engines.preview.figures.figure import Figure, Part
from worker.engines.preview.figures.shapes import Pose, Shape, fill
from worker.engines.preview.movement import gliding, standing
from worker.engines.preview.nature.particles import Grain, Kind, Particles
from worker.engines.preview.nature.terrain import Ridge, ridge, rolling
from worker.engines.preview.scenes.props import Prop, baked
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Shot, Stage
from worker.engines.preview.words.concepts import Light, Thing

_WATERS = (
    ("#7fe0e0", "#1f8fb0", "#0b3f6b", "#062244"),
    ("#8fe8d0", "#2a9a9a", "#0c4a5c", "#062a3a"),
    ("#9ad4f2", "#2f78c0", "#123f86", "#0a1f4e"),
)


def underwater(stage: Stage) -> Scenery:
    """The sea from inside; at night only what shines by itself is bright."""
    waters = _WATERS[stage.luck.below("waters", len(_WATERS))]
    dim = 0.42 if stage.mood.light in {Light.NIGHT, Light.STORM} else 1.0
    tones = [radiance(name) * np.float32(dim) for name in waters]
    layers: list[Layer] = [_blue(stage, tones), Rays(stage, tones[0] * np.float32(0.85))]
    for row, (base, tall, distance) in enumerate(((0.74, 0.24, 0.8), (0.84, 0.2, 0.55))):
        rock = mix(tones[3], tones[2], distance)
        line = rolling(stage, f"reef {row}", 1.6 + row, 0.6)
        layers.append(
            ridge(stage, line, Ridge(base, tall, rock, mix(rock, tones[3], 0.4), 0.25 + 0.2 * row))
        )
    layers += [*_school(stage), _caustic_ground(stage, tones), _corals(stage), *_weeds(stage)]
    bubbles = Kind(
        Grain.RING,
        26,
        (0.004, 0.017),
        (0.02, -0.14),
        (tones[0],),
        sway=0.02,
        strength=0.7,
        adds=True,
    )
    specks = Kind(
        Grain.SOFT,
        70,
        (0.0014, 0.005),
        (0.015, 0.012),
        (tones[0],),
        sway=0.02,
        strength=0.4,
        adds=True,
    )
    front: list[Layer] = [
        Particles(stage, "own bubbles", bubbles),
        Particles(stage, "specks", specks),
    ]
    return Scenery(layers, front, ground=0.92, air=0.46, horizon=0.2, solid=True)


def _blue(stage: Stage, tones: list[np.ndarray]) -> Layer:
    area = whole_area(stage, coarse=max(2.0, stage.unit / 128))
    down = np.broadcast_to(area.y / stage.height, area.shape)
    across = (area.x - stage.x(stage.luck.between("sun", 0.3, 0.7))) / stage.unit
    bright = down + 0.35 * across**2 * np.exp(-down * 2)
    picture = graded(
        [(-0.1, tones[0]), (0.3, tones[1]), (0.68, tones[2]), (1.05, tones[3])], bright
    )
    return Sheet(area, picture, np.ones(area.shape, np.float32), depth=0.0)


class Rays:
    """Shafts of light from the surface that wander."""

    def __init__(self, stage: Stage, colour: np.ndarray) -> None:
        self._area = whole_area(stage, 0.0, 0.95, coarse=max(3.0, stage.unit / 100))
        self._colour = colour
        source = stage.x(stage.luck.between("sun", 0.3, 0.7)), -0.45 * stage.height
        self._angle = ((self._area.x - source[0]) / (self._area.y - source[1])).astype(np.float32)
        self._fade = (np.clip(1 - self._area.y / (0.9 * stage.height), 0, 1) ** 1.4).astype(
            np.float32
        )
        self._phases = stage.luck.of("rays").uniform(0, 6.28, 4).astype(np.float32)

    def paint(self, shot: Shot) -> None:
        rays = np.zeros(self._area.shape, np.float32)
        for pitch, pace, phase in zip(
            (11.0, 19.0, 31.0, 47.0), (0.5, -0.7, 0.9, -1.1), self._phases, strict=True
        ):
            rays += np.sin(
                np.float32(pitch) * self._angle + phase + np.float32(pace * shot.seconds)
            )
        cover = np.clip(rays * 0.3, 0, 1) ** 1.5 * self._fade * np.float32(0.75)
        Veil(self._area, cover, self._colour, depth=0.1, adds=True).paint(shot)


def _caustic_ground(stage: Stage, tones: list[np.ndarray]) -> Layer:
    sand = mix(
        tones[1] * np.float32(0.9), radiance("#d9c79a") * np.float32(tones[0].max() / 2.4), 0.3
    )
    shape = Ridge(0.92, 0.08, mix(sand, tones[2], 0.25), tones[3], 0.9, fall=0.3)
    return ridge(stage, rolling(stage, "seabed", 0.9, 0.35), shape)


def _corals(stage: Stage) -> Layer:
    luck = stage.luck.of("corals")
    props: list[Prop] = []
    for place in np.sort(luck.uniform(-0.1, 1.1, 7)):
        if abs(place - 0.5) < 0.16:
            continue
        colour = ("#e0607a", "#f08a5a", "#b05fc0", "#f2b04a", "#4fb0a0")[int(luck.integers(5))]
        props.append(
            (
                _coral(luck, colour),
                Placement(
                    stage.x(float(place)), stage.y(0.93), stage.unit * float(luck.uniform(0.1, 0.2))
                ),
            )
        )
    return baked(stage, props, depth=0.92)


def _coral(luck: np.random.Generator, colour: str) -> list[Shape]:
    """A branching coral or a round one."""
    dark = turned(colour, lightness=0.5)
    if luck.random() < 0.5:
        tips = zip(
            np.linspace(-0.5, 0.5, 6).tolist(), luck.uniform(0.5, 1.0, 6).tolist(), strict=True
        )
        branches = [path((0, 0.1), (x * 0.4, -0.4 * tall), (x, -tall)) for x, tall in tips]
        return [fill(ribbon(branch, (0.07, 0.06, 0.05)), colour, dark) for branch in branches]
    return [
        fill(ellipse(x, -0.25 - y, 0.26), colour, dark)
        for x, y in luck.uniform((-0.4, 0), (0.4, 0.4), (6, 2))
    ]


def _weeds(stage: Stage) -> list[Layer]:
    """Swaying weeds at the sides, drawn like subjects because they move."""
    luck = stage.luck.of("weeds")
    layers: list[Layer] = []
    for place in (-0.02, 0.1, 0.88, 0.99):
        size, phase = stage.unit * float(luck.uniform(0.3, 0.52)), float(luck.random())
        part = Part(
            stage.x(place + float(luck.uniform(-0.04, 0.04))),
            stage.y(0.98),
            size,
            1.0,
            standing,
            phase=phase,
            rim=0.0,
        )
        layers.append(Figure(stage, Subject(_weed, 1.0), part, sun_x=0.5))
    return layers


def _weed(pose: Pose) -> list[Shape]:
    shapes = []
    for index, (x, tall) in enumerate(((-0.16, 0.7), (0.0, 1.0), (0.15, 0.8))):
        at = np.linspace(0, 1, 14)
        sway = 0.13 * at * np.sin(4 * at - 1.6 * pose.seconds + index + 6 * pose.phase)
        line = np.stack([x + sway, -tall * at], axis=1)
        shapes.append(fill(ribbon(line, (0.03, 0.055, 0.045, 0.006)), "#3f9a6a", "#123f44"))
    return shapes


def _school(stage: Stage) -> list[Layer]:
    """A few small fish far off."""
    luck = stage.luck.of("school")
    way = float(luck.choice([-1.0, 1.0]))
    x, y = float(luck.uniform(0.3, 0.7)), float(luck.uniform(0.18, 0.34))
    layers: list[Layer] = []
    for index in range(7):
        dx, dy = luck.normal(0, 0.13), luck.normal(0, 0.05)
        movement = gliding(stage.unit, float(luck.random()), forward=0.3 * way, reach=0.008)
        size, phase = stage.unit * float(luck.uniform(0.035, 0.055)), index / 7
        at = stage.x(x) + dx * stage.unit, stage.y(y) + dy * stage.unit
        part = Part(
            *at, size, 0.4, movement, faces_left=way < 0, phase=phase, tint="#4f8aa8", rim=0.0
        )
        layers.append(Figure(stage, SUBJECTS[Thing.FISH], part, sun_x=0.5))
    return layers
