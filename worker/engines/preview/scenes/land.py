"""Open land: forest, meadow, mountains and desert."""

import numpy as np

from worker.engines.preview.colour import Colour, mix
from worker.engines.preview.drawing.noise import clouds, stretched
from worker.engines.preview.drawing.sheets import Veil, whole_area
from worker.engines.preview.nature.sky import sky
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.nature.terrain import (
    Ridge,
    dunes,
    fading,
    peaks,
    pines,
    ridge,
    rocky,
    rolling,
    sandy,
)
from worker.engines.preview.nature.weather import dust, fog
from worker.engines.preview.scenes.props import blossoms, framing_pines, grass, near_trunks, trunks
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Weather


def forest(stage: Stage) -> Scenery:
    """A clearing among conifers, under snow in winter; a high forest with shafts of light
    otherwise."""
    snowy = stage.reading.has(Weather.SNOW)
    if not snowy and stage.luck.below("forest", 2):
        return _high_forest(stage)
    horizon = 0.6
    autumn = stage.reading.has(Weather.LEAVES)
    near, far = (
        ("#3d5a56", "#6f8f98")
        if snowy
        else ("#a8672f", "#c79a5a")
        if autumn
        else ("#2f5c3f", "#6a9a78")
    )
    layers: list[Layer] = [*sky(stage, horizon), *_range(stage, horizon, snowy=snowy)]
    for row, (base, tall, distance) in enumerate(
        ((0.62, 0.17, 0.78), (0.66, 0.25, 0.55), (0.71, 0.34, 0.3))
    ):
        top, bottom = fading(stage, near, far, distance)
        line = pines(stage, f"pines {row}", tall)
        layers.append(
            ridge(
                stage,
                line,
                Ridge(base, tall, top, bottom, 0.2 + 0.17 * row, fall=tall * 1.2, level=True),
                until=base + 0.2,
            )
        )
        layers.append(
            fog(
                stage,
                f"mist {row}",
                top=base - 0.14,
                bottom=base + 0.12,
                strength=0.42,
                depth=0.25 + 0.17 * row,
            )
        )
    layers += _ground(stage, snowy=snowy, autumn=autumn)
    front: list[Layer] = [framing_pines(stage, "#3a5550" if snowy else "#2a4a34", snow=snowy)]
    return Scenery(layers, [*front, dust(stage)], ground=0.86, air=0.42, horizon=horizon)


def _range(stage: Stage, horizon: float, *, snowy: bool) -> list[Layer]:
    top, bottom = fading(stage, "#7d8fa8", "#8fa3b8", 0.66)
    white = mix(stage.mood.surface("#ffffff"), stage.mood.haze, 0.35)
    relief = rocky(stage, _lit_side(stage, horizon), 0.22 if snowy else 0.1, white, rugged=0.45)
    return [
        ridge(
            stage,
            peaks(stage, "range", 1.3),
            Ridge(horizon + 0.03, 0.3, top, bottom, 0.14, fall=0.3),
            relief=relief,
            until=0.75,
        )
    ]


def _lit_side(stage: Stage, horizon: float) -> float:
    return -1.0 if sun_place(stage, horizon)[0] < 0.5 else 1.0


def _ground(stage: Stage, *, snowy: bool, autumn: bool) -> list[Layer]:
    surface = stage.mood.surface
    if snowy:
        colours = [
            (surface("#e3edf7", 0.25), surface("#b5c9e0")),
            (surface("#f4f8fd"), surface("#a9bfdb")),
        ]
    elif autumn:
        colours = [
            (surface("#c9964a", 0.2), surface("#8a6a38")),
            (surface("#c07f3a"), surface("#6b4626")),
        ]
    else:
        colours = [
            (surface("#7a9e5a", 0.22), surface("#4f7a48")),
            (surface("#6f9a50"), surface("#2f5236")),
        ]
    bases = ((0.75, 0.06, 0.75), (0.84, 0.07, 1.0))
    return [
        ridge(
            stage,
            rolling(stage, f"ground {i}", 0.9, 0.35),
            Ridge(base, tall, *colours[i], depth, fall=0.24),
        )
        for i, (base, tall, depth) in enumerate(bases)
    ]


