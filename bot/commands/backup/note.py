"""What the data folder knows of its last backup: when and where it was made, and when verified."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.folders import LAST_BACKUP
from generation.domain.backup import LastBackup
from generation.protocol.disk import write_private

_MAX_BYTES: Final = 64 * 1024
"""A note has one of about 300 bytes; what is larger is none."""


class _Note(BaseModel):
    """The file, as this version and earlier ones write it."""

    model_config = ConfigDict(frozen=True)

    made_at: AwareDatetime
    folder: str
    file: str = ""
    bytes: int | None = Field(default=None, ge=0)
    verified_at: AwareDatetime | None = None


def note_backup(data_dir: Path, path: Path, made_at: datetime) -> None:
    """Note a backup that was just made. Raises OSError."""
    path = path.absolute()
    size = path.stat().st_size
    note = _Note(made_at=made_at, folder=str(path.parent), file=path.name, bytes=size)
    _write(data_dir, note)


def note_verified(data_dir: Path, path: Path, made_at: datetime, now: datetime) -> None:
    """Note that a backup is sound, if it is the last one: the same moment, wherever the file is
    by now. Raises OSError."""
    note = _read(data_dir)
    if note is not None and note.made_at == made_at:
        _write(data_dir, note.model_copy(update={"verified_at": now, "bytes": path.stat().st_size}))


def last_backup(data_dir: Path) -> LastBackup | None:
    """The last backup of a data folder; None where none is known."""
    note = _read(data_dir)
    if note is None:
        return None
    verified = None if note.verified_at is None else note.verified_at.astimezone(UTC)
    return LastBackup(
        note.made_at.astimezone(UTC), str(Path(note.folder, note.file)), note.bytes, verified
    )


def backup_folder(data_dir: Path) -> Path | None:
    """Where the last backup was written."""
    note = _read(data_dir)
    return None if note is None else Path(note.folder)


def _read(data_dir: Path) -> _Note | None:
    try:
        with (data_dir / LAST_BACKUP).open("rb") as file:
            return _Note.model_validate_json(file.read(_MAX_BYTES))
    except (OSError, ValidationError):
        return None


def _write(data_dir: Path, note: _Note) -> None:
    write_private(data_dir / LAST_BACKUP, json.dumps(note.model_dump(mode="json")).encode())
