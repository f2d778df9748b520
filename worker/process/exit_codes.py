"""How a worker ended: what its exit code says."""

from enum import IntEnum


class WorkerExit(IntEnum):
    """Why a worker ended (numbers of ``sysexits.h`` where there are any)."""

    STOPPED = 0
    FAILED = 1
    ENGINE_UNAVAILABLE = 69
    DEVICE_LOST = 70
    DATA_IN_USE = 75
    UNUSABLE = 78
