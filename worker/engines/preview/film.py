"""One clip in the making: its scene is built first, then its frames are painted, layer by layer."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generation.protocol.request import DEFAULTS, Endpoint, GenerationRequest
from worker.engines.preview.camera import Camera
from worker.engines.preview.caption import Caption
from worker.engines.preview.develop import Development
from worker.engines.preview.luck import Luck
from worker.engines.preview.mood import mood_for
from worker.engines.preview.nature.weather import weather
from worker.engines.preview.scenes.cast import cast
from worker.engines.preview.scenes.places import scenery_of
from worker.engines.preview.stage import Layer, Shot, Stage
from worker.engines.preview.words.reading import read

_TURBO_LAVISHNESS: Final = 0.6
_SENSITIVITY: Final = 0.16
"""How much contrast the guidance can add or take away at most."""


def stage_for(request: GenerationRequest) -> Stage:
    """What a request asks to be staged. What the negative prompt names is left out; turbo has fewer
    particles."""
    width, height = request.pixels
    reading = read(request.prompt, request.negative_prompt)
    luck = Luck(request.prompt, request.seed)
    lavish = _TURBO_LAVISHNESS if request.endpoint is Endpoint.TURBO else 1.0
    return Stage(width, height, reading, mood_for(reading, luck), luck, lavish)


def layers_of(stage: Stage) -> list[Layer]:
    """The whole picture from back to front."""
    scenery = scenery_of(stage)
    return [*scenery.back, *cast(stage, scenery), *scenery.front, *weather(stage)]


class Film:
    """The frames of one request, painted one pass at a time."""

    def __init__(self, request: GenerationRequest) -> None:
        stage = stage_for(request)
        self._layers = layers_of(stage)
        self._request = request
        self._camera = Camera(request.motions, stage.width, stage.height, request.duration_seconds)
        self._development = Development(
            stage.width, stage.height, stage.luck.of("dither"), contrast=_contrast(request)
        )
        self._caption = Caption(stage.width, stage.height)
        self.frames: NDArray[np.uint8] = np.zeros(
            (request.num_frames, stage.height, stage.width, 3), np.uint8
        )
        """Shape (frames, height, width, 3); what is not painted yet is black."""
        self.total_passes = (len(self._layers) + 1) * request.num_frames
        """How many passes the whole clip takes: every layer of every frame, and developing each
        frame."""
        self._passes = self._paint()
        self._left = self.total_passes

    def paint(self, passes: int) -> None:
        """Do so many passes; after the last one only the frames are kept."""
        for _ in range(passes):
            next(self._passes)
        self._left -= passes
        if not self._left:
            self._passes, self._layers = iter(()), []

    def _paint(self) -> Iterator[None]:
        count, height, width, _ = self.frames.shape
        canvas = np.zeros((3, height, width), np.float32)
        for index in range(count):
            shot = Shot(
                canvas,
                self._camera,
                index / self._request.fps,
                index / (count - 1) if count > 1 else 0.5,
            )
            canvas[:] = 0
            for layer in self._layers:
                layer.paint(shot)
                yield
            self.frames[index] = self._development.develop(canvas)
            self._caption.stamp(self.frames[index])
            yield


def _contrast(request: GenerationRequest) -> float:
    """Guidance above the endpoint's usual one makes the picture punchier, below it softer."""
    usual = DEFAULTS[request.endpoint].guidance_scale
    return 1 + _SENSITIVITY * float(np.tanh((request.guidance_scale - usual) / 8))
