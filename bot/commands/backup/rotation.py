"""Backups in a folder: each under the moment it was made, and the oldest removed."""

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"flipbook-\d{8}T\d{6}Z\.tar")
"""Sorted by name they are sorted by age."""


def dated(folder: Path, now: datetime) -> Path:
    """The file for a backup that is made now; ``now`` is in UTC."""
    return folder / f"flipbook-{now:%Y%m%dT%H%M%S}Z.tar"


def remove_oldest(folder: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups that have such a name; other files are never
    touched. Returns those that are gone."""
    made = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = made[: max(0, len(made) - keep)]
    for path in old:
        with suppress(FileNotFoundError):
            path.unlink()
    return old
