"""How a worker ended: what its exit code says, and what a watchdog leaves behind in its data folder."""

from enum import IntEnum
from pathlib import Path
from typing import Final

HANG_FILE: Final = "hang.txt"
"""What every thread of a worker that hung was doing; empty while none has."""


class WorkerExit(IntEnum):
    """Why a worker ended (numbers of ``sysexits.h`` where there are any)."""

    STOPPED = 0
    FAILED = 1
    ENGINE_UNAVAILABLE = 69
    DEVICE_LOST = 70
    DATA_IN_USE = 75
    NO_KEY = 78


def has_hung(folder: Path) -> bool:
    """Whether the worker that last worked in the folder was ended by its watchdog."""
    path = folder / HANG_FILE
    return path.is_file() and path.stat().st_size > 0
