"""The device that renders: its memory, its clock, and how far ahead of it the CPU may run."""

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
import torch

from worker.engine import EngineUnavailable
from worker.engines.animatediff import cards

log = structlog.get_logger("flipbook.engine")

STEPS_AHEAD: Final = 1
"""Steps that may be launched before an earlier one is done: enough to keep the GPU busy, few enough
that progress and cancelling are not late."""


@dataclass(slots=True)
class Device:
    """One torch device. Only CUDA has events and streams; elsewhere a call that returns is done."""

    name: str
    _launched: deque[Any] = field(default_factory=deque)

    @classmethod
    def pick(cls, name: str | None) -> "Device":
        """The named device, or CUDA where there is a GPU, or the CPU where there is none.

        Raises:
            EngineUnavailable: the named device does not exist, or there is a GPU that torch cannot
                use: rendering on the CPU instead has to be asked for.
        """
        if name is None:
            _check(cards.why_no_gpu())
            name = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            # the only way to learn whether a device exists is to use it
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError) as error:
            raise EngineUnavailable(
                f"The device {name} is not there. Look at the driver, or leave the device out "
                "to use what there is."
            ) from error
        device = cls(name)
        _check(cards.why_not_supported(name) if device.is_cuda else None)
        return device

    @property
    def is_cuda(self) -> bool:
        """Whether this is an NVIDIA (or ROCm) GPU."""
        return self.name.startswith("cuda")

    @property
    def title(self) -> str:
        """Its name for people, such as ``NVIDIA H200`` or ``CPU``."""
        return str(torch.cuda.get_device_name(self.name)) if self.is_cuda else self.name.upper()

    def dtype(self, name: str | None) -> Any:
        """The torch dtype of that name; None picks what suits the GPU, and float32 elsewhere.

        Raises:
            EngineUnavailable: the GPU cannot compute in that dtype.
        """
        if self.is_cuda and name == "bfloat16":
            _check(cards.why_no_bfloat16(self.name))
        return getattr(torch, name or (cards.best_dtype(self.name) if self.is_cuda else "float32"))

    def describe(self, dtype: Any) -> None:
        """Log what a GPU is and computes with, and warn where it will be slow or short of
        memory."""
        if not self.is_cuda:
            return
        attention = cards.attention_of(self.name, dtype)
        log.info("the GPU", name=self.title, dtype=str(dtype), attention=attention)
        if attention == "plain":
            log.warning("this GPU has no fused attention: clips take twice the memory or more")
        if dtype is not torch.float32 and cards.is_slow_in_half(self.name):
            log.warning("this GPU is older than tensor cores: clips take many times as long")

    @property
    def layout(self) -> dict[str, Any]:
        """The memory layout, for `Module.to`: CUDA convolves faster in channels last."""
        return {"memory_format": torch.channels_last} if self.is_cuda else {}

    def free_bytes(self) -> int:
        """Bytes that a forward could take now, torch's own reserve included."""
        if self.is_cuda:
            # torch keeps freed blocks: the driver counts them as used, though torch can reuse them
            free, _ = torch.cuda.mem_get_info(self.name)
            return int(free) + int(
                torch.cuda.memory_reserved(self.name) - torch.cuda.memory_allocated(self.name)
            )
        # pages, not psutil: one number needs no dependency
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def total_bytes(self) -> int:
        """All the device's memory, in bytes."""
        if self.is_cuda:
            return int(torch.cuda.mem_get_info(self.name)[1])
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def others_bytes(self) -> int:
        """Bytes of a GPU that torch does not hold in this process: other programs', and the context
        of CUDA itself."""
        if not self.is_cuda:
            return 0
        free, total = torch.cuda.mem_get_info(self.name)
        return max(0, int(total) - int(free) - int(torch.cuda.memory_reserved(self.name)))

    def pinned(self, tensor: Any) -> Any:
        """That tensor where a GPU can fetch it without making the CPU wait; itself elsewhere."""
        return tensor.pin_memory() if self.is_cuda else tensor

    def mark(self) -> Any:
        """A mark between the work before and after it, for :meth:`seconds_between`."""
        # CPU work is done when the call returns: the clock is a mark
        if not self.is_cuda:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def seconds_between(self, begin: Any, end: Any) -> float:
        """The device's time between two marks that it has reached."""
        return float(begin.elapsed_time(end) / 1000 if self.is_cuda else end - begin)

    def end_step(self, begun: Any, on_seconds: Callable[[float], None]) -> None:
        """End a step that began at a mark; wait until at most :data:`STEPS_AHEAD` steps are open.

        `on_seconds` gets the device's seconds of the step once they are known: at once on a CPU,
        some steps later on CUDA.
        """
        # without the wait Python would queue many steps, and cancelling would come too late
        self._launched.append((begun, self.mark(), on_seconds))
        while len(self._launched) > (STEPS_AHEAD if self.is_cuda else 0):
            begin, end, report = self._launched.popleft()
            if self.is_cuda:
                end.synchronize()
            report(self.seconds_between(begin, end))

    def synchronize(self) -> None:
        """Wait until everything launched is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.name)

    def peak_bytes(self) -> int | None:
        """The most bytes torch has held since :meth:`forget_peak`; None off CUDA."""
        return int(torch.cuda.max_memory_allocated(self.name)) if self.is_cuda else None

    def forget_peak(self) -> None:
        """Reset the peak that :meth:`peak_bytes` counts."""
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats(self.name)


def _check(reason: str | None) -> None:
    if reason is not None:
        raise EngineUnavailable(reason)
