"""The engine itself: what the worker's loop calls, step by step, from its one thread."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
import torch

from generation.protocol.extensions.capabilities import Capability
from generation.protocol.request import GenerationRequest
from worker.engine import (
    Compiling,
    DeviceLost,
    EngineCondition,
    EngineUnavailable,
    Frames,
    Render,
    StepFailure,
)
from worker.engines.animatediff.assembly import EngineParts, assemble, warm_up
from worker.engines.animatediff.decode import previews
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.durations import StepDurations, cpu_warning
from worker.engines.animatediff.failures import free_device_memory, is_device_lost, translated
from worker.engines.animatediff.memory.seen import SeenMemory
from worker.engines.animatediff.models.load import Loader, load_models
from worker.engines.animatediff.models.model_set import ModelSet
from worker.engines.animatediff.options import Compile, EngineOptions
from worker.engines.animatediff.render import ClipRender
from worker.engines.animatediff.shortcuts import shortcuts_for

log = structlog.get_logger("flipbook.engine")


class AnimateDiffEngine:
    """AnimateDiff on one device, any number of renders at once: a :class:`worker.engine.Engine`.

    deterministic: every render runs alone and uncompiled, so that a request gives the same bytes
    each time on the same device and libraries. Otherwise sharing a forward may change single bytes
    by one.
    """

    name: Final = "animatediff"
    capabilities: Final = frozenset(
        {Capability.LOOP, Capability.LENGTH, Capability.SCENES, Capability.PICTURE}
    )

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
        """Nothing is loaded yet. `device` wins over the option of that name. `speeds`: a file that
        keeps :class:`StepDurations` over restarts."""
        self._models = models
        self._device_name = device
        self._deterministic = deterministic
        self._options = options or EngineOptions()
        self._loader = loader
        self._speeds = speeds
        self._parts: EngineParts | None = None
        self._lost: DeviceLost | None = None
        self._memory = SeenMemory()
        self._durations = StepDurations() if speeds is None else StepDurations.load(speeds)

    @property
    def max_active(self) -> int:
        """How many renders may be active at once."""
        return self._options.max_active

    def load(self) -> None:
        """Load the models and warm up; on a CPU, log how slow clips will be.

        Raises:
            EngineUnavailable: a file or the device is missing, or memory is short; the message
                names it.
        """
        device = Device.pick(self._device_name or self._options.device)
        try:
            self._parts = self._assembled(device)
            seconds_per_work = warm_up(self._parts)
        except torch.OutOfMemoryError as error:
            raise EngineUnavailable(
                "The models do not fit the GPU's memory. Close other programs on it, or keep "
                "one model at a time."
            ) from error
        self._memory.look(device)
        if not device.is_cuda:
            self._warn_about_cpu(seconds_per_work)
        # idle compiles one shape per call
        while self._options.compile is Compile.START and self.idle():
            pass

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`worker.engine.EngineRefusal` when this engine can never render that
        request."""
        self._ready().admission.check(request)

    def begin(self, request: GenerationRequest) -> ClipRender:
        """Start a render; before its first batch it computes nothing and takes no device memory."""
        return self._begun(request, None)

    def begin_from(self, request: GenerationRequest, frames: Frames) -> ClipRender:
        """The same for a clip that starts from a picture or a video."""
        return self._begun(request, frames)

    def _begun(self, request: GenerationRequest, given: Frames | None) -> ClipRender:
        runner = self._ready().runner
        return ClipRender(
            request,
            text_chunks=runner.embedder.shared_chunk_count(request),
            batch_number=runner.batches_run,
            shortcuts=runner.shortcuts,
            given=given,
        )

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance some of the renders by one step, or decode some frames of one.

        Raises:
            DeviceLost: now and at every later call; only a new process can go on.
        """
        runner = self._ready().runner
        with self._noticing_loss(), torch.inference_mode():
            # the port knows any render; this engine began all of these
            own = [render for render in renders if isinstance(render, ClipRender)]
            failures = runner.run(own)
            self._memory.look(runner.device)
            return failures

    def finish(self, render: Render) -> Frames:
        """The frames of a render whose steps are all done: (frames, height, width, 3), RGB, 0…255.

        Raises:
            UnsafeClip: the safety checker, where there is one, flagged a frame.
        """
        if (
            not isinstance(render, ClipRender)
            or render.decoding is None
            or render.steps_done < render.total_steps
        ):
            raise ValueError("this render is not finished")
        frames: Frames = render.decoding.pixels.numpy()
        safety_checker = self._ready().safety_checker
        if safety_checker is not None:
            safety_checker.check(frames)
        return frames

    def preview(self, render: Render) -> Frames | None:
        """Preview frames of an unfinished clip: (frames, height / 8, width / 8, 3), RGB, 0…255.

        They show what the clip would be if it ended now. None before the first step, after the
        last, and where the option `looks` is off.
        """
        latents = render.preview_latents if isinstance(render, ClipRender) else None
        if latents is None:
            return None
        with self._noticing_loss():
            return previews.frames_of(latents)

    def idle(self) -> bool:
        """Bring the compiling of the served shapes one piece further while there is no work; False
        when there is nothing to do for it."""
        ready = self._ready()
        with self._noticing_loss():
            return ready.runner.denoiser.compiled.compile_next(ready.program_of)

    @property
    def compiling(self) -> Compiling | None:
        """How far compiling is; None where nothing is compiled."""
        parts = self._parts
        return None if parts is None else parts.runner.denoiser.compiled.state

    def estimate_seconds(self, request: GenerationRequest) -> float | None:
        """Seconds that the request takes alone, by this machine's measurements; None before the
        first."""
        shortcuts = shortcuts_for(request, self._options.shortcuts)
        return self._durations.clip_seconds(request, shortcuts)

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """Seconds of one step of it: what a watchdog must allow for on a slow machine."""
        return self._durations.step_seconds(request)

    @property
    def device_name(self) -> str | None:
        """What it renders on, for people; None until it is loaded."""
        return None if self._parts is None else self.device.title

    @property
    def condition(self) -> EngineCondition:
        """How it is, as its own thread has seen it last."""
        parts = self._parts
        if parts is None:
            return EngineCondition()
        return EngineCondition(self._memory.seen, self._models.told)

    @property
    def device(self) -> Device:
        """The device it is loaded on, for benchmarks."""
        return self._ready().runner.device

    def close(self) -> None:
        """Free memory and device, and keep the measured durations."""
        if self._speeds is not None and self._durations.denoise is not None:
            self._durations.save(self._speeds)
        if self._parts is not None:
            self._parts.runner.denoiser.compiled.close()
        # dropped first: memory that is referenced cannot be freed
        self._parts = None
        free_device_memory()

    @contextmanager
    def _noticing_loss(self) -> Iterator[None]:
        """Remember a lost device, so that every later call fails the same way."""
        try:
            yield
        except DeviceLost as lost:
            self._lost = lost
            raise
        except RuntimeError as error:
            # CUDA runs behind: an earlier kernel's failure may show only in a call that waits
            failure = (
                translated(error, doing="waiting for the device") if is_device_lost(error) else None
            )
            if not isinstance(failure, DeviceLost):
                raise
            self._lost = failure
            raise failure from error

    def _assembled(self, device: Device) -> EngineParts:
        loaded = self._loader(self._models, device, self._options)
        return assemble(
            loaded,
            device,
            self._options,
            deterministic=self._deterministic,
            durations=self._durations,
        )

    def _warn_about_cpu(self, seconds_per_work: float) -> None:
        # durations of real clips, kept from an earlier run, are better than the warm-up's
        if self._durations.denoise is None:
            self._durations.denoise = seconds_per_work
        warning = cpu_warning(self._durations)
        if warning is not None:
            log.warning(warning)

    def _ready(self) -> EngineParts:
        if self._lost is not None:
            raise self._lost
        if self._parts is None:
            raise EngineUnavailable("The engine has not been loaded.")
        return self._parts