def _high_forest(stage: Stage) -> Scenery:
    """Among tall trunks, light falling through the leaves."""
    autumn, horizon = stage.reading.has(Weather.LEAVES), 0.62
    back: list[Layer] = [*sky(stage, horizon)]
    for row, (count, wide, base) in enumerate(
        ((26, 0.011, 0.7), (15, 0.018, 0.74), (9, 0.03, 0.79))
    ):
        depth, distance = 0.2 + 0.2 * row, 0.72 - 0.23 * row
        leaves = mix(
            stage.mood.surface("#8a5a30" if autumn else "#2f5540"), stage.mood.haze, distance * 0.6
        )
        bark = ("#8d9a94", "#6a6e68", "#4a443e")[row]
        back += [
            _canopy(stage, f"canopy {row}", 0.34 - 0.08 * row, colour=leaves, depth=depth),
            trunks(
                stage, f"trunks {row}", count=count, wide=wide, colour=bark, base=base, depth=depth
            ),
            fog(
                stage,
                f"mist {row}",
                top=0.3,
                bottom=base + 0.08,
                strength=0.5 - 0.1 * row,
                depth=depth + 0.02,
            ),
        ]
    back += [shafts(stage, horizon), *_ground(stage, snowy=False, autumn=autumn)]
    blades = ("#b98a4a", "#8a6a3a") if autumn else ("#6f9a50", "#4a7a44")
    front = [
        near_trunks(stage),
        grass(stage, blades, base=1.0, tall=0.12, depth=1.15),
        dust(stage, 70),
    ]
    return Scenery(back, front, ground=0.87, air=0.45, horizon=horizon)


def _canopy(stage: Stage, part: str, base: float, *, colour: Colour, depth: float) -> Layer:
    """Leaves that hang down from above to about ``base``."""
    area = whole_area(stage, 0.0, max(0.1, base + 0.2))
    line = rolling(stage, part, 3.0, 0.7)
    edge = stage.y(base) + (line(area.x / np.float32(stage.width)) - 0.5) * np.float32(
        0.3 * stage.unit
    )
    lumps = clouds(stage.luck.of(part), area.shape, (10, 40), 3)
    below = (edge - area.y) / np.float32(stage.unit) + (lumps - 0.5) * 0.09
    return Veil(area, np.clip(below * 60 + 0.5, 0, 1).astype(np.float32), colour, depth=depth)


def shafts(stage: Stage, horizon: float) -> Layer:
    """Light that falls through gaps above, slantwise."""
    across, _ = sun_place(stage, horizon)
    area = whole_area(stage, 0.0, 0.9, coarse=max(3.0, stage.unit / 120), wide=1.0)
    source_x, source_y = stage.x(across), -0.5 * stage.height
    angle = (area.x - source_x) / (area.y - source_y)
    line = rolling(stage, "shafts", 7.0, 0.6)
    rays = stretched(line((angle + 0.5).astype(np.float32)), 0.5, 0.8)
    fade = np.clip(1 - (area.y / (0.85 * stage.height)), 0, 1) ** 0.8
    return Veil(
        area,
        (rays * fade * np.float32(0.3)).astype(np.float32),
        stage.mood.glow,
        depth=0.5,
        adds=True,
    )


def meadow(stage: Stage) -> Scenery:
    """Hills with flowers and grass; under snow it is a clearing."""
    if stage.reading.has(Weather.SNOW):
        return forest(stage)
    horizon, surface = 0.62, stage.mood.surface
    near = Ridge(0.82, 0.06, surface("#8cba52"), surface("#3f6e3a"), 1.0, fall=0.3)
    back: list[Layer] = [
        *sky(stage, horizon),
        *_hills(stage),
        ridge(stage, rolling(stage, "near hill", 0.8, 0.3), near),
        blossoms(stage, "far flowers", top=0.8, bottom=0.9, depth=0.95),
    ]
    front: list[Layer] = [
        grass(stage, ("#7fb04a", "#5a8f42"), base=1.0, tall=0.15, depth=1.15),
        blossoms(stage, "near flowers", top=0.93, bottom=1.04, depth=1.15, count=46),
        dust(stage),
    ]
    return Scenery(back, front, ground=0.87, air=0.38, horizon=horizon)


