"""What a scene is painted with: the stage (once per clip), the frame with its camera, and sheets of
picture that the camera looks at."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from generation.protocol.request import Motion
from worker.engines.preview.palette import Colour, Mood
from worker.engines.preview.reading import Reading

Plane = NDArray[np.floating[Any]]
"""One channel, shape (rows, columns)."""
LIGHT: Final = 4
"""How many pixels of the picture, each way, share one of the light that spills over them."""
MARGIN: Final = 0.15
"""How far, in parts of the frame, a layer must reach beyond each edge, where motions look."""
_FOCUS: Final = (0.5, 0.58)
"""What a zoom goes to, as a part of the frame: about where subjects are."""
_ZOOM: Final = 1.4


def luck(prompt: str, seed: int, part: str) -> np.random.Generator:
    """The chances of one part of a picture, whatever the other parts draw."""
    digest = hashlib.sha256(f"{seed}|{part}|{prompt}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


@dataclass(frozen=True, slots=True)
class Stage:
    """One clip's fixed facts: prompt and seed, size in pixels, what it shows and in which light;
    ``lavish`` is 1 for the standard endpoint, less draws fewer particles (turbo)."""

    prompt: str
    seed: int
    width: int
    height: int
    reading: Reading
    mood: Mood
    horizon: float
    lavish: float

    def luck(self, part: str) -> np.random.Generator:
        """The chances of one part of this clip."""
        return luck(self.prompt, self.seed, part)

    @property
    def unit(self) -> float:
        """What subjects are measured in: the shorter side in pixels, more in long frames."""
        short, long = sorted((self.width, self.height))
        return float(short * min(1.25, (long / short) ** 0.25))

    @property
    def sun(self) -> tuple[float, float]:
        """Where sun or moon stand, in parts of the frame; light falls from there."""
        low = {"sunset": 0.72, "dawn": 0.66}.get(self.mood.light, 0.3)
        return float(self.luck("sun").uniform(0.16, 0.84)), self.horizon * low

    def shows(self, *weather: str) -> bool:
        """Whether any of these is in the air."""
        return not self.reading.weather.isdisjoint(weather)


@dataclass(frozen=True, slots=True)
class View:
    """How one depth is seen: ``world = left + screen / scale``, in pixels of the frame."""

    scale: float
    left: float
    top: float

    def screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the world is on the screen."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame so far: its picture and the light that will spill over it; when it is, in seconds
    and as progress from 0 (first) to 1 (last frame); how the camera moves and how far.

    The camera pans and tilts as a camera does: ``pan-left`` turns it to the left, so the picture
    moves to the right; ``tilt-up`` moves it down. Opposite motions together go there and back.
    """

    picture: Image.Image
    light: Image.Image
    seconds: float
    progress: float
    motions: frozenset[Motion]
    reach: float

    def view(self, depth: float) -> View:
        """What a depth (0 far … 1.25 near) looks like now."""
        zoom = self._along(Motion.ZOOM_IN, Motion.ZOOM_OUT)
        near = 0.0 if zoom is None else (zoom + 1) / 2 * self.reach
        scale = _ZOOM ** (near * (0.5 + 0.5 * min(depth, 1.0)))
        travel = self.reach * MARGIN * (0.24 + 0.56 * depth)
        pan = self._along(Motion.PAN_RIGHT, Motion.PAN_LEFT) or 0.0
        tilt = self._along(Motion.TILT_DOWN, Motion.TILT_UP) or 0.0
        left, top = (
            side * ((1 - 1 / scale) * focus + way * travel)
            for side, focus, way in zip(self.picture.size, _FOCUS, (pan, tilt), strict=True)
        )
        return View(scale, left, top)

    def _along(self, forwards: Motion, backwards: Motion) -> float | None:
        """Where the camera is on one axis, -1…1, starting and stopping gently; None at rest."""
        way, t = (forwards in self.motions) - (backwards in self.motions), self.progress
        if not way:
            return math.cos(2 * math.pi * t) if forwards in self.motions else None
        return (1.5 * t + 0.5 * t * t * (3 - 2 * t) - 1) * way

    def lay(
        self, picture: Image.Image | Colour, cover: Image.Image | None, at: tuple[int, int]
    ) -> None:
        """Paint at a place, hiding also the light that is behind."""
        if cover is None:
            self.picture.paste(picture, at)
            return
        self.picture.paste(picture, (*at, at[0] + cover.width, at[1] + cover.height), cover)
        self.light.paste((0, 0, 0), (at[0] // LIGHT, at[1] // LIGHT), cover.reduce(LIGHT))


class Layer(Protocol):
    """One thing to paint, in front of all that was painted before it."""

    def paint(self, frame: Frame) -> None:
        """Paint this layer as it is at the frame's moment."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the world in pixels, held as cells of ``coarse`` pixels."""

    left: float
    top: float
    right: float
    bottom: float
    coarse: float = 1.0

    @property
    def axes(self) -> tuple[Plane, Plane]:
        """The world's x, shape (1, columns), and y, shape (rows, 1), under every cell."""
        x, y = (
            np.linspace(low, high, 2 * max(4, math.ceil((high - low) / self.coarse)) + 1)[1::2]
            for low, high in ((self.left, self.right), (self.top, self.bottom))
        )
        return x.astype(np.float32)[None, :], y.astype(np.float32)[:, None]


def visible(stage: Stage, top: float = 0.0, bottom: float = 1.0, *, coarse: float = 1.0) -> Area:
    """Everything a camera can see between two heights (parts of the frame)."""
    upper = max(-MARGIN, top - MARGIN * (top <= 0)) * stage.height
    lower = (bottom + MARGIN * (bottom >= 1)) * stage.height
    return Area(-MARGIN * stage.width, upper, (1 + MARGIN) * stage.width, lower, coarse)


class Sheet:
    """A picture on a sheet at one depth. ``cover`` says where it hides what is behind it (None:
    everywhere), ``light`` what of it shines; with a ``drift`` (pixels a second) it must join left
    to right."""

    def __init__(
        self,
        area: Area,
        picture: Image.Image | Colour | None,
        cover: Image.Image | None = None,
        *,
        depth: float,
        drift: float = 0.0,
        light: Image.Image | None = None,
    ) -> None:
        self._area, self._depth, self._drift, self._picture = area, depth, drift, picture
        planes = picture if isinstance(picture, Image.Image) else None, cover, light
        twice = [p and np.concatenate([np.asarray(p)] * 2, axis=1) for p in planes if drift]
        self._planes = [None if c is None else Image.fromarray(c) for c in twice] or [*planes]
        self._seen: tuple[object, list[Image.Image | None]] = None, []

    def paint(self, frame: Frame) -> None:
        view, area = frame.view(self._depth), self._area
        wide = area.right - area.left
        shift = (self._drift * frame.seconds) % wide - wide if self._drift else 0.0
        start = np.array(view.screen(area.left + shift, area.top))
        stop = np.array(view.screen(area.right + shift + wide * bool(self._drift), area.bottom))
        low = np.maximum(0, np.ceil(start))
        sides = np.minimum(frame.picture.size, np.floor(stop)) - low
        if sides.min() < 1:
            return
        part = np.concatenate([low - start, low + sides - start]) / np.tile(stop - start, 2)
        now = (*low.tolist(), *part.tolist())
        if self._seen[0] != now:
            # most sheets stand still for the whole clip
            planes = zip(self._planes, (sides, sides, np.ceil(sides / LIGHT)), strict=True)
            self._seen = now, [plane and _look(plane, size, part) for plane, size in planes]
        picture, cover, light = self._seen[1]
        at = int(low[0]), int(low[1])
        colour = self._picture if isinstance(self._picture, tuple) else picture
        if colour is not None:
            frame.lay(colour, cover, at)
        if light is not None:
            left, top = at[0] // LIGHT, at[1] // LIGHT
            under = frame.light.crop((left, top, left + light.width, top + light.height))
            frame.light.paste(ImageChops.add(under, light), (left, top))


def _look(image: Image.Image, size: NDArray[Any], part: NDArray[Any]) -> Image.Image:
    """A part of an image (left, top, right, bottom in 0…1) in another size."""
    left, top, right, bottom = (np.clip(part, 0, 1) * np.tile(image.size, 2)).tolist()
    whole = int(size[0]), int(size[1])
    return image.resize(whole, Image.Resampling.BILINEAR, (left, top, right, bottom))


def level(plane: Plane) -> Image.Image:
    """A plane of 0…1 as a grey image."""
    return Image.fromarray((np.clip(plane, 0, 1) * np.float32(255) + 0.5).astype(np.uint8))


def graded(stops: Sequence[tuple[float, Colour]], plane: Plane) -> Image.Image:
    """Colours between stops (place in 0…1, colour), looked up for every place of a plane."""
    places, colours = zip(*stops, strict=True)
    steps, index = np.linspace(0, 1, 256), level(plane)
    tables = [np.interp(steps, places, [c[i] for c in colours]).round() for i in range(3)]
    return Image.merge("RGB", [index.point(table.astype(int).tolist()) for table in tables])


def clouds(
    chances: np.random.Generator, axes: tuple[Plane, Plane], cells: tuple[float, float], fine: int
) -> Plane:
    """Noise in 0…1 on a grid, ``cells`` lumps down and across, in so many octaves; left and right
    edges join."""
    shape, total = (axes[0].shape[1], axes[1].shape[0]), np.float32(0)
    for octave in range(fine):
        down, across = (max(2, round(count * 2**octave)) for count in cells)
        grid = chances.random((down + 4, across), dtype=np.float32)
        joined = Image.fromarray(np.concatenate([grid[:, -2:], grid, grid[:, :2]], axis=1))
        box = (2.0, 2.0, 2.0 + across, 2.0 + down)
        grown = np.asarray(joined.resize(shape, Image.Resampling.BICUBIC, box=box))
        total = total + np.clip(grown, 0, 1) * np.float32(0.5**octave)
    return np.asarray(total / np.float32(2 - 0.5 ** (fine - 1)))


def stretched(plane: Plane, low: float, high: float) -> Plane:
    """Contrast: what was ``low`` becomes 0 and what was ``high`` becomes 1, with soft ends."""
    part = np.clip((plane - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))
