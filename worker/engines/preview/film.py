"""One clip in the making: layer by layer over all its frames, then developed: light spills over,
contrast is set, and the line is written that says what this is."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    DEFAULTS,
    Endpoint,
    GenerationRequest,
)
from worker.engines.preview.canvas import LIGHT, Frame, Stage, level, luck
from worker.engines.preview.palette import mood_for
from worker.engines.preview.places import PLACES, layers_of
from worker.engines.preview.reading import read

_WORDINGS: Final = ("preview · made without a model", "preview · no model", "preview")
"""What a frame says that it is; the longest that fits is shown."""


def closed(frames: NDArray[np.uint8], beyond: int) -> NDArray[np.uint8]:
    """The frames as a loop: the first ones fade in over the ``beyond`` that follow the last."""
    if not beyond:
        return frames
    shown, over = frames[:-beyond].copy(), frames[-beyond:]
    for place, frame in enumerate(over):
        late = 1 - place / beyond
        shown[place] = (late * frame + (1 - late) * shown[place]).round().astype(np.uint8)
    return shown


def stage_for(request: GenerationRequest) -> Stage:
    """What a request asks to be staged."""
    width, height = request.pixels
    reading = read(request.prompt, request.negative_prompt)
    place, chances = PLACES[reading.place], luck(request.prompt, request.seed, "mood")
    mood = mood_for(reading, chances.random(), chances.uniform(-6, 6), place.lights)
    lavish = 0.6 if request.endpoint is Endpoint.TURBO else 1.0
    return Stage(request.prompt, request.seed, width, height, reading, mood, place.horizon, lavish)


class Film:
    """The frames of one request, painted pass by pass: each layer through all frames, from the sky
    to the weather, so that the whole clip develops as the steps go on."""

    def __init__(self, request: GenerationRequest, given: NDArray[np.uint8] | None = None) -> None:
        """``given``: what the clip starts from, a picture or as many frames as it has."""
        self._given, self._drawn = given, _drawn_share(request)
        # a loop is drawn beyond its end, and fades from there into its beginning
        self._beyond = request.frames // 4 if request.loop is Loop.SEAMLESS else 0
        stage, count = stage_for(request), request.frames + self._beyond
        size = stage.width, stage.height
        self.frames: NDArray[np.uint8] = np.empty((count, *size[::-1], 3), np.uint8)
        """Shape (frames, height, width, 3); filled by the last passes."""
        # a short clip shows less of a motion, so that its speed feels the same
        camera = frozenset(request.motions), min(1.0, max(0.4, request.duration_seconds / 1.6))
        self._layers, self._making = layers_of(stage), []
        for index in range(count):
            picture = Image.new("RGB", size)
            when = index / request.fps, index / (count - 1) if count > 1 else 0.5
            self._making.append(Frame(picture, picture.reduce(LIGHT), *when, *camera))
        self._curve, self._over = _curve(request), overlays(size)
        self.total_passes = (len(self._layers) + 1) * count
        """How many passes the whole clip takes: every layer of every frame, and developing it."""
        self.passes_done = 0
        self._passes = self._paint()

    @property
    def has_a_layer(self) -> bool:
        """Whether the first layer is painted in every frame."""
        return self.passes_done >= len(self.frames)

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The frames that are the clip."""
        return closed(self.frames, self._beyond)

    def paint(self, until: int) -> None:
        """Do the passes that are due; after the last one only the frames are kept."""
        for _ in range(until - self.passes_done):
            next(self._passes)
        self.passes_done = until

    def look(self, every: int) -> NDArray[np.uint8]:
        """The clip as it is now, every so many pixels."""
        small = self.frames[:, ::every, ::every].copy()
        for index, frame in enumerate(self._making, len(self.frames) - len(self._making)):
            small[index] = np.asarray(frame.picture)[::every, ::every]
        return closed(small, self._beyond)

    def _paint(self) -> Iterator[None]:
        while self._layers:
            layer = self._layers.pop(0)
            for frame in self._making:
                layer.paint(frame)
                yield
        for index in range(len(self.frames)):
            self.frames[index] = np.asarray(self._developed(self._making.pop(0), index))
            yield

    def _developed(self, frame: Frame, index: int) -> Image.Image:
        """The finished picture: what is bright glows, the edges are darker, the line is written."""
        picture, far = frame.picture, max(2, min(frame.light.size) / 14)
        bright = picture.reduce(LIGHT).point(lambda v: max(0, v - 205) * 1.2)
        light = ImageChops.add(frame.light, bright)
        near = light.filter(ImageFilter.GaussianBlur(2)).point(lambda v: v * 0.55)
        wide = light.filter(ImageFilter.GaussianBlur(far)).point(lambda v: v * 0.9)
        glow = ImageChops.add(near, wide).resize(picture.size, Image.Resampling.BICUBIC)
        picture = ImageChops.screen(picture, glow).point(self._curve)
        picture = self._over_given(picture, index)
        for cover, tone in self._over:
            picture.paste((tone, tone, tone), None, cover)
        return picture

    def _over_given(self, picture: Image.Image, index: int) -> Image.Image:
        """What is drawn, laid over what the clip starts from; it begins with a picture as it is."""
        if self._given is None:
            return picture
        is_still = len(self._given) == 1
        below = Image.fromarray(self._given[0 if is_still else index % len(self._given)])
        grown = index / max(1, len(self.frames) - 1) if is_still else 1.0
        return Image.blend(below, picture, self._drawn * grown)


def _drawn_share(request: GenerationRequest) -> float:
    """How much of what is drawn shows over a picture or video."""
    return 0.6 * request.input_file.strength if request.input_file is not None else 1.0


def _curve(request: GenerationRequest) -> list[int]:
    """What each of a pixel's 3 × 256 values is shown as. Guidance above the endpoint's usual one
    makes the picture punchier, below it softer."""
    usual = DEFAULTS[request.endpoint].guidance_scale
    bend = 0.06 + 0.16 * float(np.tanh((request.guidance_scale - usual) / 8))
    value = np.arange(256) / 255
    shown: list[int] = (
        (255 * (value + bend * (8 * value - 4) * value * (1 - value))).astype(int).tolist()
    )
    return shown * 3


def overlays(size: tuple[int, int]) -> list[tuple[Image.Image, int]]:
    """What is laid over every frame, with its grey: darker edges, and in the lower left corner the
    line with its soft shadow, in the font that Pillow brings along."""
    x, y = (np.linspace(-1, 1, span, dtype=np.float32) for span in size)
    dark = np.clip(x[None, :] ** 2 + y[:, None] ** 2 - 0.35, 0, None) ** 1.3 / 8
    height = round(min(30, max(9, 0.029 * min(size))))
    font, gap = ImageFont.load_default(height), max(2, round(0.55 * height))
    text = next((w for w in _WORDINGS if font.getlength(w) <= size[0] - 2 * gap), _WORDINGS[-1])
    letters = Image.new("L", size)
    at = gap, size[1] - gap - font.getbbox(text)[3]
    ImageDraw.Draw(letters).text(at, text, fill=225, font=font)
    shade = letters.filter(ImageFilter.GaussianBlur(gap * 0.4)).point(lambda v: min(128, v * 2))
    return [(level(dark), 0), (shade, 0), (letters, 250)]
