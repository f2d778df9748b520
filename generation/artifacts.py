"""Where finished clips are kept: a folder on this machine, or an object store by URL
(``s3://bucket/path``)."""

import asyncio
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from generation.domain.job import Artifact, JobId
from generation.protocol.clock import Clock, SystemClock
from generation.protocol.disk import NO_ROOM, disk_errors, flush, in_thread, make_folder
from generation.protocol.errors import ArtifactError, ArtifactMissing, StorageFull

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\.mp4")
_LEFTOVER: Final = re.compile(r".+\.mp4#\d+")
"""How obstore names a file that it has not finished."""
_LEFTOVER_SECONDS: Final = 3600
_FULL: Final = tuple(f"(os error {number})" for number in NO_ROOM)
"""What obstore's error says when the disk is full; it has no error number."""
_CHUNK_BYTES: Final = 1024 * 1024
_CHECKED: Final = b"flipbook"


class ObjectArtifacts:
    """A :class:`generation.ports.ArtifactStore` on obstore.

    ``where`` is a folder (made if needed) or a URL that obstore knows; credentials come from the
    environment as that store's own tools read them. Opening a folder removes the half-written files
    of writers that were killed an hour ago or earlier. obstore's blocking calls run in threads: its
    own asynchronous ones can abort the interpreter at its end. ``patience`` bounds each call to a
    store elsewhere; without it obstore tries for three minutes.
    """

    def __init__(
        self, where: Path | str, *, clock: Clock | None = None, patience: timedelta | None = None
    ) -> None:
        folder = _folder_of(where)
        self._folder = folder
        with _store_errors():
            if folder is not None:
                make_folder(folder)
            self._store: ObjectStore = (
                _store_at(str(where), patience) if folder is None else LocalStore(folder)
            )
        if folder is not None:
            now = (clock or SystemClock()).now()
            _remove_leftovers(folder, older_than=now.timestamp() - _LEFTOVER_SECONDS)

    async def save(self, job_id: JobId, source: Path) -> Artifact:
        """Raises ArtifactError, StorageFull among them. Saving again replaces the file in one
        step."""
        key = f"{job_id}.mp4"
        # a key that we did not make might name a file elsewhere
        if not _KEY.fullmatch(key):
            raise ArtifactError("not a job's id")
        return Artifact(key, await in_thread(self._put, key, source))

    @asynccontextmanager
    async def checkout(self, artifact: Artifact) -> AsyncIterator[Path]:
        """In a folder the kept file itself (do not write to it), else a copy. Raises
        ArtifactMissing, StorageFull."""
        if not _KEY.fullmatch(artifact.key):
            raise ArtifactMissing(artifact.key)
        if self._folder is not None:
            path = self._folder / artifact.key
            if not await asyncio.to_thread(path.is_file):
                raise ArtifactMissing(artifact.key)
            yield path
            return
        with disk_errors():
            # making the folder may fail on a full disk as well
            copies = tempfile.TemporaryDirectory(prefix="flipbook-")
        with copies as folder:
            path = Path(folder, artifact.key)
            await in_thread(self._get, artifact.key, path)
            yield path

    @property
    def folder(self) -> Path | None:
        """The folder, where clips are kept on this machine."""
        return self._folder

    async def check(self) -> None:
        """Write a file, read it, delete it. Raises ArtifactError, StorageFull among them."""
        with tempfile.TemporaryDirectory(prefix="flipbook-") as folder:
            source = Path(folder, "check.mp4")
            await asyncio.to_thread(source.write_bytes, _CHECKED)
            artifact = await self.save(JobId(f"check-{secrets.token_hex(8)}"), source)
            try:
                async with self.checkout(artifact) as path:
                    if await asyncio.to_thread(path.read_bytes) != _CHECKED:
                        raise ArtifactError("what was written there is not what is read")
            finally:
                await self.delete(artifact)

    async def delete(self, artifact: Artifact) -> None:
        """Deleting what is gone is fine."""
        if _KEY.fullmatch(artifact.key):
            await asyncio.to_thread(self._delete, artifact.key)

    def _put(self, key: str, source: Path) -> int:
        with _store_errors():
            size = source.stat().st_size
            obstore.put(self._store, key, source)
            if self._folder is not None:
                # a clip that is recorded as kept must survive a power cut
                flush(self._folder / key)
                flush(self._folder)
        return size

    def _get(self, key: str, destination: Path) -> None:
        with _store_errors(missing=key), destination.open("wb") as file:
            for chunk in obstore.get(self._store, key).stream(min_chunk_size=_CHUNK_BYTES):
                file.write(chunk)

    def _delete(self, key: str) -> None:
        try:
            with _store_errors(missing=key):
                obstore.delete(self._store, key)
        except ArtifactMissing:
            return


def _store_at(url: str, patience: timedelta | None) -> ObjectStore:
    if patience is None or url.startswith("memory:"):
        return from_url(url)
    return from_url(url, retry_config={"max_retries": 1, "retry_timeout": patience})


def _folder_of(where: Path | str) -> Path | None:
    """The folder, where it is one on this machine."""
    if isinstance(where, Path) or "://" not in where:
        return Path(where).absolute()
    parts = urlsplit(where)
    return Path(unquote(parts.path)).absolute() if parts.scheme == "file" else None


def _remove_leftovers(folder: Path, *, older_than: float) -> None:
    """Remove half-written files; younger ones may belong to another process."""
    for path in folder.iterdir():
        if _LEFTOVER.fullmatch(path.name) and path.lstat().st_mtime < older_than:
            path.unlink(missing_ok=True)


@contextmanager
def _store_errors(missing: str | None = None) -> Iterator[None]:
    """Translate what obstore and the file system raise; ``missing`` is the key whose absence is
    ArtifactMissing."""
    try:
        with disk_errors():
            try:
                yield
            except FileNotFoundError as error:
                if missing is None:
                    raise
                raise ArtifactMissing(missing) from error
    except BaseError as error:
        text = str(error)
        # obstore's errors carry no code, only text
        kind = StorageFull if any(sign in text for sign in _FULL) else ArtifactError
        raise kind(text.partition("\n")[0][:300]) from error
