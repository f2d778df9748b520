"""The file that a backup is: a plain tar of the database, the keys and the clips, with a manifest
of their hashes as its last member. A file that was cut off has no manifest."""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.protocol.disk import flush

DATABASE: Final = "flipbook.db"
KEYS: Final = ("secret.key", "worker.key")
MANIFEST: Final = "manifest.json"
CLIPS: Final = "clips"
_FORMAT: Final = 1
_MAX_MANIFEST_BYTES: Final = 256 * 1024 * 1024
"""A million clips have one of about 120 MB."""
_CHUNK_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(
    rf"{re.escape(DATABASE)}|{'|'.join(map(re.escape, KEYS))}|{CLIPS}/[A-Za-z0-9_-]{{1,64}}\.mp4"
)


class BackupUnusable(Exception):
    """A backup that is no backup, is cut off or damaged; its text is for the operator."""


class SavedFile(BaseModel):
    """A file of the backup, as it was saved."""

    model_config = ConfigDict(frozen=True)

    bytes: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """What a backup holds. ``missing`` are clips that the database knows and that were gone."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    version: str
    made_at: datetime
    files: dict[str, SavedFile]
    missing: tuple[str, ...] = ()
    clips_kept_elsewhere: bool = False


@dataclass
class ArchiveWriter:
    """Adds files to a backup that is being written; see :func:`writing`."""

    tar: tarfile.TarFile
    files: dict[str, SavedFile] = field(default_factory=dict)

    def add(self, path: Path, name: str) -> None:
        """Add a file. Raises FileNotFoundError where it is gone."""
        # what is open stays whole even if it is deleted meanwhile
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            hashed = _Hashed(file)
            self.tar.addfile(info, hashed)
        self.files[name] = SavedFile(bytes=info.size, sha256=hashed.digest)

    def finish(self, version: str, missing: list[str], *, clips_kept_elsewhere: bool) -> Manifest:
        """Write the manifest, the last member."""
        manifest = Manifest(
            version=version,
            made_at=datetime.now(UTC),
            files=self.files,
            missing=tuple(missing),
            clips_kept_elsewhere=clips_kept_elsewhere,
        )
        text = manifest.model_dump_json().encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(text), 0o600
        self.tar.addfile(info, io.BytesIO(text))
        return manifest


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Within, a backup is written; afterwards it survives a power cut. Only its owner can read it:
    it holds keys and prompts. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        yield ArchiveWriter(tar)
    flush(path)


def unpack(path: Path, folder: Path, *, wanted: Collection[str] | None = None) -> Manifest:
    """Read a backup from end to end, compare every file with its manifest, and write those that
    are wanted into ``folder`` (all of them by default).

    Raises BackupUnusable, naming the files that differ.
    """
    found: dict[str, SavedFile] = {}
    manifest: Manifest | None = None
    with _tar_errors(path), tarfile.open(path, mode="r:") as tar:
        for member in tar:
            if manifest is not None or member.name in found or not member.isreg():
                raise BackupUnusable(f"{path} was not made by Flipbook: {member.name[:100]!r}")
            content = tar.extractfile(member)
            assert content is not None  # noqa: S101 - a regular file has content
            if member.name == MANIFEST:
                manifest = _manifest(path, content)
            else:
                # also against paths that lead out of the folder
                if not _NAME.fullmatch(member.name):
                    raise BackupUnusable(f"{path} was not made by Flipbook: {member.name[:100]!r}")
                keep = wanted is None or member.name in wanted
                found[member.name] = _copied(content, folder / member.name if keep else None)
    if manifest is None:
        raise BackupUnusable(f"{path} has no manifest: it was cut off. Take an older backup.")
    _compare(path, manifest.files, found)
    return manifest


def _manifest(path: Path, content: IO[bytes]) -> Manifest:
    text = content.read(_MAX_MANIFEST_BYTES + 1)
    try:
        if len(text) > _MAX_MANIFEST_BYTES:
            raise ValueError
        if json.loads(text).get("format") != _FORMAT:
            raise BackupUnusable(f"{path} was made by another version of Flipbook.")
        return Manifest.model_validate_json(text)
    except (ValueError, ValidationError, AttributeError) as error:
        raise BackupUnusable(f"The manifest of {path} cannot be read.") from error


def _copied(content: IO[bytes], target: Path | None) -> SavedFile:
    digest, size = hashlib.sha256(), 0
    with _created(target) if target is not None else nullcontext() as file:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            if file is not None:
                file.write(chunk)
    return SavedFile(bytes=size, sha256=digest.hexdigest())


def _created(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _compare(path: Path, saved: Mapping[str, SavedFile], found: Mapping[str, SavedFile]) -> None:
    wrong = sorted(name for name in saved.keys() | found if saved.get(name) != found.get(name))
    if wrong:
        named = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise BackupUnusable(f"{path} is damaged: {named} differs from what was saved.")
    if DATABASE not in saved:
        raise BackupUnusable(f"{path} holds no database.")


class _Hashed(io.RawIOBase):
    """Reads a file and hashes what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._file.read(size)
        self._hash.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read."""
        return self._hash.hexdigest()


@contextmanager
def _tar_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        raise BackupUnusable(
            f"{path} is no backup, or it was cut off ({error}). Take an older one."
        ) from error