def _hills(stage: Stage) -> list[Layer]:
    """Three lines of hills, a wood behind the nearest."""
    layers: list[Layer] = []
    for row, (base, tall, distance) in enumerate(
        ((0.6, 0.12, 0.75), (0.66, 0.11, 0.5), (0.72, 0.1, 0.26))
    ):
        shape = Ridge(base, tall, *fading(stage, "#8fb85a", "#9ab88a", distance), 0.2 + 0.18 * row)
        layers.append(ridge(stage, rolling(stage, f"hill {row}", 1.0 + 0.2 * row, 0.35), shape))
    copse = Ridge(
        0.68, 0.12, *fading(stage, "#4f7a48", "#7a9a78", 0.42), 0.45, fall=0.16, level=True
    )
    layers.insert(2, ridge(stage, pines(stage, "copse", 0.12), copse, until=0.76))
    return layers


def mountains(stage: Stage) -> Scenery:
    """Range behind range, with mist in the valleys."""
    horizon, snowy = 0.66, stage.reading.has(Weather.SNOW)
    side, white = _lit_side(stage, horizon), stage.mood.surface("#ffffff")
    layers: list[Layer] = [*sky(stage, horizon)]
    for row, (base, tall, distance) in enumerate(
        ((0.64, 0.46, 0.52), (0.7, 0.36, 0.3), (0.77, 0.25, 0.12))
    ):
        top, bottom = fading(stage, "#4a5a7c", "#6f82a2", distance)
        snow = (0.34 if snowy else 0.22) - 0.05 * row
        relief = rocky(
            stage,
            side,
            snow,
            mix(white, stage.mood.haze, distance * 0.45),
            rugged=1 - 0.8 * distance,
        )
        shape = Ridge(base, tall, top, bottom, 0.14 + 0.16 * row, fall=0.4)
        layers.append(
            ridge(stage, peaks(stage, f"peaks {row}", 0.9 + 0.35 * row), shape, relief=relief)
        )
        layers.append(
            fog(
                stage,
                f"valley {row}",
                top=base - 0.16,
                bottom=base + 0.12,
                strength=0.62,
                depth=0.2 + 0.16 * row,
            )
        )
    wood = pines(stage, "wood", 0.14, over=rolling(stage, "wood ground", 1.0, 0.4))
    greens = stage.mood.surface("#2c5246", 0.12), stage.mood.surface("#4f7f58", 0.1)
    layers.append(ridge(stage, wood, Ridge(0.95, 0.13, *greens, 0.7, fall=0.2, level=True)))
    surface = stage.mood.surface
    colours = (
        (surface("#eef4fb"), surface("#b0c4de"))
        if snowy
        else (surface("#6a9455"), surface("#2f4f3a"))
    )
    layers.append(
        ridge(stage, rolling(stage, "ledge", 0.7, 0.35), Ridge(0.93, 0.08, *colours, 1.0))
    )
    return Scenery(layers, [dust(stage, 26)], ground=0.92, air=0.4, horizon=horizon, spread=0.94)


def desert(stage: Stage) -> Scenery:
    """Dunes, lit from one side."""
    horizon = 0.56
    side = _lit_side(stage, horizon)
    layers: list[Layer] = [*sky(stage, horizon)]
    mesa, foot = fading(stage, "#a86a4f", "#b58a78", 0.6)
    layers.append(
        ridge(
            stage,
            peaks(stage, "mesas", 1.6),
            Ridge(horizon + 0.02, 0.09, mesa, foot, 0.12),
            until=0.7,
        )
    )
    for row, (base, tall, distance) in enumerate(
        ((0.6, 0.09, 0.5), (0.67, 0.14, 0.3), (0.77, 0.19, 0.12), (0.92, 0.2, 0.0))
    ):
        top, bottom = fading(stage, "#eebd78", "#e0b890", distance)
        shape = Ridge(
            base,
            tall,
            top,
            mix(bottom, stage.mood.surface("#a8683f"), 0.35),
            0.25 + 0.22 * row,
            fall=0.34,
        )
        line = dunes(stage, f"dune {row}", 0.85 + 0.35 * (3 - row) * 0.6)
        layers.append(ridge(stage, line, shape, relief=sandy(stage, line, shape, side)))
    return Scenery(layers, [dust(stage, 60)], ground=0.9, air=0.36, horizon=horizon)
