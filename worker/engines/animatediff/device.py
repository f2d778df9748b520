"""The device that renders: which one, how much memory it has, and how far ahead of it the CPU may run."""

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import torch

from worker.engine import EngineUnavailable

STEPS_AHEAD: Final = 1
"""Steps that may be launched before an earlier one is done: keeps the GPU busy, and progress and cancel honest."""


@dataclass(slots=True)
class Device:
    """One torch device; events and streams exist on CUDA only, elsewhere every call has finished when it returns."""

    name: str
    _launched: deque[Any] = field(default_factory=deque)

    @classmethod
    def pick(cls, name: str | None) -> "Device":
        """The named device, else CUDA where there is one, else the CPU.

        Raises:
            EngineUnavailable: a device was named that is not there.
        """
        if name is None:
            return cls("cuda" if torch.cuda.is_available() else "cpu")
        try:
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError) as error:
            raise EngineUnavailable(
                f"The device {name} is not there. Look at the driver, or leave the device out to use what there is."
            ) from error
        return cls(name)

    @property
    def is_cuda(self) -> bool:
        """Whether this is an NVIDIA (or ROCm) GPU."""
        return self.name.startswith("cuda")

    @property
    def title(self) -> str:
        """Its name for people."""
        return str(torch.cuda.get_device_name(self.name)) if self.is_cuda else self.name.upper()

    def dtype(self, name: str | None) -> Any:
        """The torch dtype of that name; None picks bfloat16 on CUDA and float32 elsewhere."""
        return getattr(torch, name or ("bfloat16" if self.is_cuda else "float32"))

    @property
    def layout(self) -> dict[str, Any]:
        """How `Module.to` is to lay weights out: channels last is what CUDA's convolutions like."""
        return {"memory_format": torch.channels_last} if self.is_cuda else {}

    def free_bytes(self) -> int:
        """Memory that a forward could take now, what torch holds in reserve included."""
        if self.is_cuda:
            free, _ = torch.cuda.mem_get_info(self.name)
            return int(free) + int(torch.cuda.memory_reserved(self.name) - torch.cuda.memory_allocated(self.name))
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def total_bytes(self) -> int:
        """All the memory the device has."""
        if self.is_cuda:
            return int(torch.cuda.mem_get_info(self.name)[1])
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def now(self) -> Any:
        """A mark between the work before and the work after it; only good for :meth:`seconds_between`."""
        if not self.is_cuda:
            return time.perf_counter()
        mark = torch.cuda.Event(enable_timing=True)
        mark.record()
        return mark

    def seconds_between(self, begin: Any, end: Any) -> float:
        """The device's time between two marks that it has passed."""
        return float(begin.elapsed_time(end) / 1000 if self.is_cuda else end - begin)

    def pace(self, begun: Any, took: Callable[[float], None]) -> None:
        """End a step that began at a mark, and wait until no more than :data:`STEPS_AHEAD` steps are open.

        `took` is told the device's seconds of the step when they are known, at once or some steps later.
        """
        self._launched.append((begun, self.now(), took))
        while len(self._launched) > (STEPS_AHEAD if self.is_cuda else 0):
            begin, end, tell = self._launched.popleft()
            if self.is_cuda:
                end.synchronize()
            tell(self.seconds_between(begin, end))

    def synchronize(self) -> None:
        """Wait until everything launched is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.name)

    def peak_bytes(self) -> int | None:
        """The most memory torch has held since :meth:`forget_peak`; None where nobody counts."""
        return int(torch.cuda.max_memory_allocated(self.name)) if self.is_cuda else None

    def forget_peak(self) -> None:
        """Begin a new peak."""
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats(self.name)
