"""Space, and the ground of a moon under it."""

import math

import numpy as np

from worker.engines.preview.colour import from_hue, mix, radiance
from worker.engines.preview.drawing.disc import Disc
from worker.engines.preview.drawing.noise import Profile, clouds, profile, stretched
from worker.engines.preview.drawing.sheets import Sheet, graded, painted, whole_area
from worker.engines.preview.figures.curves import ellipse
from worker.engines.preview.figures.easel import Placement
from worker.engines.preview.figures.shapes import Shape, fill, mark, shade
from worker.engines.preview.nature.particles import Grain, Kind, Particles
from worker.engines.preview.nature.sky import stars
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.nature.terrain import Ridge, ridge, rocky
from worker.engines.preview.scenes.props import Prop, baked
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Body, Thing


def space(stage: Stage) -> Scenery:
    """Nebula, stars and a planet; everything floats."""
    across, down = sun_place(stage, 0.9)
    size = 0.2 if stage.reading.things else 0.26
    place = (
        (0.5 + (across - 0.5) * 0.8, max(0.3, down * 0.75))
        if stage.reading.things
        else (0.5 + (across - 0.5) * 0.4, 0.45)
    )
    body = Body.MOON if Body.MOON in stage.reading.bodies else Body.PLANET
    layers: list[Layer] = [nebula(stage), *stars(stage, 1.5), _bright_stars(stage)]
    layers.append(Disc(stage, body, place, size))
    return Scenery(
        layers,
        [_star_dust(stage)],
        air=0.54,
        ground=0.56,
        horizon=0.9,
        weightless=True,
        solid=False,
    )


def nebula(stage: Stage, strength: float = 1.0) -> Layer:
    """Clouds of glowing gas over black."""
    luck = stage.luck.of("nebula")
    area = whole_area(stage, coarse=max(1.5, stage.unit / 256))
    hue = float(luck.random())
    lumps, veins = clouds(luck, area.shape, (2.4, 2.8), 6), clouds(luck, area.shape, (3.4, 3.8), 6)
    band = np.exp(
        -(
            (
                (area.y / stage.height - 0.5)
                + (area.x / stage.width - 0.5) * float(luck.choice([-0.8, 0.8]))
            )
            ** 2
        )
        * 5
    )
    cloud = stretched(lumps, 0.34, 0.78) * band
    dark, bright = (
        radiance(from_hue(hue, 0.75, 0.3)),
        radiance(from_hue(hue + float(luck.uniform(0.1, 0.24)), 0.8, 0.58)),
    )
    night = graded([(0.0, radiance("#04050f")), (1.0, radiance("#0b1026"))], lumps)
    picture = (
        night
        + painted(dark, cloud * np.float32(1.1 * strength))
        + painted(bright, cloud * stretched(veins, 0.5, 0.8) * np.float32(0.85 * strength))
    )
    picture *= 1 - 0.55 * stretched(veins, 0.6, 0.35) * band
    return Sheet(area, picture.astype(np.float32), np.ones(area.shape, np.float32), depth=0.0)


def _bright_stars(stage: Stage) -> Layer:
    colours = tuple(radiance(name) * np.float32(1.8) for name in ("#ffffff", "#cfe0ff", "#ffe6c4"))
    return Particles(
        stage,
        "bright stars",
        Kind(Grain.SOFT, 34, (0.0018, 0.004), (0, 0), colours, twinkle=0.35, adds=True),
        near=(0.0, 0.3),
    )


def _star_dust(stage: Stage) -> Layer:
    return Particles(
        stage,
        "star dust",
        Kind(
            Grain.SOFT,
            40,
            (0.001, 0.003),
            (0.02, 0.015),
            (radiance("#dfe8ff"),),
            adds=True,
            strength=0.6,
        ),
    )


