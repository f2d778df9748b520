"""The engine itself: what the worker's loop calls, step by step, from its one thread."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch

from generation.request import GenerationRequest
from worker.engine import DeviceLost, EngineUnavailable, Frames, Render, StepFailure
from worker.engines.animatediff import looks
from worker.engines.animatediff.assembly import Assembly, assemble, warm_up
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.failures import free_device_memory, is_device_lost, translated
from worker.engines.animatediff.load import Loader, load_models
from worker.engines.animatediff.models import ModelSet
from worker.engines.animatediff.options import Compile, EngineOptions
from worker.engines.animatediff.render import ClipRender, text_chunks_of
from worker.engines.animatediff.shortcuts import shortcuts_for
from worker.engines.animatediff.speed import SpeedBook, slow_note

log = logging.getLogger(__name__)


class AnimateDiffEngine:
    """AnimateDiff on one device, any number of renders at once: a :class:`worker.engine.Engine`.

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
    ) -> None:
        """Nothing is loaded yet. `speeds` is a file in which measured speeds are kept, for estimates."""
        self._models = models
        self._device_name = device
        self._deterministic = deterministic
        self._options = options or EngineOptions()
        self._loader = loader
        self._speeds = speeds
        self._assembly: Assembly | None = None
        self._lost: DeviceLost | None = None
        self._book = SpeedBook() if speeds is None else SpeedBook.load(speeds)

    @property
    def max_active(self) -> int:
        """How many renders may be under way at once."""
        return self._options.max_active

    def load(self) -> None:
        """Load the models and make the first step ready; on a CPU, say how slow it will be.

        Raises:
            EngineUnavailable: naming the file or the device that is missing, or that memory is short.
        """
        device = Device.pick(self._device_name)
        try:
            self._assembly = self._assembled(device)
            pace = warm_up(self._assembly)
        except torch.OutOfMemoryError as error:
            raise EngineUnavailable(
                "The models do not fit the GPU's memory. Close other programs on it, or keep one model at a time."
            ) from error
        if not device.is_cuda:
            self._tell_how_slow(pace)
        while self._options.compile is Compile.START and self.idle():
            pass

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`worker.engine.EngineRefusal` when this engine can never render that request."""
        self._ready().admission.check(request)

    def begin(self, request: GenerationRequest) -> ClipRender:
        """Start a render; nothing of it is computed, and no device memory taken, before its first turn."""
        turns = self._ready().turns
        chunks = text_chunks_of(turns.embedder, request)
        return ClipRender(request, text_chunks=chunks, turn=turns.number, shortcuts=turns.shortcuts)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance some of the renders by one step, or by some frames of its last one.

        Raises:
            DeviceLost: now and at every later call; the process has to start again.
        """
        turns = self._ready().turns
        with self._noticing_loss(), torch.inference_mode():
            return turns.take([render for render in renders if isinstance(render, ClipRender)])

    def finish(self, render: Render) -> Frames:
        """The frames of a render whose steps are all done: (frames, height, width, 3), RGB, 0…255.

        Raises:
            EngineRefusal: the safety checker, where there is one, saw what it must not.
        """
        if not isinstance(render, ClipRender) or render.decoding is None or render.steps_done < render.total_steps:
            raise ValueError("this render is not finished")
        frames: Frames = render.decoding.pixels.numpy()
        safety = self._ready().safety
        if safety is not None:
            safety.check(frames)
        return frames

    def look(self, render: Render) -> Frames | None:
        """What the clip would be if it ended now, as small frames of an eighth of its sides.

        None before its first step, after its last, and where the option `looks` is off.
        """
        seen = render.look if isinstance(render, ClipRender) else None
        if seen is None:
            return None
        with self._noticing_loss():
            return looks.frames_of(seen)

    def idle(self) -> bool:
        """Use a quiet moment to compile one more served shape (minutes on a GPU); whether there was one to compile."""
        ready = self._ready()
        compiled, unets = ready.turns.denoiser.compiled, ready.turns.unets
        with self._noticing_loss():
            return compiled.compile_next(lambda shape: unets.use(shape.endpoint), text_width=ready.text_width)

    def estimate_seconds(self, request: GenerationRequest) -> float | None:
        """How long that request takes alone, by what was measured here; None before anything was."""
        return self._book.clip_seconds(request, shortcuts_for(request, self._options.shortcuts))

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """How long one step of it takes: what a watchdog must allow for on a slow machine."""
        return self._book.step_seconds(request)

    @property
    def device_name(self) -> str | None:
        """What it renders on, for people; None until it is loaded."""
        return None if self._assembly is None else self.device.title

    @property
    def device(self) -> Device:
        """The device it is loaded on: for whoever measures."""
        return self._ready().turns.device

    def close(self) -> None:
        """Give memory and devices back and keep the measured speeds."""
        if self._speeds is not None and self._book.denoise is not None:
            self._book.save(self._speeds)
        self._assembly = None
        free_device_memory()

    @contextmanager
    def _noticing_loss(self) -> Iterator[None]:
        """A device that is lost is lost for every later call as well."""
        try:
            yield
        except DeviceLost as lost:
            self._lost = lost
            raise
        except RuntimeError as error:  # what was launched earlier may fail only when it is waited for
            failure = translated(error, doing="waiting for the device") if is_device_lost(error) else None
            if not isinstance(failure, DeviceLost):
                raise
            self._lost = failure
            raise failure from error

    def _assembled(self, device: Device) -> Assembly:
        loaded = self._loader(self._models, device, self._options)
        return assemble(loaded, device, self._options, deterministic=self._deterministic, book=self._book)

    def _tell_how_slow(self, pace: float) -> None:
        if self._book.denoise is None:
            self._book.denoise = pace
        note = slow_note(self._book)
        if note is not None:
            log.warning("%s", note)

    def _ready(self) -> Assembly:
        if self._lost is not None:
            raise self._lost
        if self._assembly is None:
            raise EngineUnavailable("The engine has not been loaded.")
        return self._assembly
