"""The engine itself: what the worker's loop calls, step by step, from its one thread."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from generation.request import Endpoint, GenerationRequest
from worker.engine import DeviceLost, EngineUnavailable, Frames, Render, StepFailure
from worker.engines.animatediff import looks
from worker.engines.animatediff.admission import Admission
from worker.engines.animatediff.compile import CompiledForwards, torch_compiler
from worker.engines.animatediff.decode import Decoder
from worker.engines.animatediff.denoise import CHUNK_TOKENS, Denoiser
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.embeddings import TextEmbedder
from worker.engines.animatediff.failures import free_device_memory, translated
from worker.engines.animatediff.load import LoadedModels, Loader, load_models
from worker.engines.animatediff.models import ModelSet
from worker.engines.animatediff.motions import MotionLora, MotionMerger
from worker.engines.animatediff.options import Compile, EngineOptions, Shape
from worker.engines.animatediff.render import LATENT_CHANNELS, ClipRender, text_chunks_of
from worker.engines.animatediff.residency import ResidentUNets
from worker.engines.animatediff.speed import SpeedBook, slow_note
from worker.engines.animatediff.turns import Turns

log = logging.getLogger(__name__)
_SMALLEST: Final = Shape(Endpoint.STANDARD, rows=1, frames=2, width=64, height=64)


class AnimateDiffEngine:
    """AnimateDiff on one device, for any number of renders at once; a :class:`worker.engine.Engine`.

    deterministic: every render runs alone and uncompiled, so that a request gives the same bytes each time on the same
    device and libraries. Otherwise sharing a forward may change single bytes by one.
    """

    name: Final = "animatediff"

    def __init__(
        self,
        models: ModelSet,
        *,
        device: str | None = None,
        deterministic: bool = False,
        options: EngineOptions | None = None,
        loader: Loader = load_models,
        speeds: Path | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Nothing is loaded yet. `speeds` is a file in which measured speeds are kept, for estimates."""
        self._models = models
        self._device_name = device
        self._deterministic = deterministic
        self._options = options or EngineOptions()
        self._loader = loader
        self._speeds = speeds
        self._clock = clock
        self._turns: Turns | None = None
        self._admission: Admission | None = None
        self._lost: DeviceLost | None = None
        self.book = SpeedBook() if speeds is None else SpeedBook.load(speeds)

    @property
    def max_active(self) -> int:
        """How many renders may be under way at once."""
        return self._options.max_active

    def load(self) -> None:
        """Load the models and make the first step ready.

        Raises:
            EngineUnavailable: naming the file or the device that is missing, or that memory is short.
        """
        device = Device.pick(self._device_name)
        try:
            self._assemble(device, self._loader(self._models, device, self._options))
        except torch.OutOfMemoryError as error:
            raise EngineUnavailable(
                "The models do not fit the GPU's memory. Close other programs on it, or set residency to swap."
            ) from error
        self._tell_speed(device)
        if self._compile is Compile.START:
            while self.idle():
                pass

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`worker.engine.EngineRefusal` when this engine can never render that request."""
        self._loaded()
        if self._admission is not None:
            self._admission.check(request)

    def begin(self, request: GenerationRequest) -> ClipRender:
        """Start a render; nothing of it is computed, and no device memory taken, before its first turn."""
        turns = self._loaded()
        return ClipRender(request, text_chunks=text_chunks_of(turns.embedder, request), turn=turns.number)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance some of the renders by one step, or by some frames of its last one.

        Raises:
            DeviceLost: now and at every later call; the process has to start again.
        """
        turns = self._loaded()
        try:
            return turns.take([render for render in renders if isinstance(render, ClipRender)])
        except Exception as error:
            failure = translated(error, doing="taking a step")
            if isinstance(failure, DeviceLost):
                self._lost = failure
            raise failure from error

    def finish(self, render: Render) -> Frames:
        """The frames of a render whose steps are all done: (frames, height, width, 3), RGB, 0…255.

        Raises:
            EngineRefusal: the safety checker, where there is one, saw what it must not.
        """
        if not isinstance(render, ClipRender) or render.decoding is None or render.steps_done < render.total_steps:
            raise ValueError("this render is not finished")
        frames: Frames = render.decoding.pixels.numpy()
        if self._safety is not None:
            self._safety.check(frames)
        return frames

    def look(self, render: Render) -> Frames | None:
        """Small frames of what the clip would be if it ended now (an eighth of its sides); None before the first step,
        after the last, or where the option `looks` is off."""
        seen = render.look if isinstance(render, ClipRender) else None
        return None if seen is None else looks.frames_of(seen)

    def idle(self) -> bool:
        """Use a quiet moment to compile one more served shape (minutes on a GPU); whether there was one to compile."""
        turns = self._loaded()
        return turns.denoiser.compiled.compile_next(lambda shape: turns.unets.use(shape.endpoint), self._inputs)

    def estimate_seconds(self, request: GenerationRequest) -> float | None:
        """How long that request takes alone, by what was measured here; None before anything was."""
        return self.book.clip_seconds(request)

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """How long one step of it takes: what a watchdog must allow for on a slow machine."""
        return self.book.step_seconds(request)

    def close(self) -> None:
        """Give memory and devices back and keep the measured speeds."""
        if self._speeds is not None and self.book.denoise is not None:
            self.book.save(self._speeds)
        self._turns = self._admission = None
        free_device_memory()
