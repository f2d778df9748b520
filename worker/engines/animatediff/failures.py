"""Translates what torch raises into the engine's errors, in one place."""

from typing import Final

import structlog
import torch

from worker.engine import DeviceLost, EngineError, OutOfMemory

log = structlog.get_logger("flipbook.engine")

_LOST: Final = (
    "cuda error",
    "hip error",
    "cudnn_status_execution_failed",
    "cublas_status_execution_failed",
    "cublas_status_internal_error",
    "device-side assert",
    "illegal memory access",
    "no cuda gpus are available",
    "cuda driver",
    "unspecified launch failure",
)
"""Parts of messages after which every later call on the device fails too: its context is broken."""
_OUT_OF_MEMORY: Final = (
    "out of memory",
    "cublas_status_alloc_failed",
    "can't allocate memory",
    "not enough memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the device or the CPU; the device still works afterwards."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and _mentions(error, _OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Whether the device is gone or its context broken."""
    # "CUDA error: out of memory" begins like a lost device, so memory is asked first
    return (
        isinstance(error, RuntimeError) and not is_out_of_memory(error) and _mentions(error, _LOST)
    )


def _mentions(error: BaseException, words: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(word in text for word in words)


def translated(error: Exception, *, doing: str) -> EngineError:
    """The engine's error for what torch raised; `doing` says during what, for the log."""
    # raised by the engine itself: its sentence is better
    if isinstance(error, EngineError):
        return error
    if is_device_lost(error):
        log.error("the device was lost", doing=doing, reason=first_line(error))
        return DeviceLost(
            "The GPU stopped answering. The worker has to start again; "
            "if this comes back, look at the GPU's driver, temperature and power."
        )
    if is_out_of_memory(error):
        return OutOfMemory(
            "There was not enough memory for this clip, even alone and in the smallest pieces. "
            "A smaller size or fewer frames will fit."
        )
    log.error("the engine failed on a clip", doing=doing, exc_info=error)
    return EngineError(
        "The engine failed on this clip; the worker's log says more. Other clips are not affected."
    )


def in_short(error: Exception) -> str:
    """An error's message in one line of at most 300 characters, or its class name."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class name where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def free_device_memory() -> None:
    """Give torch's cached memory back to the device; slow, so only after memory ran out."""
    # on a CPU the allocator frees at once
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