def lunar(stage: Stage) -> Scenery:
    """The curved, cratered ground of a moon; a blue planet in the sky."""
    line = _curve_of_the_ground(stage)
    surface, white = radiance("#b9bcc6") * np.float32(0.62), radiance("#dfe0e6")
    red = Body.MOON not in stage.reading.bodies
    near = radiance("#c4764a") * np.float32(0.62) if red else surface
    layers: list[Layer] = [nebula(stage, 0.42), *stars(stage, 1.6), _bright_stars(stage)]
    across, down = sun_place(stage, 0.6)
    layers.append(Disc(stage, Body.PLANET, (_aside(across), max(0.2, down * 0.55)), 0.1))
    side = -1.0 if across < 0.5 else 1.0
    hills = Ridge(
        0.92,
        0.2,
        mix(near, radiance("#0b0f22"), 0.35),
        mix(near, radiance("#060812"), 0.7),
        0.55,
        fall=0.2,
    )
    layers.append(ridge(stage, line, hills, relief=rocky(stage, side, 0.004, white)))
    ground = Ridge(1.0, 0.24, near, mix(near, radiance("#0a0d1a"), 0.72), 1.0, fall=0.3)
    layers += [
        ridge(stage, line, ground, relief=rocky(stage, side, 0.004, white)),
        _craters(stage, line, ground),
    ]
    flying = {thing for thing, _ in stage.reading.things} & {
        Thing.ROCKET,
        Thing.UFO,
        Thing.ASTRONAUT,
    }
    front: list[Layer] = [_dust_cloud(stage)] if Thing.ROCKET in flying else []
    return Scenery(layers, [*front, _star_dust(stage)], ground=0.84, air=0.5, horizon=0.7)


def _aside(across: float) -> float:
    """A place on the side where the sun is not, clear of the middle."""
    return 0.5 - math.copysign(max(0.26, abs(across - 0.5)), across - 0.5)


def _curve_of_the_ground(stage: Stage) -> Profile:
    at = np.linspace(-0.5, 1.5, 4096)
    luck = stage.luck.of("moon ground")
    rough = clouds(luck, (2, 4096), (2, 40), 4)[0].astype(np.float64)
    return profile(np.clip(0.9 - (at - 0.5) ** 2 * 1.1, 0, 1) + 0.1 * (rough - 0.5))


def _craters(stage: Stage, line: Profile, ground: Ridge) -> Layer:
    luck = stage.luck.of("craters")
    props: list[Prop] = []
    for across, down in luck.random((26, 2)):
        x = (across * 1.2 - 0.1) * stage.width
        top = float(ground.crest(stage, line, np.array([x], np.float32))[0])
        near = 0.04 + 0.9 * float(down) ** 1.4
        y = top + near * (stage.height * 1.05 - top)
        props.append(
            (
                _crater(stage),
                Placement(
                    x, y, stage.unit * (0.012 + 0.085 * near * float(luck.uniform(0.4, 1.0)))
                ),
            )
        )
    return baked(stage, sorted(props, key=lambda prop: prop[1].y), depth=1.0)


def _crater(stage: Stage) -> list[Shape]:
    tone = (
        ("#6f727d", "#3a3c46", "#c9ccd4")
        if Body.MOON in stage.reading.bodies
        else ("#8a5236", "#4a2a20", "#e0a078")
    )
    side = 0.12 if sun_place(stage, 0.6)[0] < 0.5 else -0.12
    return [
        Shape(ellipse(0, 0.03, 1.0, 0.4), tone[2], tone[0], glow=0.0, opacity=0.75, soft=0.05),
        fill(ellipse(0, 0, 0.84, 0.3), tone[1], tone[0]),
        mark(ellipse(-side, 0.07, 0.7, 0.22), tone[0]),
        shade(ellipse(side * 1.6, -0.1, 0.6, 0.16), "#0a0c14", 0.6, 0.08),
    ]


def _dust_cloud(stage: Stage) -> Layer:
    colour = (radiance("#e0dccf") * np.float32(0.5),)
    kind = Kind(
        Grain.SOFT,
        46,
        (0.014, 0.05),
        (0.06, -0.05),
        colour,
        sway=0.02,
        strength=0.2,
        area=(0.82, 1.0),
    )
    return Particles(stage, "dust cloud", kind)
