"""The file in the data folder into which the watchdog writes the stacks of a worker that hangs."""

from pathlib import Path
from typing import Final

HANG_FILE: Final = "hang.txt"
"""Every thread's stack at the moment of a hang; empty while there was none."""
LAST_HANG_FILE: Final = "last-hang.txt"
"""The report of the last hang, kept for the operator."""


def has_hung(folder: Path) -> bool:
    """Whether the last worker on that folder was ended by its watchdog."""
    path = folder / HANG_FILE
    return path.is_file() and path.stat().st_size > 0
