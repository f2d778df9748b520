"""What stands still behind the subjects: the sky and what is in it, and ridges of land, from the
same few lines for every place."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from worker.engines.preview import canvas
from worker.engines.preview.canvas import Area, Layer, Plane, Sheet, Stage, clouds, graded, level
from worker.engines.preview.palette import mix, rgb, toned

_GLOW: Final = {"storm": 0.12, "grey": 0.15, "night": 0.16, "day": 0.3, "dawn": 0.45, "sunset": 0.6}
_PLANETS: Final = (("b5562f", "f0c08a"), ("2a4f9c", "a8d4f0"), ("6b3f8f", "f0a8b8"))
_NEON: Final = ("ff3fa4", "27e0ff", "8f6bff", "5aff9a", "ff9a3a")
_WINDOWS: Final = ("ffd28a", "ffe9c0", "ffbe72")
_WHITE: Final = (255, 255, 255)


def sky(stage: Stage) -> list[Layer]:
    """Everything behind the land, from the gradient to the clouds."""
    light, place, layers = stage.mood.light, stage.reading.place, [_gradient(stage)]
    if place == "space":
        return [*layers, _nebula(stage), _stars(stage, 2.0), _body(stage, "planet", 0.24)]
    if place in {"underwater", "room"}:
        return layers
    hazy = light in {"storm", "grey"} or place == "volcano"
    if stage.shows("stars") or not (hazy or light == "day"):
        layers.append(_stars(stage, 1.0 if light == "night" or stage.shows("stars") else 0.15))
    named = [body for body in ("planet", "moon", "sun") if body in stage.reading.bodies]
    if named or not hazy:
        named, size = [*named, "moon" if light == "night" else "sun"], 0.11 if named else 0.08
        layers.append(_body(stage, named[0], size))
    if light != "night" or stage.shows("clouds", "rain", "snow"):
        layers.append(_cloud_bank(stage))
    return layers


def _gradient(stage: Stage) -> Layer:
    mood, place = stage.mood, stage.reading.place
    area = canvas.visible(stage, coarse=1 + (stage.unit > 300))
    x, y = area.axes[0] / np.float32(stage.width), area.axes[1] / np.float32(stage.height)
    grain = stage.luck("grain").random((y.size, x.size), dtype=np.float32) / 160
    stops = [(0.0, mood.zenith), (0.5, mood.middle), (0.92, mood.horizon), (1.0, mood.haze)]
    picture = graded(stops, y / np.float32(stage.horizon) * np.float32(0.92) + grain)
    (across, height), strength = stage.sun, _GLOW[mood.light] * (place != "space")
    if place == "underwater":
        across, height, strength = 0.5, -0.1, 0.5
    wide, tall = stage.width / 1.5 / stage.unit, stage.height / stage.unit
    far = np.hypot((x - across) * wide, (y - height) * tall)
    shine = (np.exp(-far * 2.6) + np.exp(-((far * 1.4) ** 2)) * 0.4) * np.float32(strength)
    picture.paste(mood.glow, None, level(shine + grain * strength))
    return Sheet(area, picture, depth=0.0)


def _stars(stage: Stage, amount: float) -> Layer:
    chances, area = stage.luck("stars"), canvas.visible(stage)
    x, y = area.axes
    cover = np.zeros((y.size, x.size), np.float32)
    count = int(700 * amount * max(0.6, stage.width * stage.height / stage.unit**2))
    rows, columns = (chances.integers(0, span, count) for span in cover.shape)
    fade = np.clip(1 - 0.85 * (y[rows, 0] / stage.horizon / stage.height) ** 2, 0, 1)
    cover[rows, columns] = (chances.pareto(1.8, count) * 0.2).clip(0.05, 1.0) * fade
    soft = level(cover).filter(ImageFilter.GaussianBlur(max(0.55, stage.unit / 750)))
    return Sheet(area, rgb("eef3ff"), soft.point(lambda v: v * 2.8), depth=0.02)


def _nebula(stage: Stage) -> Layer:
    area, chances = canvas.visible(stage, coarse=max(2.0, stage.unit / 250)), stage.luck("nebula")
    turn = 360 * float(chances.random())
    lumps, veils = (clouds(chances, area.axes, (2, 3), 6) for _ in range(2))
    dark, bright = (toned(rgb(name), 1, turn=turn) for name in ("3a1a6e", "c04a7e"))
    stops = [(0.0, dark), (0.6, bright), (1.0, rgb("ffd9b0"))]
    cover = level(canvas.stretched(lumps, 0.4, 0.85) * np.float32(0.85))
    picture = graded(stops, canvas.stretched(lumps * veils, 0.1, 0.5))
    return Sheet(area, picture, cover, depth=0.01)


def _body(stage: Stage, body: str, size: float) -> Layer:
    """Sun, moon or planet: a disc, and the light around it."""
    radius, chances, light = size * stage.unit, stage.luck("body"), stage.mood.glow
    across, down = (0.62, 0.36) if stage.reading.place == "space" else stage.sun
    x, y, reach = across * stage.width, down * stage.height, 2.4 * radius
    area = Area(x - reach, y - reach, x + reach, y + reach)
    u, v = (area.axes[0] - np.float32(x)) / radius, (area.axes[1] - np.float32(y)) / radius
    far, mottle = np.hypot(u, v), clouds(chances, area.axes, (9, 9), 4)
    cover = np.clip((1 - far) * radius + 0.5, 0, 1)
    if body == "planet":
        dark, bright = (rgb(name) for name in _PLANETS[int(chances.integers(len(_PLANETS)))])
        bands = 0.5 + 0.3 * np.sin(v * 12 + 6 * mottle) + 0.3 * (mottle - 0.5)
        picture = graded([(0.0, dark), (1.0, bright)], bands)
        day = 0.7 * np.sqrt(np.clip(1 - far * far, 0, 1)) - 0.55 * u - 0.5 * v
        picture.paste(mix(rgb("05060f"), dark, 0.12), None, level(1 - np.clip(day, 0.04, 1)))
    elif body == "moon":
        light = rgb("e6ecf8")
        stops = [(0.0, mix(light, stage.mood.zenith, 0.55)), (1.0, light)]
        picture = graded(stops, 0.8 + 0.5 * (mottle - 0.4) - 0.1 * v)
    else:
        picture = Image.new("RGB", cover.shape[::-1], mix(light, _WHITE, 0.75))
    halo = np.exp(-np.maximum(far - 0.7, 0) * 2.2) * np.clip(2.3 - far, 0, 1)
    strength = {"sun": 0.85, "moon": 0.4, "planet": 0.12}[body]
    shine = graded([(0.0, (0, 0, 0)), (1.0, light)], halo * strength).reduce(canvas.LIGHT)
    return Sheet(area, picture, level(cover), depth=0.04, light=shine)


def _cloud_bank(stage: Stage) -> Layer:
    mood, dull = stage.mood, stage.mood.light in {"storm", "grey"} or stage.shows("clouds")
    area = canvas.visible(stage, 0.0, stage.horizon, coarse=max(1.5, stage.unit / 340))
    lumps = clouds(stage.luck("clouds"), area.axes, (3.2, 2.6), 6)
    down = np.clip(area.axes[1] / np.float32(stage.horizon * stage.height), 0, 1)
    low = 0.32 if dull else 0.52
    cover = canvas.stretched(lumps, low, low + 0.3) * (0.85 - 0.65 * down**3)
    sunny = 0.5 + 3.2 * (lumps - np.roll(lumps, max(2, len(lumps) // 24), 0))
    dark = mix(mood.middle, mood.zenith, 0.55 if mood.light in {"storm", "night"} else 0.15)
    bright = mix(mix(mood.horizon, mood.glow, 0.3), _WHITE, 0.5 * (mood.light == "day") + 0.05)
    picture = graded([(0.0, dark), (1.0, bright)], sunny)
    return Sheet(area, picture, level(cover), depth=0.08, drift=0.018 * stage.width)


def fog(stage: Stage, top: float, bottom: float, strength: float, depth: float) -> Layer:
    """A bank of fog between two heights of the frame, drifting."""
    area = canvas.visible(stage, top, bottom, coarse=max(3.0, stage.unit / 90))
    lumps = clouds(stage.luck(f"fog {top}"), area.axes, (2.2, 4.5), 4)
    down = np.linspace(0, 1, len(lumps), dtype=np.float32)[:, None]
    fade = np.clip(np.minimum(down, 1 - down) * 2.6, 0, strength)
    colour = mix(stage.mood.haze, stage.mood.horizon, 0.5)
    cover = level(canvas.stretched(lumps, 0.22, 0.72) * fade)
    return Sheet(area, colour, cover, depth=depth, drift=0.025 * stage.width)


@dataclass(frozen=True, slots=True)
class Ridge:
    """One layer of land: how its line runs, where it stands (part of the frame), its height and
    bumps (in and to a stage unit), its colours, how far it is, 0 … 1."""

    line: str
    base: float
    height: float
    bumps: float
    top: str
    foot: str
    distance: float


def ridge(stage: Stage, shape: Ridge, part: str) -> Layer:
    """The ridge as a sheet, in the light of the scene."""
    chances, mood, unit = stage.luck(part), stage.mood, np.float32(stage.unit)
    area = canvas.visible(stage, shape.base - shape.height * 1.2 * stage.unit / stage.height - 0.02)
    x, y = area.axes[0] / unit, area.axes[1] / unit
    line = _line(chances, shape, x[0])[None, :] * np.float32(shape.height)
    below = y - np.float32(shape.base * stage.height) / unit + line
    slope = np.gradient(line[0]) / np.gradient(x[0])
    cover = np.clip(below * unit / np.sqrt(1 + np.minimum(slope**2, 9)) + 0.5, 0, 1)
    side = np.float32(1 if stage.sun[0] > 0.5 else -1)
    lumps, crest = clouds(chances, area.axes, (4, 12), 5), np.exp(-np.maximum(below, 0) * 12)
    step = max(1, len(lumps) // 60)
    facing = (np.roll(lumps, step, 1) - lumps) * side - (np.roll(lumps, step, 0) - lumps) / 2
    relief = {
        "dunes": side * np.clip(slope, -1, 1) / 2 * np.sqrt(crest) + 0.03 * np.sin(below * 90),
        "hills": (lumps - 0.5) * 0.3 + 0.25 * crest**2,
    }.get(shape.line, facing * np.float32(3.4 - 1.7 * shape.distance))
    shade = 0.62 - 0.34 * np.clip(below / np.float32(0.36 - 0.2 * shape.distance), 0, 1) + relief
    top = mood.surface(rgb(shape.top), shape.distance * 0.75)
    foot = mood.surface(rgb(shape.foot), min(1.0, 0.1 + shape.distance))
    stops = [(0.0, toned(foot, 0.62)), (0.3, foot), (0.65, top), (1.0, mix(top, mood.glow, 0.35))]
    picture, shine = graded(stops, shade), None
    white = mood.surface(rgb("f4f8ff"), shape.distance * 0.6)
    snowy = graded([(0.0, mix(white, mood.zenith, 0.5)), (0.8, white)], shade + 0.1)
    if shape.line == "peaks" and shape.height > 0.3:
        high = 0.28 - np.maximum(below, 0) - (y - y[0]) / 2 + 0.8 * (shade - 0.4)
        picture.paste(snowy, None, level(high * 12))
    if stage.shows("snow") and shape.line in {"hills", "pines", "peaks"}:
        picture.paste(snowy, None, Image.new("L", picture.size, 210))
    if shape.line in {"towers", "lava", "cone"}:
        mask, tones = _lights(stage, chances, shape, np.where(below > 0.012, below, 0))
        picture.paste(tones, None, mask)
        shine = Image.composite(tones, Image.new("RGB", tones.size), mask).reduce(canvas.LIGHT)
        shine = shine.point(lambda v: v * (0.3 if shape.line == "towers" else 0.6))
    depth = round(1.05 - 0.9 * shape.distance, 2)
    return Sheet(area, picture, level(cover), depth=depth, light=shine)


def _line(chances: np.random.Generator, shape: Ridge, x: Plane) -> Plane:
    """The height of the crest, 0…1, at every x (stage units)."""
    rough, at = 0.5 if shape.line in {"peaks", "cone"} else 0.35, (x + 4) * shape.bumps
    line = waves = sum(
        rough**i * (1 - rough) * np.interp(at * 2**i, np.arange(64), chances.random(64), period=64)
        for i in range(6)
    )
    match shape.line:
        case "peaks":
            phase = np.abs((at + 0.8 * waves) % 1 - 0.5) * 2
            line = 0.62 * phase**1.15 * (0.55 + 0.6 * waves) + 0.5 * waves
        case "cone":
            far = np.abs(x - (x[0] + x[-1]) / 2 - chances.uniform(-0.2, 0.2))
            line = np.minimum(1.25 * np.exp(-far * 2.3) + 0.12 * waves, 0.8 + 0.1 * waves)
        case "dunes":
            phase = (at + 0.9 * waves) % 1
            back = np.where(phase < 0.72, phase / 0.72, (1 - phase) / 0.28)
            line = (0.5 - 0.5 * np.cos(math.pi * back)) * (0.45 + 0.55 * waves)
        case "pines":
            for place in chances.uniform(x[0], x[-1], int((x[-1] - x[0]) * 20 * shape.bumps)):
                size = chances.uniform(0.45, 1.0)
                out = np.abs(x - place) / np.float32(size * shape.height * 0.2)
                tree = size * np.clip(1 - out**0.85 + 0.1 * (out * 5 % 1) * (1 - out), 0, 1)
                line = np.maximum(line, tree + 0.2 * waves)
        case "towers":
            block, (tall, gap) = at.astype(int) % 128, chances.uniform(0, 1, (2, 128))
            line = np.where(at % 1 < 0.3 * gap[block], 0.15, 0.25 + 0.75 * tall[block] ** 1.3)
    return np.asarray(line, np.float32)


def _lights(
    stage: Stage, chances: np.random.Generator, shape: Ridge, below: Plane
) -> tuple[Image.Image, Image.Image]:
    """Where windows, neon signs or lava shine on a ridge, and in which colours."""
    rows, columns = np.ogrid[: below.shape[0], : below.shape[1]]
    if shape.line != "towers":
        veins = np.abs(clouds(chances, (columns, rows), (5, 12), 3) - 0.5)
        if shape.line == "cone":
            veins = veins + np.clip(np.abs(columns / below.shape[1] - 0.5) * 1.6 - 0.1, 0, 1)
        hot = np.exp(-veins * 30) * np.clip(below * 12, 0, 1)
        stops = [(0.0, rgb("c22a0a")), (0.6, rgb("ff7a1e")), (1.0, rgb("ffe08a"))]
        return level(hot * 1.5), graded(stops, hot)
    cell = max(3, round(stage.unit * 0.022 * (1.25 - 0.6 * shape.distance)))

    def per_cell(tall: int) -> Plane:
        values = chances.random((len(below) // tall + 1, below.shape[1] // cell + 1))
        return np.asarray(values[rows // tall, columns // cell])

    lit = 0.5 if stage.mood.light in {"night", "storm", "sunset"} else 0.12
    on = (rows % cell < 0.6 * cell) & (columns % cell < 0.55 * cell) & (per_cell(cell) < lit)
    tones = (per_cell(cell) * len(_WINDOWS)).astype(int)
    if stage.reading.matter == "neon":
        sign = (per_cell(6 * cell) < 0.2) & (columns % cell < 0.7 * cell)
        sign, hues = sign & (rows % (6 * cell) < 5 * cell), per_cell(6 * cell) * len(_NEON)
        on, tones = on | sign, np.where(sign, len(_WINDOWS) + hues.astype(int), tones)
    hazy = [mix(rgb(name), stage.mood.haze, shape.distance * 0.6) for name in _WINDOWS + _NEON]
    return level(np.where(on, below > 0, 0.0)), Image.fromarray(np.array(hazy, np.uint8)[tones])
