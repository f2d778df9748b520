"""Uploaded files: received in one piece or in parts, kept for a while, readable by those who have
the URL."""

import asyncio
import hashlib
import re
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from generation.protocol.clock import Clock
from generation.protocol.disk import make_folder
from worker.render.clip_storage import ClipStorage, raising_storage_full
from worker.store import StoredUpload, UploadStore
from worker.uploads.metadata import UploadMetadata

MAX_PENDING_AGE: Final = timedelta(hours=1)
MAX_PENDING: Final = 64
"""Unfinished uploads of one owner."""
MAX_FILES: Final = 10_000
"""Complete uploads of one owner: even a small one takes a file on disk and an entry in memory."""
MAX_PARTS: Final = 10_000
_BUFFER: Final = 2**20  # bytes
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{32}\.[a-z0-9]{1,8}")


class UploadBytesExceeded(Exception):
    """The owner's uploads would take more than they may; ``allowed`` in bytes."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class TooManyUploads(Exception):
    """The owner has as many uploads as it may, unfinished or complete; the message says which."""


class UploadPartsMissing(Exception):
    """Parts were named that have not arrived, or whose ETags differ."""


class UploadBusy(Exception):
    """The same part, or the whole file, is being written by another call."""


@dataclass(slots=True)
class PendingUpload:
    """An unfinished upload. ``ticket`` is the secret that allows writing it, ``name`` its file's
    public name."""

    metadata: UploadMetadata
    ticket: str
    name: str
    begun_at: datetime
    parts: dict[int, tuple[str, int]] = field(default_factory=dict)
    writing: set[int] = field(default_factory=set)
    complete: bool = False


class Uploads:
    """One folder of uploaded files. Their bytes count in ``storage``, which bounds all files
    together."""

    def __init__(
        self,
        folder: Path,
        store: UploadStore,
        storage: ClipStorage,
        *,
        max_bytes: int,
        seconds: float,
        clock: Clock,
        max_files: int = MAX_FILES,
    ) -> None:
        self._folder = folder
        self._store = store
        self._storage = storage
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._clock = clock
        self._pending: dict[str, PendingUpload] = {}
        self._max_files = max_files
        self._used: dict[str, int] = {}
        self._file_counts: Counter[str] = Counter()

    async def open(self) -> None:
        """Create the folder; remove the files of unfinished uploads."""
        known = await self._store.names()
        self._used = await self._store.bytes_by_owner()
        self._file_counts = Counter(await self._store.count_by_owner())
        # counted even beyond the limit: the files are there
        self._storage.count(await asyncio.to_thread(_remove_unknown, self._folder, known))

    def begin(self, metadata: UploadMetadata) -> PendingUpload:
        """Begin an upload. Raises TooManyUploads for an owner with too many."""
        if len(self._unfinished(metadata.owner)) >= MAX_PENDING:
            raise TooManyUploads(
                f"This key has {MAX_PENDING} unfinished uploads, as many as it may"
            )
        self._check_count(metadata.owner, 1)
        # the name is public with the URL, the ticket never is
        name = secrets.token_urlsafe(24) + metadata.suffix
        pending = PendingUpload(metadata, secrets.token_urlsafe(24), name, self._clock.now())
        self._pending[pending.ticket] = pending
        return pending

    def pending(self, ticket: str) -> PendingUpload | None:
        """The unfinished upload that this ticket allows to write."""
        return self._pending.get(ticket)

    async def receive(self, pending: PendingUpload, chunks: AsyncIterator[bytes]) -> None:
        """Receive the whole file at once, which completes the upload; a complete one ignores what
        comes after that.

        Raises UploadBytesExceeded, StorageFull, UploadBusy.
        """
        if not pending.complete:
            _, size = await self._write(pending, 0, chunks)
            await self._publish(pending, [self._part(pending, 0)], size)

    async def receive_part(
        self, pending: PendingUpload, number: int, chunks: AsyncIterator[bytes]
    ) -> str:
        """Receive one part, numbered from 1, and return its ETag; a part that comes again replaces
        the earlier one. Raises TooManyUploads too."""
        # its bytes are given back before the new ones are counted
        if number in pending.parts:
            self._delete_part(pending, number)
        # the first part takes the place that the upload itself was counted with
        self._check_count(pending.metadata.owner, 1 if pending.parts else 0)
        part = await self._write(pending, number, chunks)
        pending.parts[number] = part
        return part[0]

    async def join(self, pending: PendingUpload, parts: Sequence[tuple[int, str]]) -> None:
        """Join the named parts by their numbers, which completes the upload. Raises
        UploadPartsMissing, UploadBusy."""
        if pending.complete:
            return
        named, arrived = dict(parts), {number: etag for number, (etag, _) in pending.parts.items()}
        if not named or len(named) < len(parts) or not named.items() <= arrived.items():
            raise UploadPartsMissing
        # one of the named parts may be being replaced
        if pending.writing:
            raise UploadBusy
        # parts that the caller does not name are not part of the file
        for extra in set(pending.parts) - set(named):
            self._delete_part(pending, extra)
        # from here on the parts belong to the whole, which gives their bytes back if it fails
        size = sum(size for _, size in pending.parts.values())
        files = [self._part(pending, number) for number in sorted(named)]
        pending.parts.clear()
        await self._publish(pending, files, size)

    async def find(self, name: str) -> tuple[StoredUpload, Path] | None:
        """A complete upload and its file."""
        if not _NAME.fullmatch(name):
            return None
        upload = await self._store.find(name)
        path = self._folder / name
        return (
            (upload, path)
            if upload is not None and upload.expires_at > self._clock.now() and path.is_file()
            else None
        )

    async def remove_expired(self) -> None:
        """Delete expired uploads, and those that were begun and not completed in time."""
        for upload in await self._store.delete_expired(self._clock.now()):
            await asyncio.to_thread(_delete, self._folder / upload.name)
            self._release(upload.owner, upload.size)
            self._file_counts[upload.owner] -= 1
        # complete ones too: their tickets are not needed after an hour
        for pending in list(self._pending.values()):
            if pending.begun_at + MAX_PENDING_AGE <= self._clock.now() and not pending.writing:
                del self._pending[pending.ticket]
                for number in list(pending.parts):
                    self._delete_part(pending, number)

    def _unfinished(self, owner: str) -> list[PendingUpload]:
        return [
            one
            for one in self._pending.values()
            if one.metadata.owner == owner and not one.complete
        ]

    def _check_count(self, owner: str, more: int) -> None:
        """Raise TooManyUploads for more files than the owner may have: complete ones, and the parts
        of the others."""
        unfinished = sum(max(len(pending.parts), 1) for pending in self._unfinished(owner))
        if self._file_counts[owner] + unfinished + more > self._max_files:
            raise TooManyUploads(f"This key has {self._max_files} uploads, as many as it may")

    async def _publish(self, pending: PendingUpload, files: Sequence[Path], size: int) -> None:
        """Complete the upload: from now on it can be read."""
        metadata, now, whole = pending.metadata, self._clock.now(), self._folder / pending.name
        seconds = (
            self._seconds if metadata.seconds is None else min(metadata.seconds, self._seconds)
        )
        expires = now + timedelta(seconds=seconds)
        stored = StoredUpload(
            pending.name,
            metadata.owner,
            metadata.media_type,
            metadata.file_name,
            size,
            now,
            expires,
        )
        # number 0: no part may arrive while they are joined
        with self._writing(pending, 0):
            try:
                with raising_storage_full():
                    await asyncio.to_thread(_join, files, whole)
                # the file first, then its row: a row without a file would be a broken URL
                await self._store.add(stored)
            except BaseException:
                for file in (*files, whole):
                    _delete(file)
                self._release(metadata.owner, size)
                raise
            pending.complete = True
            self._file_counts[metadata.owner] += 1

    async def _write(
        self, pending: PendingUpload, number: int, chunks: AsyncIterator[bytes]
    ) -> tuple[str, int]:
        """Write what arrives; returns its ETag and size. Nothing is left of a part that is too
        large or breaks off."""
        owner, size, path = pending.metadata.owner, 0, self._part(pending, number)
        digest, buffer = hashlib.sha256(), bytearray()
        with self._writing(pending, number):
            try:
                with raising_storage_full(), path.open("wb") as file:
                    async for chunk in chunks:
                        # before the bytes are kept, so that the limit holds at every moment
                        self._reserve(owner, len(chunk))
                        size += len(chunk)
                        digest.update(chunk)
                        buffer += chunk
                        # chunks are small: a thread for each would cost more than the write
                        if len(buffer) >= _BUFFER:
                            await asyncio.to_thread(file.write, bytes(buffer))
                            buffer.clear()
                    await asyncio.to_thread(file.write, bytes(buffer))
            except BaseException:
                _delete(path)
                self._release(owner, size)
                raise
        return f'"{digest.hexdigest()[:32]}"', size

    @contextmanager
    def _writing(self, pending: PendingUpload, number: int) -> Iterator[None]:
        """No other call writes that part during the block; number 0, the whole file, excludes all
        parts."""
        if (
            pending.complete
            or number in pending.writing
            or (pending.writing and 0 in {number, *pending.writing})
        ):
            raise UploadBusy
        pending.writing.add(number)
        try:
            yield
        finally:
            pending.writing.discard(number)

    def _reserve(self, owner: str, size: int) -> None:
        if self._used.get(owner, 0) + size > self._max_bytes:
            raise UploadBytesExceeded(self._max_bytes)
        self._storage.reserve(size)
        self._used[owner] = self._used.get(owner, 0) + size

    def _release(self, owner: str, size: int) -> None:
        self._storage.release(size)
        self._used[owner] = self._used.get(owner, 0) - size

    def _delete_part(self, pending: PendingUpload, number: int) -> None:
        _, size = pending.parts.pop(number)
        _delete(self._part(pending, number))
        self._release(pending.metadata.owner, size)

    def _part(self, pending: PendingUpload, number: int) -> Path:
        return self._folder / f"{pending.name}.{number}.part"


def _remove_unknown(folder: Path, known: frozenset[str]) -> int:
    make_folder(folder)
    for path in folder.iterdir():
        if path.name not in known:
            path.unlink(missing_ok=True)
    return sum(path.stat().st_size for path in folder.iterdir())


def _join(parts: Sequence[Path], whole: Path) -> None:
    """Append all parts to the first one, which gets the name of the whole file."""
    unfinished = parts[0]
    with unfinished.open("ab") as file:
        for part in parts[1:]:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, _BUFFER)
            part.unlink()
    unfinished.rename(whole)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
